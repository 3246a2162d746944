import Engine
import Foundation

/// The images and tars below a folder, sorted by the bytes of their paths. Links are followed.
///
/// A folder that several links lead to, itself among its own ones, is visited once.
struct FolderWalk {
  private(set) var files: [FileName] = []
  /// Folders that cannot be listed.
  private(set) var problems: [Problem] = []
  private var visited: Set<[UInt64]> = []

  init(_ folder: FileName) {
    var waiting = [folder]
    while let next = waiting.popLast() { waiting += list(next).sorted(by: >) }
    files.sort()
  }

  /// Takes the files of one folder; returns the folders in it.
  private mutating func list(_ folder: FileName) -> [FileName] {
    guard let facts = folder.status, let stream = opendir(folder.cString) else {
      problems.append(
        Problem(
          "cannot list the folder \(folder.text): \(String(cString: strerror(errno)))", advice: "check its permissions")
      )
      return []
    }
    defer { closedir(stream) }
    guard visited.insert([UInt64(facts.st_dev), UInt64(facts.st_ino)]).inserted else { return [] }
    var folders: [FileName] = []
    while let entry = readdir(stream) {
      let (name, type) = withUnsafePointer(to: &entry.pointee.d_name) { tuple in
        tuple.withMemoryRebound(to: CChar.self, capacity: MemoryLayout.size(ofValue: tuple.pointee)) {
          (FileName(cString: $0), Int32(entry.pointee.d_type))
        }
      }
      guard name != FileName("."), name != FileName(".."), !name.isOfMacArchive else { continue }
      let path = folder.appending(name)
      // Links, and what some file systems do not say.
      let isFolder =
        type == Int32(DT_DIR)
        || ([Int32(DT_LNK), Int32(DT_UNKNOWN)].contains(type) && (path.status?.st_mode ?? 0) & S_IFMT == S_IFDIR)
      if isFolder { folders.append(path) } else if name.isImage || name.isShard { files.append(path) }
    }
    return folders
  }
}

extension FileName {
  /// The formats that are read; where a sample has an image in several of them, the first counts, as for open_clip.
  static let imageExtensions = ["jpg", "png", "jpeg", "webp"]

  var isImage: Bool { Self.imageExtensions.contains(fileExtension) }
  /// Compressed ones too: they are refused by name.
  var isShard: Bool { fileExtension == "tar" || fileExtension == "tgz" || text.lowercased().hasSuffix(".tar.gz") }
  /// Resource forks, which macOS adds to archives: `._x.jpg`, `__MACOSX/`.
  var isOfMacArchive: Bool {
    last.bytes.starts(with: "._".utf8)
      || bytes.split(separator: UInt8(ascii: "/")).contains(Array("__MACOSX".utf8)[...])
  }
}
