import Engine
import Foundation

/// Images with a class each, and the prompts of a class: a data set for zero-shot classification.
///
/// | layout | files |
/// |---|---|
/// | CLIP_benchmark's webdatasets | `classnames.txt`, `zeroshot_classification_templates.txt`, `test/0.tar` … with `NAME.webp` (or .png, .jpg) and `NAME.cls` |
/// | folders of classes | `CLASS/*.jpg`, perhaps in `test` or `val`; `classnames.txt` in the folders' order where they have no plain names |
/// | CIFAR's binaries | `test_batch.bin` and `batches.meta.txt`, or `test.bin` and `fine_label_names.txt` |
public struct ZeroShotSet: Sendable {
  public let name: String
  public let path: String
  public let classes: [String]
  /// With `{c}` for the class.
  public let templates: [String]
  let images: any ImageSource
  /// For each image the number of its class.
  let labels: [Int]
  /// Images that cannot be used.
  public let skipped: [Problem]
  public let notes: [String]

  public var count: Int { labels.count }
  public var expected: Int { labels.count + skipped.count }

  static let usualTemplate = "a photo of a {c}."
  static let layouts =
    "expected classnames.txt with test/0.tar …, a folder for each class, or CIFAR's test_batch.bin or test.bin"

  init(
    _ name: String, _ path: String, classes: [String], templates: [String]?, images: any ImageSource, labels: [Int],
    skipped: [Problem] = [], notes: [String] = []
  ) throws {
    (self.name, self.path, self.images) = (name, path, images)
    self.classes = classes.map { $0.withoutControlCharacters() }
    let own = templates?.map { $0.withoutControlCharacters() } ?? [Self.usualTemplate]
    self.templates = own
    guard own.allSatisfy({ $0.contains("{c}") }), !own.isEmpty else {
      throw Problem(
        "cannot use the templates of \(path): one has no {c}", advice: "each line is a template: a photo of a {c}.")
    }
    guard classes.count > 1, !labels.isEmpty else {
      throw Problem(
        "\(path) has \(labels.count.counted("image")) and \(classes.count.counted("class", plural: "classes"))",
        advice: Self.layouts)
    }
    (self.labels, self.skipped, self.notes) = (labels, skipped, notes)
  }

  /// The data set of a folder.
  ///
  /// - Parameter name: by default the folder's, without `wds_`.
  ///
  /// Throws a `Problem` where there is none.
  public init(at path: String, name: String? = nil) throws {
    guard FileName(path).status != nil else {
      throw Problem(
        "cannot read a data set from \(path): \(String(cString: strerror(errno)))", advice: Self.layouts)
    }
    let folder = URL(filePath: path).lastPathComponent
    let name = name ?? (folder.hasPrefix("wds_") ? String(folder.dropFirst(4)) : folder)
    let texts = SetTexts(path)
    if let set = try Self.shards(name, path, texts) ?? CIFARImages.set(name, path, texts) {
      self = set
    } else {
      self = try Self.folders(name, path, texts)
    }
  }

  private static func shards(_ name: String, _ path: String, _ texts: SetTexts) throws -> ZeroShotSet? {
    let shards = texts.shards
    guard !shards.isEmpty else { return nil }
    guard let classes = try texts.lines("classnames.txt") else {
      throw Problem("\(path) has shards, but no classnames.txt", advice: layouts)
    }
    let samples = try ShardSamples(shards, kind: "cls")
    var labels: [Int] = []
    var used: [Int] = []
    var skipped = samples.skipped
    for index in 0..<samples.count {
      let text = try samples.text(index).trimmingCharacters(in: .whitespacesAndNewlines)
      guard let label = Int(text), classes.indices.contains(label) else {
        skipped.append(
          Problem("\(samples.name(index)): the label “\(text.shown)” is none of \(classes.count) classes'"))
        continue
      }
      used.append(index)
      labels.append(label)
    }
    if labels.isEmpty, let first = skipped.first { throw first }
    return try ZeroShotSet(
      name, path, classes: classes, templates: texts.lines("zeroshot_classification_templates.txt"),
      images: PartOfImages(samples, used), labels: labels, skipped: skipped)
  }

