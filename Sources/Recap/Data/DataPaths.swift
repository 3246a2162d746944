import Engine
import Foundation

/// What a person gives as data, in the field's notations, as paths of folders and files.
public enum DataPaths {
  public static let advice = "give folders with PNG, JPEG or WebP files, or webdataset tars"

  /// The parts of `a::b`. What exists under the whole name is that.
  ///
  /// Throws a `Problem` for what only webdataset's own loader can open: commands and addresses.
  public static func separated(_ text: String) throws -> [String] {
    guard FileName(text).status == nil else { return [text] }
    let parts = text.components(separatedBy: "::").filter { !$0.isEmpty }
    for part in parts where FileName(part).status == nil {
      let isCommand = part.hasPrefix("pipe:")
      guard isCommand || part.contains("://") else { continue }
      throw Problem(
        "cannot read images from \(part): it is \(isCommand ? "a command, and nothing is executed" : "an address")",
        advice: "download the shards first and give their paths")
    }
    return parts
  }

  /// All that a part stands for: itself, or the names of its brace lists and patterns (`*`, `?`, `[…]`), each of them in
  /// its list's order or sorted. What exists under exactly its name is that.
  ///
  /// Throws a `Problem` when nothing fits. Single files of a brace list may be missing.
  static func expanded(_ part: String) throws -> [FileName] {
    guard FileName(part).status == nil else { return [FileName(part)] }
    let listed = try BraceList.expanded(part)
    let found = listed.flatMap { name -> [FileName] in
      FileName(name).status == nil && isPattern(name) ? fitting(name) : [FileName(name)]
    }
    guard let first = found.first else {
      throw Problem("no file or folder fits \(part)", advice: "check the pattern; * stands for any letters but /")
    }
    guard found.contains(where: { $0.status != nil }) else {
      throw Problem(
        "cannot read images from \(part): there is no such folder or file"
          + (found.count > 1 ? ", nor any other of the \(found.count.grouped), as \(first.text)" : ""),
        advice: advice)
    }
    return found
  }

  /// Whether a name is a pattern of `glob`; a bracket that nothing closes is a letter like others.
  public static func isPattern(_ name: String) -> Bool { name.contains(/[*?]|\[.+\]/) }

  private static func fitting(_ pattern: String) -> [FileName] {
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(pattern, GLOB_NOSORT, nil, &found) == 0 else { return [] }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { FileName(cString: $0) } }.sorted()
  }
}
