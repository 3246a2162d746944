import Engine
import Foundation

/// Images with several captions each: a data set for retrieval both ways.
///
/// | layout | files |
/// |---|---|
/// | COCO | `captions_val2017.json` (`images`, `annotations`), `val2017/` |
/// | Karpathy's splits | `dataset_coco.json`, `dataset_flickr30k.json`: their test images |
/// | lists | `coco_karpathy_test.json`: `[{image, caption: […]}]` |
/// | Flickr30k | `flickr30k_test_karpathy.txt` (`image,caption`), `results_20130124.token` (`image#0<tab>caption`) |
/// | CLIP_benchmark's webdatasets | `dataset_type.txt` with `retrieval`; `test/0.tar` … with `NAME.webp` and `NAME.txt`, a caption a line |
public struct RetrievalSet: Sendable {
  public let name: String
  public let path: String
  let images: any ImageSource
  public let captions: [String]
  /// For each caption the number of its image.
  let imageOfCaption: [Int]
  /// Images that cannot be used.
  public let skipped: [Problem]

  public var imageCount: Int { images.count }

  static let layouts =
    "expected the captions of COCO or Flickr30k, or shards with dataset_type.txt; docs/benchmarks-read.md has the layouts"

  init(_ name: String, _ path: String, _ images: any ImageSource, _ captions: [[String]], skipped: [Problem]) throws {
    (self.name, self.path, self.images, self.skipped) = (name, path, images, skipped)
    self.captions = captions.joined().map {
      String($0.map { $0.isNewline ? " " : $0 }).withoutControlCharacters()
    }
    imageOfCaption = captions.enumerated().flatMap { place, own in own.map { _ in place } }
    if images.count == 0, let first = skipped.first {
      throw Problem(
        "none of the images of \(path) can be used: \(first.message)",
        advice: "put them beside the captions, or name their folder with --images")
    }
    guard images.count > 1, captions.allSatisfy({ !$0.isEmpty }) else {
      throw Problem("\(path) has \(images.count.counted("image")) with captions", advice: Self.layouts)
    }
  }

  /// The data set of a folder, or of a file with captions.
  ///
  /// - Parameter images: where images are looked for first.
  ///
  /// Throws a `Problem` where there is none.
  public init(at path: String, images: String? = nil, name: String? = nil) throws {
    let folder = try BenchmarkFolder(path, imageRoot: images)
    let last = URL(filePath: path).deletingPathExtension().lastPathComponent
    let name = name ?? (last.hasPrefix("wds_") ? String(last.dropFirst(4)) : last)
    let texts = SetTexts(folder.url.path)
    if try texts.lines("dataset_type.txt")?.first?.lowercased() == "retrieval", !texts.shards.isEmpty {
      let samples = try ShardSamples(texts.shards, kind: "txt")
      let captions = try (0..<samples.count).map { index in
        try samples.text(index).split(whereSeparator: \.isNewline).map(String.init)
      }
      self = try RetrievalSet(name, path, samples, captions, skipped: samples.skipped)
      return
    }
    guard let table = try CaptionTable(in: folder) else {
      throw ColumnFiles.refusal(path, .captions)
        ?? Problem("\(path) is no data set for retrieval that is known", advice: Self.layouts)
    }
    self = try Self.found(table, name, path, folder)
  }

  private static func found(
    _ table: CaptionTable, _ name: String, _ path: String, _ folder: BenchmarkFolder
  ) throws -> RetrievalSet {
    var files: [ImageFiles.File] = []
    var captions: [[String]] = []
    var skipped: [Problem] = []
    for (image, own) in table.images {
      guard !own.isEmpty else {
        skipped.append(Problem("\(table.file): \(image.shown) has no caption"))
        continue
      }
      do throws(Problem) {
        files.append(ImageFiles.File(path: try folder.image(image).path, crop: nil))
        captions.append(own)
      } catch {
        skipped.append(Problem("\(table.file): \(error.message)"))
      }
    }
    return try RetrievalSet(name, path, ImageFiles(files: files), captions, skipped: skipped)
  }

