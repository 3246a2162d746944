import Foundation

/// Files that describe others (configurations, tables, vocabularies, manifests), read whole.
///
/// Such a file comes from strangers like all others: a device or a named pipe in its place would never end, and a file
/// of gigabytes would fill the memory before anybody saw that it is no configuration.
public enum SmallFile {
  /// Ten times the largest that models are published with.
  public static let usualLimit = 64 << 20

  /// The file's contents. Throws a `Problem` with the system's reason, and with `advice`, when it cannot be opened, is no
  /// file, or holds more than `limit` bytes.
  public static func read(
    _ path: String, limit: Int = usualLimit, advice: String = "check the path and its permissions"
  ) throws -> Data {
    func failure(_ reason: String) -> Problem { Problem("cannot read \(path): \(reason)", advice: advice) }
    // Without O_NONBLOCK, opening a named pipe would wait for a writer for ever.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
    guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
    let file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failure(String(cString: strerror(errno))) }
    guard status.st_mode & S_IFMT == S_IFREG else { throw failure("it is not a file") }
    guard status.st_size <= limit else {
      throw failure("it is \(status.st_size) bytes, at most \(limit) are expected of such a file")
    }
    do {
      return try file.read(upToCount: Int(status.st_size)) ?? Data()
    } catch {
      throw failure(error.localizedDescription)
    }
  }
}
