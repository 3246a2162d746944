import Engine
import Foundation

/// A run on disk: `run.json` (what it is), `log.jsonl` (what happened), `run.h5` (the same for other tools),
/// `checkpoint-N/` and `tower-N.safetensors.gz`.
///
/// ```swift
/// let folder = try RunFolder.create("runs/first", description)
/// let recorder = try RunRecorder(folder)
/// ```
public struct RunFolder: Equatable, Sendable {
  public let path: String
  public let description: RunDescription

  /// Starts a run in a folder that is new or empty, or holds no more than what a start that failed left; throws a `Problem`
  /// rather than overwrite anything.
  public static func create(_ path: String, _ description: RunDescription) throws -> RunFolder {
    let isNew = try !isFolder(path)
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw DurableFile.cannotWrite(path, error.systemReason)
    }
    // Of two that start at once, one gets the folder.
    let lock = try LockedFile(path, O_RDONLY | O_DIRECTORY)
    defer { withExtendedLifetime(lock) {} }
    let folder = RunFolder(path: path, description: description)
    try folder.clearFailedStart()
    do {
      try EventLog.create(folder.logPath)
      try DurableFile.write(try RunJSON.pretty(description), to: folder.descriptionPath)
    } catch {
      unlink(folder.logPath)
      if isNew { rmdir(path) }
      throw error
    }
    return folder
  }

  private static func isFolder(_ path: String) throws -> Bool {
    guard let isFolder = FileManager.default.isFolder(path) else { return false }
    guard isFolder else {
      throw Problem("cannot start a run in \(path): it is a file", advice: "give a new folder with --out")
    }
    return true
  }

  /// Throws a `Problem` if the folder holds a run, or anything that no failed start of one leaves.
  private func clearFailedStart() throws {
    if FileManager.default.fileExists(atPath: descriptionPath) {
      throw Problem(
        "cannot start a run in \(path): it already holds a run, which would be overwritten",
        advice: "give a new folder with --out, or go on with that run: --resume \(path)")
    }
    var log = stat()
    let isLogEmpty = stat(logPath, &log) == 0 && log.st_size == 0 && log.st_mode & S_IFMT == S_IFREG
    let names = try names()
    let leftovers = names.filter {
      $0 == "log.jsonl" ? isLogEmpty : DurableFile.abandoned($0, countsOwn: true) == "run.json"
    }
    guard leftovers == names else {
      throw Problem("cannot start a run in \(path): the folder is not empty", advice: "give a new folder with --out")
    }
    for name in leftovers { unlink(path + "/" + name) }
  }

  private func names() throws -> [String] {
    do {
      return try FileManager.default.contentsOfDirectory(atPath: path)
    } catch {
      throw Problem("cannot read \(path): \(error.systemReason)", advice: "check its permissions")
    }
  }

  private init(path: String, description: RunDescription) {
    (self.path, self.description) = (path, description)
  }

  /// Opens a run, live or finished; throws a `Problem` when the folder holds none.
  public init(opening path: String) throws {
    guard FileManager.default.isFolder(path) == true else {
      throw Problem(
        "cannot open the run \(path): there is no such folder",
        advice: "a run is the folder that `diva-tui train --out` made")
    }
    let file = path + "/run.json"
    guard FileManager.default.fileExists(atPath: file) else {
      throw Problem(
        "cannot open the run \(path): it holds no run.json",
        advice: "give the run's own folder, not the one above it or a checkpoint in it")
    }
    let contents = try SmallFile.read(file)
    do {
      description = try RunJSON.decoder.decode(RunDescription.self, from: contents)
    } catch {
      throw Problem(
        "cannot open the run \(path): run.json is damaged: \(RunJSON.reason(error))",
        advice: "restore run.json from a copy, or open the run with the version of diva-tui that wrote it")
    }
    self.path = path
  }

  /// The folder's own name, safe to print.
  public var name: String { URL(fileURLWithPath: path).lastPathComponent.withoutControlCharacters() }

  private var descriptionPath: String { path + "/run.json" }
  public var logPath: String { path + "/log.jsonl" }
  public var metricsPath: String { path + "/run.h5" }

  /// All that the log holds.
  public func history() throws -> RunHistory {
    var reader = EventLogReader(logPath)
    return RunHistory(try reader.readNew())
  }

  /// When the log was last written to.
  public func lastNews() throws -> Date {
    var status = stat()
    guard stat(logPath, &status) == 0 else {
      throw Problem(
        "cannot read \(logPath): \(String(cString: strerror(errno)))",
        advice: "the log is the run: restore it, or go on with a new one: train --resume \(path)")
    }
    // Reading a named pipe or a device would never end.
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw Problem("cannot read \(logPath): it is not a file", advice: "the log is the run: restore it")
    }
    return Date(timeIntervalSince1970: Double(status.st_mtim.tv_sec) + Double(status.st_mtim.tv_nsec) / 1e9)
  }

  /// Whether a process has the run open to write it, be it at work or paused; nil where the file system does not say.
  public var isBeingWritten: Bool? { EventLog.isBeingWritten(logPath) }

  public func status(now: Date = Date()) throws -> RunStatus {
    RunStatus(try history().phase, isBeingWritten: isBeingWritten, lastNews: try lastNews(), now: now)
  }

  /// Removes what a crash of this program left half-written, and nothing else. Only for the process that holds the log's lock.
  func removeLeftovers() throws {
    for name in try names() {
      guard let whole = DurableFile.abandoned(name, countsOwn: true) else { continue }
      if try Checkpoint.restoreReplaced(name, whole, in: path) { continue }
      let isOwn =
        ["run.json", "log.jsonl", "run.h5", "test.json", "feedback.json"].contains(whole)
        || Checkpoint.step(ofFolder: whole) != nil || Self.towerStep(ofFile: whole) != nil
      if isOwn { try FileManager.default.removeItem(atPath: path + "/" + name) }
    }
  }

  /// The same run in another place.
  func moved(to path: String) -> RunFolder { RunFolder(path: path, description: description) }
}

