import Engine
import Foundation

/// A run that wandb recorded on disk: `offline-run-…/run-ID.wandb`, with pictures in `files/media` beside it.
///
/// Of wandb's `wandb_internal.proto`: a record's history (2), run (17) and exit (18). Rows are at the step of their
/// `global_step`, as transformers and Lightning log it, or else of wandb's own `_step`.
struct WandbSource: ForeignSource {
  static let suffix = ".wandb"

  private let folder: String
  private var records: WandbRecords
  private var strange = 0
  private var run: (project: String, name: String, id: String)?
  private var settings: [(String, String)] = []
  /// The last step of the trainer's own counting; nil where it does not count.
  private var globalStep: Int?
  private var lastStep = 0
  private var seconds = 0.0

  /// - Parameter path: the run's folder, or its log.
  ///
  /// Throws a `Problem` when the folder holds several logs.
  init(_ path: String) throws {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    let logs = names.filter { $0.hasSuffix(Self.suffix) }.sorted()
    guard logs.count <= 1 else {
      throw Problem(
        "cannot read \(path): it holds \(logs.count) logs of wandb, expected one",
        advice: "name one of them: \(path)/\(logs[0])")
    }
    let log = logs.first.map { path + "/" + $0 } ?? path
    (records, folder) = (WandbRecords(log), logs.isEmpty ? URL(filePath: path).deletingLastPathComponent().path : path)
  }

  mutating func readNew() throws -> [LogEntry] {
    var (source, entries) = (self, [LogEntry]())
    // What is read of the records belongs to the same value as they do.
    var records = records
    try records.readNew { record in
      do { entries += try source.entries(record) } catch { source.strange += 1 }
    }
    source.records = records
    self = source
    return entries
  }

  private mutating func entries(_ bytes: ArraySlice<UInt8>) throws -> [LogEntry] {
    let record = try ProtobufFields.all(bytes)
    if let history = record[2]?.bytes { return try row(WandbRow(history)) }
    if let about = record[17]?.bytes { try introduce(about) }
    if let exit = record[18]?.bytes {
      let code = Int32(truncatingIfNeeded: try ProtobufFields.all(exit)[1]?.integer ?? 0)
      return [
        code == 0 ? .finished(step: lastStep, seconds: seconds) : .failed(step: lastStep, message: "exit code \(code)")
      ]
    }
    return []
  }

  private mutating func introduce(_ bytes: ArraySlice<UInt8>) throws {
    let fields = try ProtobufFields.all(bytes)
    func text(_ number: Int) -> String { String(decoding: fields[number]?.bytes ?? [], as: UTF8.self).shown }
    run = (text(3), text(8), text(1))
    guard let config = fields[4]?.bytes else { return }
    for item in try ProtobufFields.all(config)[all: 1].compactMap(\.bytes) {
      let (key, value) = try WandbRow.item(item)
      guard !key.hasPrefix("_wandb"), let value, settings.count < 100 else { continue }
      settings.removeAll { $0.0 == key }
      settings.append((key, value.compact.shown))
    }
  }

  private mutating func row(_ row: WandbRow) -> [LogEntry] {
    globalStep = row.globalStep ?? globalStep
    let step = globalStep ?? row.step
    (lastStep, seconds) = (step, row.values["_runtime"]?.double ?? seconds)
    var scalars: [String: Double] = [:]
    for (key, value) in row.values where row.isScalar(key) {
      if let number = WandbRow.number(value) { scalars[ForeignTag.clean(key)] = number }
    }
    let report = ScalarReport(step: step, values: scalars, time: row.values["_timestamp"]?.double)
    return (scalars.isEmpty ? [] : [.scalars(report)]) + row.pictures.compactMap { picture($0.tag, $0.path, step) }
  }

  /// nil for a path that leads out of the run.
  private func picture(_ tag: String, _ path: String, _ step: Int) -> LogEntry? {
    guard !path.hasPrefix("/"), !path.split(separator: "/").contains("..") else { return nil }
    let file = folder + "/files/" + path
    var status = stat()
    let bytes = stat(file, &status) == 0 ? Int(status.st_size) : 0
    return .picture(PictureReport(step: step, tag: ForeignTag.clean(tag), file: file, offset: 0, bytes: bytes))
  }

