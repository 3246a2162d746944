import Engine
import Foundation

/// Where a benchmark's files lie: a folder, or one file of it.
struct BenchmarkFolder {
  let url: URL
  /// The file that was given in place of its folder; the others are passed over then.
  private let only: String?
  private let images: ImageFinder
  private let lists = ListedRecords()

  /// Tables of some ten thousand pairs take a dozen megabytes.
  static let largestTable = 256 << 20

  /// - Parameter imageRoot: where images are looked for first.
  ///
  /// Throws a `Problem` when there is neither.
  init(_ path: String, imageRoot: String? = nil) throws {
    guard let facts = FileName(path).status else {
      throw Problem(
        "cannot read a benchmark from \(path): \(String(cString: strerror(errno)))",
        advice: "give the folder with the benchmark's files")
    }
    let isFolder = facts.st_mode & S_IFMT == S_IFDIR
    let given = URL(filePath: path)
    url = isFolder ? given : given.deletingLastPathComponent()
    only = isFolder ? nil : given.lastPathComponent
    images = ImageFinder(folder: url.path, first: imageRoot)
  }

  /// For messages.
  var path: String { only.map { url.appending(path: $0).path } ?? url.path }

  /// The files of a folder with this ending, sorted by name; none where a file was given that is not among them.
  func files(_ ending: String, in folder: String = "") -> [URL] {
    let place = folder.isEmpty ? url : url.appending(path: folder)
    guard only == nil || folder.isEmpty else { return [] }
    let names = (try? FileManager.default.contentsOfDirectory(atPath: place.path)) ?? []
    return names.filter { $0.hasSuffix(ending) && (only ?? $0) == $0 && !$0.hasPrefix("._") }.sorted()
      .map { place.appending(path: $0) }
  }

  /// The file of this name, in the folder or in `data` below it.
  func file(_ name: String) -> URL? { (files(name) + files(name, in: "data")).first { $0.lastPathComponent == name } }

  /// Whole, as JSON.
  static func json(_ file: URL, limit: Int = largestTable) throws -> JSON {
    try JSON(parsing: Array(try SmallFile.read(file.path, limit: limit)), file: file.path)
  }

  /// The objects of a JSON list, or of lines that are an object each.
  static func records(_ file: URL) throws -> [JSON] {
    guard file.pathExtension == "jsonl" else {
      guard let list = try json(file).elements else {
        throw Problem("\(file.path) is no list of records", advice: "get the benchmark's file again")
      }
      return list
    }
    let bytes = try SmallFile.read(file.path, limit: largestTable)
    return try bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).enumerated()
      .compactMap { number, line in
        guard line.contains(where: { $0 > 0x20 }) else { return nil }
        return try JSON(parsing: Array(line), file: "\(file.path), line \(number + 1)")
      }
  }

  /// The JSON files that are lists of records, whatever they are called: read once.
  var candidates: [(file: URL, records: [JSON])] {
    if let known = lists.known { return known }
    let files = ["", "data"].flatMap { self.files(".jsonl", in: $0) + self.files(".json", in: $0) }
    let known = files.filter { $0.lastPathComponent != LabelCorrections.fileName }.compactMap { file in
      do {
        return (file, try Self.records(file))
      } catch {
        lists.failure = lists.failure ?? Problem(error)
        return nil
      }
    }
    lists.known = known
    return known
  }

  /// Why a file that may be the benchmark's is none of the candidates.
  var failure: Problem? { lists.failure }

  private final class ListedRecords {
    var known: [(file: URL, records: [JSON])]?
    var failure: Problem?
  }

  /// Where an image that a table names lies.
  func image(_ path: String) throws(Problem) -> URL { try images.url(of: path) }
}

/// Finds the images that tables name: by parts of their paths, which begin in folders of others.
final class ImageFinder {
  private let roots: [String]
  /// What fitted last: the root, and how many parts in front were left out.
  private var last = (root: 0, dropped: 0)

  /// Folders in which the benchmarks' own instructions put images.
  private static let usual = [
    "", "images", "image", "data", "data/images", "val2017", "images/val2017", "coco/val2017", "coco", "coco_images",
    "val2014", "coco/val2014", "train2017", "vg", "vg_images", "images/vg", "VG_100K", "VG_100K_2", "vg/VG_100K",
    "vg/VG_100K_2", "hake", "swig", "flickr30k-images", "Images", "flickr30k/images",
  ]
  private static let endings = ["", ".png", ".jpg", ".jpeg", ".webp"]

  init(folder: String, first: String?) {
    roots = ([first].compactMap(\.self) + [folder]).flatMap { root in
      Self.usual.map { $0.isEmpty ? root : root + "/" + $0 }
    }
  }

  /// Throws a `Problem` for a path that leads out of its folder, and where there is no such image.
  func url(of path: String) throws(Problem) -> URL {
    let parts = path.split(separator: "/").filter { $0 != "." }.map(String.init)
    guard !parts.isEmpty, !parts.contains(".."), !path.unicodeScalars.contains("\0") else {
      throw Problem("the image's path “\(path.shown)” leads out of the folder")
    }
    if let found = found(parts, root: last.root, dropped: last.dropped) { return found }
    for dropped in 0..<parts.count {
      for root in roots.indices {
        guard let url = found(parts, root: root, dropped: dropped) else { continue }
        last = (root, dropped)
        return url
      }
    }
    throw Problem("there is no image \(path.shown)")
  }

  private func found(_ parts: [String], root: Int, dropped: Int) -> URL? {
    guard dropped < parts.count else { return nil }
    let name = parts[dropped...].joined(separator: "/")
    let last = parts[parts.count - 1]
    let endings = last.contains(".") ? [""] : Self.endings
    // Names may be stored in another Unicode form than the table has them.
    let forms =
      name.utf8.allSatisfy { $0 < 0x80 }
      ? [name] : [name, name.precomposedStringWithCanonicalMapping, name.decomposedStringWithCanonicalMapping]
    for form in forms {
      for ending in endings {
        let path = roots[root] + "/" + form + ending
        if let facts = FileName(path).status, facts.st_mode & S_IFMT == S_IFREG { return URL(filePath: path) }
      }
    }
    return nil
  }
}
