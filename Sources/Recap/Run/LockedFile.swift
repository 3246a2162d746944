import Engine
import Foundation

/// A file or folder that is held open, and locked against other processes, as long as this lives.
///
/// Some network file systems know no locks; there it is the user who must not write a run twice.
final class LockedFile {
  let descriptor: Int32

  /// Throws a `Problem` when it cannot be opened or another process holds it. `flags` are those of `open`.
  init(_ path: String, _ flags: Int32) throws {
    let descriptor = open(path, flags | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw DurableFile.cannotWrite(path) }
    guard Self.lock(descriptor) else {
      close(descriptor)
      throw Problem(
        "cannot write \(path): another process is writing this run",
        advice: "watch it with `diva-tui RUN`, or end that process before you resume the run")
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  func unlock() { flock(descriptor, LOCK_UN) }

  private static func lock(_ descriptor: Int32) -> Bool {
    // Whoever asks `isLocked` holds a lock for some microseconds, and that is no second writer.
    for _ in 0..<5 {
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK { return true }
      usleep(5000)
    }
    return false
  }

  enum Holder {
    case someone
    /// Surely: its file system keeps the locks of all processes that can reach it.
    case noone
    /// The file system knows no locks, or does not see those of other machines.
    case unknown
  }

  static func holder(_ path: String) -> Holder {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return .unknown }
    defer { close(descriptor) }
    if flock(descriptor, LOCK_SH | LOCK_NB) != 0 { return errno == EWOULDBLOCK ? .someone : .unknown }
    return FileLocks.areComplete(descriptor) ? .noone : .unknown
  }

  /// Whether it is still what others find at the path.
  func isAt(_ path: String) -> Bool {
    var (own, found) = (stat(), stat())
    return fstat(descriptor, &own) == 0 && stat(path, &found) == 0
      && (own.st_dev, own.st_ino) == (found.st_dev, found.st_ino)
  }

  /// Where it has been moved to; nil if it was removed.
  var currentPath: String? {
    let path = try? FileManager.default.destinationOfSymbolicLink(atPath: Self.link(descriptor))
    return path.flatMap { isAt($0) ? $0 : nil }
  }

  /// What it holds, even if it has no name any more.
  func contents(limit: Int) throws -> Data { try SmallFile.read(Self.link(descriptor), limit: limit) }

  private static func link(_ descriptor: Int32) -> String { "/proc/self/fd/\(descriptor)" }
}
