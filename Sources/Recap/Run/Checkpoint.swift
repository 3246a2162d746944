import Engine
import Foundation

/// A point from which a run can go on as if it had never stopped: `checkpoint-N/` in the run's folder.
///
/// It holds one safetensors file for each group of tensors (`model`, `visual_proj`, `optimizer`), `state.json` (what
/// the trainer needs besides: step, stage, position in the data, seed) and the manifest.
///
/// ```swift
/// try Checkpoint.write(to: folder, step: 100, tensors: ["model": weights, "optimizer": moments], state: position)
/// if let last = try Checkpoint.latest(in: folder) { try optimizer.restore(last.tensors("optimizer"), name: last.name) }
/// ```
public struct Checkpoint: Equatable, Sendable {
  public let step: Int
  public let path: String
  private let files: [String]

  /// Opens the checkpoint in the folder `path` and checks every file; throws a `Problem` that names what is damaged.
  public init(opening path: String) throws {
    guard FileManager.default.fileExists(atPath: path + "/" + CheckpointManifest.fileName) else {
      throw Problem(
        "cannot open the checkpoint \(path): it holds no manifest.json, so it was never completed",
        advice: "use an earlier checkpoint of the run")
    }
    let manifest = try CheckpointManifest(reading: path)
    try manifest.verify(in: path)
    (step, self.path, files) = (manifest.step, path, manifest.files.map(\.name))
  }

  /// The folder's name: `checkpoint-100`.
  public var name: String { URL(fileURLWithPath: path).lastPathComponent }

  /// The file `group`.safetensors, opened: what optimizers and models restore themselves from.
  public func tensors(_ group: String) throws -> SafetensorsFile {
    let file = group + ".safetensors"
    guard files.contains(file) else {
      throw CheckpointManifest.damaged(path, "it holds no \(file), only \(files.joined(separator: ", ").shown)")
    }
    return try SafetensorsFile(path + "/" + file)
  }

  /// What was handed to `write` as state.
  public func state<State: Decodable>(as type: State.Type = State.self) throws -> State {
    do {
      return try RunJSON.decoder.decode(type, from: try SmallFile.read(path + "/" + Checkpoint.stateFile))
    } catch let error as DecodingError {
      throw CheckpointManifest.damaged(path, "state.json: \(RunJSON.reason(error))")
    }
  }

  /// Writes `checkpoint-step` into a run's folder. One of the same step is replaced.
  ///
  /// `tensors`: file (without extension) → tensor name → tensor.
  @discardableResult
  public static func write(
    to run: RunFolder, step: Int, tensors: [String: [String: Tensor]], state: some Encodable
  ) throws -> Checkpoint {
    try write(at: "\(run.path)/checkpoint-\(step)", step: step, tensors: tensors, state: state)
  }

  /// The same at any path: under a temporary name, synced, then renamed.
  @discardableResult
  static func write(
    at path: String, step: Int, tensors: [String: [String: Tensor]], state: some Encodable
  ) throws -> Checkpoint {
    precondition(tensors.keys.allSatisfy { !$0.contains("/") && $0 != "" }, "no file names: \(tensors.keys)")
    let temporary = DurableFile.temporaryName(for: path)
    do {
      try removeIfThere(temporary)
      try FileManager.default.createDirectory(atPath: temporary, withIntermediateDirectories: false)
    } catch {
      throw DurableFile.cannotWrite(path, error.systemReason)
    }
    do {
      for (group, values) in tensors {
        let entries = values.map { SafetensorsWriter.Entry.floats($0.key, $0.value.detached()) }
        try SafetensorsWriter(entries).write(to: "\(temporary)/\(group).safetensors")
      }
      try DurableFile.write(try RunJSON.pretty(state), to: temporary + "/" + stateFile)
      let names = tensors.keys.map { $0 + ".safetensors" } + [stateFile]
      let manifest = try CheckpointManifest(step: step, files: names, in: temporary)
      try DurableFile.write(try RunJSON.pretty(manifest), to: temporary + "/" + CheckpointManifest.fileName)
      try putInPlace(temporary, at: path)
      return Checkpoint(step: step, path: path, files: manifest.files.map(\.name))
    } catch {
      // The folder is unfinished and would only take space; `error` says what went wrong.
      try? FileManager.default.removeItem(atPath: temporary)
      throw error
    }
  }