  /// At most so many images with their captions, spread over all of them.
  func part(_ most: Int) throws -> RetrievalSet {
    guard imageCount > most else { return self }
    let own = Dictionary(grouping: captions.indices) { imageOfCaption[$0] }.mapValues { $0.map { captions[$0] } }
    let places = (0..<most).map { $0 * imageCount / most }
    return try RetrievalSet(name, path, PartOfImages(images, places), places.map { own[$0] ?? [] }, skipped: [])
  }
}

/// Images and their captions as a file has them, in its order.
struct CaptionTable {
  private(set) var file = ""
  private(set) var images: [(image: String, captions: [String])] = []
  private var places: [String: Int] = [:]

  private static let largest = 1 << 30

  /// nil where the folder has no file with captions.
  init?(in folder: BenchmarkFolder) throws {
    let texts = (folder.files(".txt") + folder.files(".token") + folder.files(".csv")).filter {
      let name = $0.lastPathComponent
      return name.hasSuffix(".token") || name.contains("karpathy") || name.contains("captions")
        || name.contains("results")
    }
    let tables = ["", "annotations"].flatMap { folder.files(".json", in: $0) }.sorted { one, other in
      // Of several COCO files those of the validation images.
      (Self.rank(one), one.path) < (Self.rank(other), other.path)
    }
    for url in tables + texts {
      file = url.path
      (images, places) = ([], [:])
      if url.pathExtension == "json" {
        try read(try BenchmarkFolder.json(url, limit: Self.largest))
      } else {
        try readLines(try SmallFile.read(file, limit: Self.largest))
      }
      if !images.isEmpty { return }
    }
    return nil
  }

  private static func rank(_ url: URL) -> Int {
    let name = url.lastPathComponent
    return name.contains("test") ? 0 : name.contains("val") ? 1 : name.contains("train") ? 3 : 2
  }

  private mutating func add(_ image: String, _ caption: String) {
    if let place = places[image] { return images[place].captions.append(caption) }
    places[image] = images.count
    images.append((image, [caption]))
  }

  private mutating func read(_ json: JSON) throws {
    if let list = json["images"]?.elements, let annotations = json["annotations"]?.elements {
      var names: [Int: String] = [:]
      for image in list { if let id = image["id"]?.integer, let name = image["file_name"]?.text { names[id] = name } }
      // Images in their own order.
      for image in list {
        if let name = image["file_name"]?.text, places[name] == nil {
          places[name] = images.count
          images.append((name, []))
        }
      }
      for (place, annotation) in annotations.enumerated() {
        func problem(_ what: String) -> Problem {
          Problem("\(file), annotation \(place + 1): \(what)", advice: "get the file again, or mend that annotation")
        }
        guard let id = annotation["image_id"]?.integer, let caption = annotation["caption"]?.text else {
          throw problem("“image_id” or “caption” is missing")
        }
        guard let name = names[id] else { throw problem("no image has the id \(id)") }
        add(name, caption)
      }
    } else if let list = json["images"]?.elements {
      for image in list where image["split"]?.text ?? "test" == "test" {
        guard let name = image["filename"]?.text else { continue }
        let folder = image["filepath"]?.text.map { $0 + "/" } ?? ""
        for sentence in image["sentences"]?.elements ?? [] { sentence["raw"]?.text.map { add(folder + name, $0) } }
      }
    } else {
      for record in json.elements ?? [] {
        guard let name = record["image"]?.text, let captions = record["caption"]?.elements else { continue }
        for caption in captions { caption.text.map { add(name, $0) } }
      }
    }
  }

  private mutating func readLines(_ bytes: Data) throws {
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw Problem("cannot read \(file): it is not UTF-8 text", advice: "convert it: iconv -t UTF-8")
    }
    for line in text.split(whereSeparator: \.isNewline) {
      if let tab = line.firstIndex(of: "\t"), let sign = line[..<tab].lastIndex(of: "#") {
        add(String(line[..<sign]), String(line[line.index(after: tab)...]))
      } else if let range = line.range(of: ".jpg,") {
        add(line[..<range.lowerBound] + ".jpg", String(line[range.upperBound...]))
      }
    }
  }
}
