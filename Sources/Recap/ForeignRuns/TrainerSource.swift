import Engine
import Foundation

/// `trainer_state.json`, in which the Trainer of transformers keeps what it logged: all of it, anew at each checkpoint.
struct TrainerState: Equatable {
  static let name = "trainer_state.json"

  let step: Int
  let plannedSteps: Int?
  let entries: [Entry]

  struct Entry: Equatable {
    let step: Int
    let values: [String: Double]
  }

  init(contentsOf path: String) throws {
    let json = try JSON(
      parsing: [UInt8](SmallFile.read(path, advice: "give the folder that the Trainer writes")), file: path,
      takesNonFinite: true)
    guard let step = json["global_step"]?.integer, let log = json["log_history"]?.elements else {
      throw Problem(
        "cannot read \(path): it has no global_step and log_history",
        advice: "expected the trainer_state.json that the Trainer of transformers writes beside its checkpoints")
    }
    self.step = step
    plannedSteps = json["max_steps"]?.integer.flatMap { $0 > 0 ? $0 : nil }
    entries = log.compactMap { Entry($0) }
  }

  /// The name under which the Trainer gives the same value to TensorBoard and wandb.
  static func tag(_ name: String) -> String {
    let kind = ["eval", "test"].first { name.hasPrefix($0 + "_") }
    return ForeignTag.clean(kind.map { $0 + "/" + name.dropFirst($0.count + 1) } ?? "train/" + name)
  }
}

extension TrainerState.Entry {
  fileprivate init?(_ json: JSON) {
    guard let members = json.members, let step = json["step"]?.integer else { return nil }
    let values = members.filter { $0.name != "step" }.compactMap { member in
      member.value.double.map { (TrainerState.tag(member.name), $0) }
    }
    self.init(step: step, values: Dictionary(values) { $1 })
  }
}

/// The folder that the Trainer writes: its state, in the folder or in its newest checkpoint, and event files, where it
/// keeps some. These grow at each logging, so that the run is followed by them where there are any.
struct TrainerSource: ForeignSource {
  private let path: String
  private var events: EventFilesSource?
  private var state: TrainerState?
  private var read: [String: timespec] = [:]
  /// The Trainer's last entry, once all steps are done.
  private var finish: (step: Int, seconds: Double)?
  private(set) var remarks: [String] = []

  /// - Parameter path: a folder, or a state.
  init(_ path: String) { self.path = path }

  mutating func readNew() throws -> [LogEntry] {
    let old = state?.entries ?? []
    try readState()
    if events == nil, let folder = eventFolder { events = EventFilesSource(folder) }
    var entries: [LogEntry]
    if let following = try events?.readNew() {
      entries = following
    } else {
      let new = state?.entries ?? []
      let same = zip(old, new).prefix { $0 == $1 }.count
      entries = new.dropFirst(same).map { .scalars(ScalarReport(step: $0.step, values: $0.values)) }
    }
    for case .scalars(let report) in entries {
      if let finish, report.step > finish.step { self.finish = nil }
      if let seconds = report.values["train/train_runtime"] { finish = (report.step, seconds) }
    }
    if let finish, !entries.isEmpty { entries.append(.finished(step: finish.step, seconds: finish.seconds)) }
    return entries
  }

  private mutating func readState() throws {
    remarks = []
    var last: Problem?
    for place in places {
      var status = stat()
      guard stat(place, &status) == 0 else { continue }
      if let known = read[place], known.tv_sec == status.st_mtim.tv_sec, known.tv_nsec == status.st_mtim.tv_nsec {
        continue
      }
      do {
        let new = try TrainerState(contentsOf: place)
        read[place] = status.st_mtim
        guard let state, state.step > new.step || state.step == new.step && state.entries.count > new.entries.count
        else {
          state = new
          continue
        }
      } catch {
        // It is written anew at this moment, perhaps.
        last = Problem(error)
      }
    }
    if let last {
      guard state != nil || events != nil else { throw last }
      remarks = [last.message]
    }
  }

  /// Where the newest state may lie.
  private var places: [String] {
    guard URL(filePath: path).lastPathComponent != TrainerState.name else { return [path] }
    return ([Self.checkpoints(in: path).last].compactMap(\.self).map { "\(path)/\($0)" } + [path]).map {
      $0 + "/" + TrainerState.name
    }
  }

  /// Its checkpoints, the newest last.
  static func checkpoints(in path: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    func step(_ name: String) -> Int? { name.hasPrefix("checkpoint-") ? Int(name.dropFirst(11)) : nil }
    return names.compactMap { name in step(name).map { ($0, name) } }.sorted { $0 < $1 }.map(\.1)
  }

  /// The folder of its newest event files: by default `runs/TIME_MACHINE`.
  private var eventFolder: String? {
    let files = FileManager.default
    guard !TensorBoardFile.paths(in: path).isEmpty else {
      let names = (try? files.contentsOfDirectory(atPath: path + "/runs")) ?? []
      return names.map { "\(path)/runs/\($0)" }.filter { !TensorBoardFile.paths(in: $0).isEmpty }.max { one, other in
        begun(one) < begun(other)
      }
    }
    return path
  }

  /// The name of its first event file, which starts with the time.
  private func begun(_ folder: String) -> String {
    TensorBoardFile.paths(in: folder).first.map { URL(filePath: $0).lastPathComponent } ?? ""
  }

  var paths: [String] { places + (events?.paths ?? []) }
  var plannedSteps: Int? { state?.plannedSteps }

  var facts: [(name: String, value: String)] {
    let checkpoints = Self.checkpoints(in: path)
    return (events?.facts ?? [])
      + (checkpoints.isEmpty ? [] : [("checkpoints", checkpoints.joined(separator: ", ").shown)])
  }
}