  private init(step: Int, path: String, files: [String]) { (self.step, self.path, self.files) = (step, path, files) }

  /// The complete checkpoints of a run, first to last, unchecked: open one to know that it is whole.
  public static func steps(in run: RunFolder) throws -> [Int] {
    let names: [String]
    do {
      names = try FileManager.default.contentsOfDirectory(atPath: run.path)
    } catch {
      throw Problem("cannot read \(run.path): \(error.systemReason)", advice: "check its permissions")
    }
    return names.compactMap { name -> Int? in
      let manifest = "\(run.path)/\(name)/\(CheckpointManifest.fileName)"
      return FileManager.default.fileExists(atPath: manifest) ? step(ofFolder: name) : nil
    }.sorted()
  }

  /// 100 of `checkpoint-100`; nil for other names.
  static func step(ofFolder name: String) -> Int? {
    guard name.hasPrefix("checkpoint-"), let step = Int(name.dropFirst("checkpoint-".count)), step >= 0 else {
      return nil
    }
    return step
  }

  /// The last complete checkpoint; nil when there is none. Throws when it is damaged.
  public static func latest(in run: RunFolder) throws -> Checkpoint? {
    try steps(in: run).last.map { try Checkpoint(opening: "\(run.path)/checkpoint-\($0)") }
  }

  /// The last checkpoint that is whole, and what is wrong with those after it; nil when the run has none. Throws when it has
  /// some and none is whole.
  public static func latestWhole(in run: RunFolder) throws -> (checkpoint: Checkpoint?, damage: [Problem]) {
    var damage: [Problem] = []
    for step in try steps(in: run).reversed() {
      do {
        return (try Checkpoint(opening: "\(run.path)/checkpoint-\(step)"), damage)
      } catch let problem as Problem {
        damage.append(problem)
      }
    }
    guard let first = damage.first else { return (nil, []) }
    throw Problem(
      "no checkpoint of the run \(run.path) is whole: \(first.message)",
      advice: "restore one from a copy, or delete them all to begin again")
  }

  // MARK: - Replacing

  /// A folder cannot be renamed onto a full one, so an older one of the same step is set aside first.
  private static func putInPlace(_ temporary: String, at path: String) throws {
    let old = DurableFile.temporaryName(for: path + replaced)
    let replaces = FileManager.default.fileExists(atPath: path)
    if replaces { try DurableFile.rename(path, to: old) }
    try DurableFile.rename(temporary, to: path)
    try DurableFile.syncFolder(of: path)
    if replaces { try removeOwn(old) }
  }

  private static let replaced = ".replaced"

  /// Whether `name`, which a crash left, is a checkpoint that was set aside. It gets its name again, unless that has a new one.
  static func restoreReplaced(_ name: String, _ whole: String, in folder: String) throws -> Bool {
    guard whole.hasSuffix(replaced), step(ofFolder: String(whole.dropLast(replaced.count))) != nil else { return false }
    let path = "\(folder)/\(whole.dropLast(replaced.count))"
    if FileManager.default.fileExists(atPath: path) {
      try removeOwn(folder + "/" + name)
    } else {
      try DurableFile.rename(folder + "/" + name, to: path)
    }
    return true
  }

  /// Removes a checkpoint that a later one replaces.
  static func remove(_ step: Int, of run: RunFolder) throws {
    let path = "\(run.path)/checkpoint-\(step)"
    let temporary = DurableFile.temporaryName(for: path)
    guard try isOwn(path) else { return }
    try DurableFile.rename(path, to: temporary)
    try removeIfThere(temporary)
  }

  private static func removeOwn(_ path: String) throws { if try isOwn(path) { try removeIfThere(path) } }

  /// Whether a checkpoint's folder holds nothing that somebody else put there.
  private static func isOwn(_ path: String) throws -> Bool {
    try FileManager.default.contentsOfDirectory(atPath: path).allSatisfy {
      $0.hasSuffix(".safetensors") || [stateFile, CheckpointManifest.fileName].contains($0)
    }
  }

  private static let stateFile = "state.json"

  private static func removeIfThere(_ path: String) throws {
    if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
  }
}
