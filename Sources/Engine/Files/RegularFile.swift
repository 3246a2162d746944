import Foundation
import Glibc

/// Opens what should be a file and may be anything.
public enum RegularFile {
  /// The file to read, and its size. Throws a `Problem` with the system's reason, and with `advice`, when it cannot be
  /// opened or is no file: a device or a named pipe in its place would never end.
  public static func open(
    _ path: String, advice: String = "check the path and its permissions"
  ) throws -> (handle: FileHandle, size: Int) {
    func failure(_ reason: String) -> Problem { Problem("cannot read \(path): \(reason)", advice: advice) }
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("it is not a file") }
    return (handle, Int(status.st_size))
  }
}
