import Engine
import Foundation

/// The writing end of a run's log, `log.jsonl`: one JSON object a line, each appended with one write.
///
/// The log is the run's truth: everything else can be made from it. One process may write it at a time.
public final class EventLog {
  public let path: String
  private let descriptor: Int32

  /// Makes an empty log; throws a `Problem` if there is one already.
  static func create(_ path: String) throws {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DurableFile.cannotWrite(path) }
    close(descriptor)
  }

  /// Opens a log to go on with it. A last line that a crash cut off is removed.
  public init(appendingTo path: String) throws {
    self.path = path
    descriptor = open(path, O_RDWR | O_APPEND | O_CLOEXEC)
    guard descriptor >= 0 else { throw DurableFile.cannotWrite(path) }
    guard EventLog.lock(descriptor) else {
      throw Problem(
        "cannot write \(path): another process is writing this run",
        advice: "watch it with `diva-tui RUN`, or end that process before you resume the run")
    }
    let whole = try SmallFile.read(path, limit: EventLogReader.longest)
    let end = whole.lastIndex(of: UInt8(ascii: "\n")).map { $0 + 1 } ?? 0
    if end < whole.count { try truncate(to: end) }
  }

  deinit { close(descriptor) }

  /// Whether a process has this log open to write it, be it at work, paused or suspended.
  ///
  /// False also where the file system knows no locks: then only the time of the last entry counts.
  static func isBeingWritten(_ path: String) -> Bool {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    return flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK
  }

  /// Some network file systems know no locks; there it is the user who must not write a run twice.
  private static func lock(_ descriptor: Int32) -> Bool {
    // Whoever asks `isBeingWritten` holds a lock for some microseconds, and that is no second writer.
    for _ in 0..<5 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return true }
      usleep(5000)
    }
    return false
  }

  /// Appends one line. Evaluations, checkpoints and the end are synced to the disk before this returns.
  public func append(_ entry: LogEntry) throws {
    let line = try RunJSON.line(entry) + Data("\n".utf8)
    let end = Int(lseek(descriptor, 0, SEEK_END))
    let written = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard written == line.count else {
      let problem = DurableFile.cannotWrite(path, written < 0 ? String(cString: strerror(errno)) : "the disk is full")
      // Half a line in the middle of the log would make it unreadable.
      try truncate(to: end)
      throw problem
    }
    if entry.isMilestone { try sync() }
  }

  public func sync() throws {
    guard fsync(descriptor) == 0 else { throw DurableFile.cannotWrite(path) }
  }

  private func truncate(to end: Int) throws {
    guard ftruncate(descriptor, off_t(end)) == 0 else { throw DurableFile.cannotWrite(path) }
  }
}
