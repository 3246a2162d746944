import Engine
import Foundation

/// A run that another program trains or trained, as that program records it: its scalars and pictures become entries of a
/// log, and new ones follow while it goes.
///
/// ```swift
/// guard var run = try ForeignRun(recognizing: "runs/first") else { … }
/// while true { for entry in run.readNew() { … } }
/// ```
public struct ForeignRun: Sendable {
  /// What recorded it.
  public enum Program: String, Encodable, Sendable {
    case tensorBoard = "TensorBoard event files"
    case trainer = "Trainer of transformers"
    case wandb = "wandb, offline"
  }

  /// A file or folder.
  public let path: String
  public let program: Program
  private var source: any ForeignSource
  public private(set) var history = RunHistory()
  /// Why nothing could be read the last time.
  public private(set) var problem: Problem?

  /// nil where the path holds nothing of another program, or a run of this one.
  public static func kind(of path: String) -> Program? {
    func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + name) }
    let name = URL(filePath: path).lastPathComponent
    guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
      guard FileManager.default.fileExists(atPath: path) else { return nil }
      if TensorBoardFile.isName(name) { return .tensorBoard }
      if name == TrainerState.name { return .trainer }
      return name.hasSuffix(WandbSource.suffix) ? .wandb : nil
    }
    if has("run.json") { return nil }
    if names.contains(where: { $0.hasSuffix(WandbSource.suffix) }) { return .wandb }
    if has(TrainerState.name)
      || TrainerSource.checkpoints(in: path).contains(where: { has("\($0)/" + TrainerState.name) })
    {
      return .trainer
    }
    return names.contains(where: TensorBoardFile.isName) ? .tensorBoard : nil
  }

  /// Throws a `Problem` when it is one and cannot be read.
  public init?(recognizing path: String) throws {
    guard let program = Self.kind(of: path) else { return nil }
    (self.path, self.program) = (path, program)
    source =
      switch program {
      case .tensorBoard: EventFilesSource(path)
      case .trainer: TrainerSource(path)
      case .wandb: try WandbSource(path)
      }
    for entry in try source.readNew() { history.add(entry) }
    if history.scalars.isEmpty, let damage = source.remarks.first {
      throw Problem(
        "cannot read \(path.withoutControlCharacters()): \(damage)",
        advice: "it is no record of a run, or one that was damaged: copy it again")
    }
  }

  /// What came since the last reading.
  public mutating func readNew() -> [LogEntry] {
    do {
      let entries = try source.readNew()
      problem = nil
      for entry in entries { history.add(entry) }
      return entries
    } catch {
      problem = Problem(error)
      return []
    }
  }

  /// The folder's own name, safe to print.
  public var name: String { URL(filePath: path).lastPathComponent.withoutControlCharacters() }

  /// Steps in all, where the program says so.
  public var plannedSteps: Int? { source.plannedSteps }

  /// What else the program says of the run.
  public var facts: [(name: String, value: String)] { source.facts }

  /// What is wrong with its files, a sentence each.
  public var remarks: [String] {
    let full = history.scalars.series.count >= ScalarHistory.mostTags
    return source.remarks + (full ? ["it has more than \(ScalarHistory.mostTags) tags: the others are left out"] : [])
  }

  /// When its files were last written to.
  public var lastNews: Date? { source.paths.compactMap(Self.written).max() }

  /// Seconds without news after which it is no longer said to be live.
  public static let patience = 120.0

  public enum Status: Equatable, Sendable {
    case live
    case finished
    case failed(String)
    /// Its program has ended, or records nothing for a while: the files do not say which.
    case silent(seconds: Double)
  }

  public func status(now: Date = Date()) -> Status {
    switch history.phase {
    case .finished: return .finished
    case .failed: return .failed(history.reason ?? "an error ended it")
    case .going, .paused, .stopped: break
    }
    let silence = lastNews.map { now.timeIntervalSince($0) } ?? .infinity
    return silence < Self.patience ? .live : .silent(seconds: silence)
  }

  private static func written(_ path: String) -> Date? {
    var status = stat()
    guard stat(path, &status) == 0 else { return nil }
    return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
  }
}

extension ForeignRun.Status: CustomStringConvertible {
  public var description: String {
    switch self {
    case .live: "live"
    case .finished: "finished"
    case .failed(let reason): "failed: \(reason.withoutControlCharacters())"
    case .silent(let seconds): "no news for \(seconds.durationText): ended, or between two entries"
    }
  }
}

/// The files of a program, read as they grow.
protocol ForeignSource: Sendable {
  mutating func readNew() throws -> [LogEntry]
  /// All that it reads.
  var paths: [String] { get }
  var remarks: [String] { get }
  var facts: [(name: String, value: String)] { get }
  var plannedSteps: Int? { get }
}

enum ForeignTag {
  /// A tag as a person may see it: on one line, not endless, without what steers terminals.
  static func clean(_ tag: String) -> String {
    let text = tag.unicodeScalars.count > 200 ? String(tag.unicodeScalars.prefix(200)) + "…" : tag
    return text.withoutControlCharacters()
  }
}
