import Engine
import Foundation

/// Files that are there whole or not at all, whatever happens to the machine while they are written.
public enum DurableFile {
  /// Writes `data` under a temporary name, syncs it, then gives it the name `path` in one step.
  public static func write(_ data: Data, to path: String) throws {
    let temporary = temporaryName(for: path)
    let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw cannotWrite(path) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    do {
      try file.write(contentsOf: data)
      try file.synchronize()
      try file.close()
    } catch {
      unlink(temporary)
      throw cannotWrite(path, error.systemReason)
    }
    try rename(temporary, to: path)
    try syncFolder(of: path)
  }

  /// A name beside `path` that no other process uses; `RunFolder` sweeps away what a crash leaves of them.
  static func temporaryName(for path: String) -> String { "\(path).\(getpid()).tmp" }

  static func rename(_ from: String, to path: String) throws {
    guard Glibc.rename(from, path) == 0 else { throw cannotWrite(path) }
  }

  /// Makes a new name in the folder of `path` survive a power cut.
  static func syncFolder(of path: String) throws {
    let folder = URL(fileURLWithPath: path).deletingLastPathComponent().path
    let descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw cannotWrite(folder) }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw cannotWrite(folder) }
  }

  /// `reason` defaults to what the last system call said.
  public static func cannotWrite(
    _ path: String, _ reason: String = String(cString: strerror(errno))
  ) -> Problem {
    Problem("cannot write \(path): \(reason)", advice: "check that the folder exists, is writable and has space left")
  }
}