/// Whether anything still happens in a run.
public enum RunStatus: Equatable, Sendable {
  case running
  /// A process holds the run and waits for a person to go on.
  case paused
  /// Ended by a person before its last step.
  case stopped
  /// An error ended it.
  case failed
  case finished
  /// Not ended, yet no process has it open to write it; or where that cannot be known, no news for longer than `patience`.
  case presumedCrashed(silentSeconds: Double)

  /// Seconds without news after which a run counts as crashed where locks say nothing.
  public static let patience = 120.0
  /// The same where no process holds the lock: a run that begins has its log before its lock.
  static let shortPatience = 3.0

  /// - Parameter isBeingWritten: nil where that cannot be known.
  init(_ phase: RunHistory.Phase, isBeingWritten: Bool?, lastNews: Date, now: Date) {
    let silence = now.timeIntervalSince(lastNews)
    switch phase {
    case .finished: self = .finished
    case .stopped: self = .stopped
    case .failed: self = .failed
    // A writer that is paused, suspended or busy evaluating gives no news, but its lock on the log is there.
    case .going, .paused:
      let patience = isBeingWritten == false ? Self.shortPatience : Self.patience
      guard isBeingWritten == true || silence < patience else {
        self = .presumedCrashed(silentSeconds: silence)
        return
      }
      self = phase == .paused ? .paused : .running
    }
  }
}

extension RunStatus: CustomStringConvertible {
  /// `running`, `paused`, `stopped`, `failed`, `finished`, `no news for 10 min: presumed crashed`.
  public var description: String {
    switch self {
    case .running: "running"
    case .paused: "paused"
    case .stopped: "stopped"
    case .failed: "failed"
    case .finished: "finished"
    case .presumedCrashed(let seconds): "no news for \(seconds.durationText): presumed crashed"
    }
  }
}
