import Foundation
import Glibc

/// Opens what should be a file and may be anything.
public enum RegularFile {
  /// The file to read, and its size. Throws a `Problem` with the system's reason, and with `advice`, when it cannot be
  /// opened or is no file: a device or a named pipe in its place would never end.
  public static func open(
    _ path: String, advice: String = "check the path and its permissions"
  ) throws -> (handle: FileHandle, size: Int) {
    try open(FileName(path), advice: advice)
  }

  /// The same by a name that need not be UTF-8.
  public static func open(_ name: FileName, advice: String) throws -> (handle: FileHandle, size: Int) {
    func failure(_ reason: String) -> Problem { Problem("cannot read \(name.text): \(reason)", advice: advice) }
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    let descriptor = Glibc.open(name.cString, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("it is not a file") }
    return (handle, Int(status.st_size))
  }
}

/// Files that describe others (configurations, tables, vocabularies, manifests), read whole.
///
/// Such a file is as untrusted as all others: one of gigabytes would fill the memory before it shows that it
/// is no configuration.
public enum SmallFile {
  /// Ten times the largest that models are published with.
  public static let usualLimit = 64 << 20

  /// The file's contents. Throws a `Problem` as `RegularFile` does, and when there are more than `limit` bytes.
  public static func read(
    _ path: String, limit: Int = usualLimit, advice: String = "check the path and its permissions"
  ) throws -> Data {
    let (file, size) = try RegularFile.open(path, advice: advice)
    guard size <= limit else {
      throw Problem(
        "cannot read \(path): it is \(size) bytes, at most \(limit) are expected of such a file", advice: advice)
    }
    do {
      return try file.read(upToCount: size) ?? Data()
    } catch {
      throw Problem("cannot read \(path): \(error.systemReason)", advice: advice)
    }
  }
}