  private static func folders(_ name: String, _ path: String, _ texts: SetTexts) throws -> ZeroShotSet {
    let split = ["", "/test", "/val"].map { path + $0 }.first {
      !SetTexts.folders(in: $0, except: ["test", "val", "train"]).isEmpty
    }
    guard let split else {
      throw ColumnFiles.refusal(path, .classes) ?? Problem("\(path) is no data set that is known", advice: layouts)
    }
    let folders = SetTexts.folders(in: split, except: split == path ? ["test", "val", "train"] : [])
    var files: [ImageFiles.File] = []
    var labels: [Int] = []
    var skipped: [Problem] = []
    var notes: [String] = []
    for (label, folder) in folders.enumerated() {
      let walk = FolderWalk(FileName(split + "/" + folder))
      skipped += walk.problems
      let images = walk.files.filter(\.isImage)
      if images.isEmpty { notes.append("the class \(folder.shown) has no image") }
      files += images.map { ImageFiles.File($0) }
      labels += images.map { _ in label }
    }
    if files.isEmpty, let refusal = ColumnFiles.refusal(path, .classes) { throw refusal }
    let names = try texts.lines("classnames.txt")
    if let names, names.count != folders.count {
      throw Problem(
        "\(path) has \(folders.count.counted("folder")) of classes, its classnames.txt \(names.count.counted("name"))",
        advice: "write one name for each folder, in their order")
    }
    if names == nil, folders.allSatisfy({ $0.wholeMatch(of: /n\d{8}/) != nil }) {
      throw Problem(
        "the folders of \(path) are called like n01440764",
        advice: "put classnames.txt there: a name for each, in their order")
    }
    return try ZeroShotSet(
      name, path, classes: names ?? folders.map { $0.replacing("_", with: " ") },
      templates: texts.lines("zeroshot_classification_templates.txt"), images: ImageFiles(files: files), labels: labels,
      skipped: skipped, notes: notes)
  }

  /// For each class its prompts.
  var prompts: [[String]] { classes.map { name in templates.map { $0.replacing("{c}", with: name) } } }

  /// At most so many images, spread over all of them.
  func part(_ most: Int) throws -> ZeroShotSet {
    guard count > most else { return self }
    let places = (0..<most).map { $0 * count / most }
    return try ZeroShotSet(
      name, path, classes: classes, templates: templates, images: PartOfImages(images, places),
      labels: places.map { labels[$0] })
  }
}

/// The files that describe a data set, and where its images lie.
struct SetTexts {
  let path: String

  init(_ path: String) { self.path = path }

  /// The lines of a file, without blanks around them; nil where there is none.
  func lines(_ name: String) throws -> [String]? {
    let file = path + "/" + name
    guard FileManager.default.fileExists(atPath: file) else { return nil }
    guard let text = String(validating: try SmallFile.read(file), as: UTF8.self) else {
      throw Problem("cannot read \(file): it is not UTF-8 text", advice: "convert it: iconv -t UTF-8")
    }
    let lines = text.split(whereSeparator: \.isNewline).map { $0.trimmingCharacters(in: .whitespaces) }
    return lines.filter { !$0.isEmpty }
  }

  /// The tars of `test`, else of `val`, else of the folder itself, by number.
  var shards: [String] {
    for split in ["test", "val", "."] {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: path + "/" + split)) ?? []
      let tars = names.filter { $0.hasSuffix(".tar") }
      guard !tars.isEmpty else { continue }
      return tars.sorted { ($0.count, $0) < ($1.count, $1) }.map { "\(path)/\(split)/\($0)" }
    }
    return []
  }

  /// The folders in one, sorted; but for hidden ones.
  static func folders(in path: String, except: Set<String>) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.filter { name in
      guard !name.hasPrefix("."), name != "__MACOSX", !except.contains(name) else { return false }
      return (FileName(path + "/" + name).status?.st_mode ?? 0) & S_IFMT == S_IFDIR
    }.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
  }
}

/// Some of a source's images.
struct PartOfImages: ImageSource {
  let whole: any ImageSource
  let places: [Int]

  init(_ whole: any ImageSource, _ places: [Int]) { (self.whole, self.places) = (whole, places) }

  var count: Int { places.count }
  func image(_ index: Int) throws -> Image { try whole.image(places[index]) }
  func stamp(_ index: Int) -> String { whole.stamp(places[index]) }
}