  var paths: [String] { [records.path] }
  var plannedSteps: Int? { nil }

  var facts: [(name: String, value: String)] {
    let about = run.map { [("run", "\($0.name), project \($0.project), \($0.id)")] } ?? []
    let told = settings.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    return about + (told.isEmpty ? [] : [("settings", String(told.prefix(600)))])
  }

  var remarks: [String] {
    let name = URL(filePath: records.path).lastPathComponent.shown
    return [
      records.damage.map { "\(name) is read up to there: \($0)" },
      strange > 0 ? "\(name): \(strange.counted("record")) could not be read" : nil,
    ].compactMap(\.self)
  }
}

/// What was logged at once.
struct WandbRow {
  /// By their keys; of keys in each other joined by dots, as wandb shows them.
  private(set) var values: [String: JSON] = [:]
  let step: Int

  /// How trainers call their own count of steps.
  static let globalSteps = ["train/global_step", "trainer/global_step", "global_step"]

  /// - Parameter bytes: a `HistoryRecord`.
  init(_ bytes: ArraySlice<UInt8>) throws {
    let fields = try ProtobufFields.all(bytes)
    for item in fields[all: 1].compactMap(\.bytes) {
      let (key, value) = try Self.item(item)
      if let value { values[key] = value }
    }
    let counted = try fields[2]?.bytes.flatMap { try ProtobufFields.all($0)[1]?.integer } ?? 0
    step = values["_step"]?.integer ?? Int(truncatingIfNeeded: counted)
  }

  /// Neither wandb's own, nor a part of a picture or table.
  func isScalar(_ key: String) -> Bool {
    guard !key.hasPrefix("_"), !Self.globalSteps.contains(key) else { return false }
    return key.lastIndex(of: ".").map { values[key[..<$0] + "._type"] == nil } ?? true
  }

  var globalStep: Int? { Self.globalSteps.lazy.compactMap { values[$0]?.integer }.first }

  /// A key and its value, of a `HistoryItem` or a `ConfigItem`: written as JSON, or as one of protobuf's own types.
  static func item(_ bytes: ArraySlice<UInt8>) throws -> (key: String, value: JSON?) {
    let fields = try ProtobufFields.all(bytes)
    func text(_ value: ProtobufFields.Value) -> String? { value.bytes.map { String(decoding: $0, as: UTF8.self) } }
    let nested = fields[all: 2].compactMap(text)
    let key = nested.isEmpty ? fields[1].flatMap(text) ?? "" : nested.joined(separator: ".")
    if let json = (fields[16] ?? fields[8])?.bytes {
      return (key, try? JSON(parsing: Array(json), file: "a value", takesNonFinite: true))
    }
    // A zigzag number.
    if let integer = fields[5]?.integer {
      return (key, .integer(Int(bitPattern: UInt(integer >> 1)) ^ -Int(integer & 1)))
    }
    return (key, fields[6]?.double.map { .number($0) })
  }

  /// Numbers that are none are logged as text.
  static func number(_ value: JSON) -> Double? {
    if let number = value.double { return number }
    return ["NaN": .nan, "Infinity": .infinity, "-Infinity": -.infinity][value.text ?? ""]
  }

  /// The first picture of each key, and where it lies below `files`.
  var pictures: [(tag: String, path: String)] {
    var found: [(String, String)] = []
    for (key, value) in values {
      if let path = Self.path(type: value["_type"], path: value["path"], names: value["filenames"]) {
        found.append((key, path))
      } else if key.hasSuffix("._type") {
        let tag = String(key.dropLast(6))
        let path = Self.path(type: value, path: values[tag + ".path"], names: values[tag + ".filenames"])
        if let path { found.append((tag, path)) }
      }
    }
    return found.sorted { $0.0 < $1.0 }
  }

  private static func path(type: JSON?, path: JSON?, names: JSON?) -> String? {
    switch type?.text {
    case "image-file": path?.text
    case "images/separated": names?.elements?.first?.text
    default: nil
    }
  }
}
