import Foundation

/// Files that describe others (configurations, tables, vocabularies, manifests), read whole.
///
/// Such a file comes from strangers like all others: one of gigabytes would fill the memory before anybody saw that it
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
