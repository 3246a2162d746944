import Engine
import Foundation

/// The pictures of folders and webdataset tars by number; nothing is decoded before it is needed.
///
/// Whatever else lies there (captions, JSON) is passed over. Number i is the same picture on every machine: paths in the
/// order given, the files of a folder in the order of their names, members in the order of their tar.
struct Dataset: Sendable {
  private enum Place: Sendable {
    case file(String)
    case member(TarArchive.Member, tar: Int)
  }

  /// Members of tars that cannot be used, and tars that break off.
  private(set) var skipped = SkippedImages()
  private var places: [Place] = []
  private var tars: [TarArchive] = []

  static let extensions = ["png", "jpg", "jpeg", "webp"]

  /// Throws a `Problem` when a path leads nowhere, or to neither a folder nor a tar.
  init(_ paths: [String]) throws {
    for path in try paths.flatMap(Dataset.expanded) { try add(path) }
  }

  var count: Int { places.count }

  func image(_ index: Int) throws -> Image {
    switch places[index] {
    case .file(let path): try Image(contentsOf: URL(filePath: path))
    case .member(let member, let tar):
      try tars[tar].withContents(of: member) { try Image(decoding: $0, named: name(index)) }
    }
  }

  /// "cat.jpg", or "00000.tar: 000000012.jpg".
  func name(_ index: Int) -> String {
    switch places[index] {
    case .file(let path): path
    case .member(let member, let tar): "\(tars[tar].path): \(tars[tar].name(of: member))"
    }
  }

  /// Identifies the picture: changes when another takes its place.
  func stamp(_ index: Int) -> String {
    switch places[index] {
    case .file(let path): FileStamp.stamp(path)
    case .member(let member, let tar): "\(FileStamp.stamp(tars[tar].path)) \(member)"
    }
  }

  private mutating func add(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Problem(
        "cannot read images from \(path): there is no such folder or file",
        advice: "give a folder with PNG, JPEG or WebP files, or webdataset tars")
    }
    guard isFolder.boolValue else { return try add(tar: path) }
    for name in try Dataset.names(in: path) {
      let file = path + "/" + name
      if Dataset.kind(name) == "tar" { try add(tar: file) } else { places.append(.file(file)) }
    }
  }

  private mutating func add(tar path: String) throws {
    let tar = try TarArchive(path) { Dataset.extensions.contains(Dataset.kind($0)) }
    tar.obstacles.forEach { skipped.add($0) }
    places += tar.members.map { .member($0, tar: tars.count) }
    tars.append(tar)
  }

  private static func names(in folder: String) throws -> [String] {
    guard let walk = FileManager.default.enumerator(atPath: folder) else {
      throw Problem("cannot list the folder \(folder)", advice: "check its permissions")
    }
    let wanted = extensions + ["tar"]
    return walk.compactMap { $0 as? String }.filter { wanted.contains(kind($0)) }.sorted()
  }

  private static func kind(_ name: String) -> String { (name as NSString).pathExtension.lowercased() }

  /// A path, or all that fit a pattern with `*`, `?` or `[…]`, sorted; a file of exactly that name goes first.
  private static func expanded(_ path: String) throws -> [String] {
    guard !FileManager.default.fileExists(atPath: path), path.contains(where: { "*?[".contains($0) }) else {
      return [path]
    }
    var found = glob_t()
    defer { globfree(&found) }
    guard glob(path, 0, nil, &found) == 0 else {
      throw Problem("no file or folder fits \(path)", advice: "check the pattern; * stands for any letters but /")
    }
    return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
  }
}
