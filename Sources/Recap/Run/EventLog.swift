import Engine
import Foundation

/// The writing end of a run's log, `log.jsonl`: one JSON object a line, each appended with one write.
///
/// The log is the run's truth: everything else can be made from it. One process may write it at a time: it holds locks on the
/// log's folder, which no copy of the log gets round, and on the log itself, which older versions look at.
public final class EventLog {
  public private(set) var path: String
  private let folder: LockedFile
  private let file: LockedFile
  /// Whether the file system gives files numbers that stay: some network file systems do not.
  private let isKnownByNumber: Bool
  /// What had become of the log when it was opened.
  let notices: [Problem]

  /// Makes an empty log; throws a `Problem` if there is one already.
  static func create(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DurableFile.cannotWrite(path) }
    close(descriptor)
  }

  /// Opens a log to go on with it. What a crash left at its end is removed, and a log that is lost begins anew.
  public init(appendingTo path: String) throws {
    self.path = path
    folder = try LockedFile(Self.folder(of: path), O_RDONLY | O_DIRECTORY)
    let isLost = access(path, F_OK) != 0 && errno == ENOENT
    file = try LockedFile(path, O_RDWR | O_APPEND | (isLost ? O_CREAT : 0))
    isKnownByNumber = file.isAt(path)
    let whole = try SmallFile.read(path, limit: EventLogReader.longest)
    let end = LogLines.soundCount(whole)
    let torn = whole.count - end
    notices =
      (isLost ? [Problem("the log \(path) was lost: a new one begins")] : [])
      + (torn > 0 ? [Problem("the log ended in \(torn.counted("byte")) that a crash had cut short: removed")] : [])
    if torn > 0 { try truncate(to: end) }
  }

  private static func folder(of path: String) -> String { URL(fileURLWithPath: path).deletingLastPathComponent().path }

  /// Whether a process has this log open to write it, be it at work, paused or suspended; nil where the file system knows
  /// no locks: then only the time of the last entry counts.
  static func isBeingWritten(_ path: String) -> Bool? {
    let holders = [folder(of: path), path].map(LockedFile.holder)
    return holders.contains(.someone) ? true : holders.contains(.unknown) ? nil : false
  }

  /// Appends one line. Evaluations, checkpoints and the end are synced to the disk before this returns.
  public func append(_ entry: LogEntry) throws {
    let line = try RunJSON.line(entry) + Data("\n".utf8)
    let end = Int(lseek(file.descriptor, 0, SEEK_END))
    let written = line.withUnsafeBytes { write(file.descriptor, $0.baseAddress, $0.count) }
    guard written == line.count else {
      let problem = DurableFile.cannotWrite(path, written < 0 ? String(cString: strerror(errno)) : "the disk is full")
      // Half a line in the middle of the log would make it unreadable.
      try truncate(to: end)
      throw problem
    }
    if entry.isMilestone { try sync() }
  }

  public func sync() throws { try DurableFile.sync(file.descriptor, path) }

  private func truncate(to end: Int) throws {
    guard ftruncate(file.descriptor, off_t(end)) == 0 else { throw DurableFile.cannotWrite(path) }
  }

  // MARK: - A log that others move or remove

  /// Whether what is written is still found at the path.
  var isInPlace: Bool { !isKnownByNumber || file.isAt(path) }
  var isFolderInPlace: Bool { folder.isAt(Self.folder(of: path)) }
  /// Where its folder is now; nil if it was removed.
  var folderPath: String? { folder.currentPath }

  /// All that was written, even if the log was removed since.
  func contents() throws -> Data { try file.contents(limit: EventLogReader.longest) }

  /// Lets another log take its place.
  func unlock() {
    file.unlock()
    folder.unlock()
  }

  /// Its folder has been moved, and the log with it.
  func follow(to folder: String) { path = folder + "/" + URL(fileURLWithPath: path).lastPathComponent }
}
