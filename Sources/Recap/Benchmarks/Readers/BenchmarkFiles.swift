import Engine
import Foundation

/// How many of a benchmark's pairs are used.
public struct BenchmarkSize: Equatable, Sendable {
  public let title: String
  public let used: Int
  /// Pairs that the files have.
  public let expected: Int
  /// nil where there is no fixed number.
  public let published: Int?

  public init(title: String, used: Int, expected: Int, published: Int?) {
    (self.title, self.used, self.expected, self.published) = (title, used, expected, published)
  }

  /// "MMVP-VLM: 134 used of 135 in the files, published with 135 pairs".
  public var words: String {
    let size = published.map { "published with \($0.counted("pair"))" } ?? "no published size is known"
    return "\(title): \(used.grouped) used of \(expected.grouped) in the files, \(size)"
  }

  /// "134 used of 135, published with 135".
  public var shortWords: String {
    "\(used.grouped) used of \(expected.grouped)" + (published.map { ", published with \($0.grouped)" } ?? "")
  }
}

/// A benchmark of fine detail as its files have it: pairs whose images are there, and all that was left out, with reasons.
public struct BenchmarkFiles: Sendable {
  /// As in `BenchmarkReader`.
  public let name: String
  public let title: String
  public let prefix: String
  public let published: Int?
  public let path: String
  public private(set) var pairs: [ImagePair] = []
  /// Named, never scored.
  public private(set) var skipped: [SkippedPair] = []
  /// As the files have them, those without a pair too.
  public private(set) var categories: [PairCategory] = []
  /// Statements from which control characters were taken out.
  public private(set) var cleanedStatements = 0
  /// Labels that were corrected.
  public private(set) var corrected = 0

  /// Pairs that the files have.
  public var expected: Int { pairs.count + skipped.count }

  /// - Parameter used: less than the files name where images cannot be read.
  public func size(used: Int) -> BenchmarkSize {
    BenchmarkSize(title: title, used: used, expected: expected, published: published)
  }

  /// Its pairs are known by their questions, and their statements are the second half of a sentence.
  public var isMMVP: Bool { name == "mmvp-vlm" }

  /// The benchmarks of a folder, or of one of its files.
  ///
  /// - Parameter images: where images are looked for first.
  ///
  /// Throws a `Problem` where there is none that is known, and for a table that cannot be right.
  public static func all(at path: String, images: String? = nil) throws -> [BenchmarkFiles] {
    guard !["/run.json", "/log.jsonl"].allSatisfy({ FileManager.default.fileExists(atPath: path + $0) }) else {
      throw Problem(
        "\(path) is a run, not a benchmark",
        advice: "name a folder with a benchmark's files; where its tuned CLIP is to be scored, --tuned takes the run")
    }
    let folder = try BenchmarkFolder(path, imageRoot: images)
    if let mmvp = folder.file(MMVPFolder.questionsFile), mmvp.deletingLastPathComponent().path == folder.url.path {
      return [BenchmarkFiles(try MMVPFolder(url: folder.url))]
    }
    var found: [BenchmarkFiles] = []
    for reader in BenchmarkReader.all {
      // What has no name of its own is only looked for where nothing else is.
      if reader.isSquare, !found.isEmpty { break }
      guard let tables = try reader.tables(folder) else { continue }
      found.append(try BenchmarkFiles(reader, tables, in: folder))
    }
    guard found.isEmpty else { return found }
    throw refusal(folder)
  }

  /// The first of them, which is browsed.
  public init(at path: String, images: String? = nil) throws { self = try Self.all(at: path, images: images)[0] }

  init(_ mmvp: MMVPFolder) {
    (name, title, prefix, published) = ("mmvp-vlm", "MMVP-VLM", "a photo of ", 135)
    path = mmvp.url.path
    (pairs, skipped, cleanedStatements) = (mmvp.pairs, mmvp.skipped, mmvp.cleanedStatements)
    categories = PairCategory.all(of: pairs)
  }

  /// The pairs of a table of similarities.
  init(table: String, _ pairs: [ImagePair], _ skipped: [SkippedPair]) {
    (name, title, prefix, published) = ("similarities", "Similarities", "", nil)
    (path, self.pairs, self.skipped) = (table, pairs, skipped)
    categories = PairCategory.all(of: pairs)
  }

  private init(_ reader: BenchmarkReader, _ tables: [BenchmarkTable], in folder: BenchmarkFolder) throws {
    (name, title, prefix, published) = (reader.name, reader.title, reader.prefix, reader.published)
    path = folder.path
    var tables = tables
    if let corrections = try LabelCorrections(folder, of: name, files: tables.map(\.file)) {
      for place in tables.indices {
        let (count, leftOut) = try corrections.apply(to: &tables[place])
        corrected += count
        skipped += leftOut
      }
    }
    let named = tables.flatMap { table in [table.category] + table.records.map(\.category) }
    var seen: Set<String> = []
    categories = named.compactMap { $0.map(Self.plain) }.filter { seen.insert($0).inserted }.map { PairCategory($0) }
    for table in tables { add(table, folder) }
    if let first = skipped.first, pairs.isEmpty {
      throw Problem(
        "none of the \(expected.grouped) pairs of \(title) in \(path) can be used: \(first.reason.message)",
        advice: first.reason.advice ?? "put the benchmark's images beside its files, or name their folder with --images"
      )
    }
    guard !pairs.isEmpty else {
      throw Problem("\(path) has no pair of \(title)", advice: "get the benchmark's files again")
    }
  }

  private mutating func add(_ table: BenchmarkTable, _ folder: BenchmarkFolder) {
    var ids: [String: String] = [:]
    for record in table.records {
      let category = record.category.map { PairCategory(Self.plain($0)) }
      do throws(Problem) {
        if let first = ids.updateValue(record.place, forKey: record.id) {
          throw Problem("\(table.file), \(record.place): the id \(record.id.shown) is that of \(first), too")
        }
        pairs.append(try pair(record, category, folder, table.file))
      } catch {
        skipped.append(SkippedPair(id: record.id.shown, category: category, reason: error))
      }
    }
  }

  private mutating func pair(
    _ record: BenchmarkRecord, _ category: PairCategory?, _ folder: BenchmarkFolder, _ file: String
  ) throws(Problem) -> ImagePair {
    let statements = record.statements.map(Self.plain)
    func problem(_ what: String) -> Problem { Problem("\(file), \(record.place): \(what)") }
    guard statements.allSatisfy({ $0.contains { !$0.isWhitespace } }) else { throw problem("a statement is empty") }
    if let box = record.crop {
      guard box.width > 0, box.height > 0, max(abs(box.x), abs(box.y), box.width, box.height) < 1 << 20 else {
        throw problem("the box \(box.x), \(box.y), \(box.width) × \(box.height) is no part of an image")
      }
    }
    var urls: [URL] = []
    for image in record.images {
      do throws(Problem) { urls.append(try folder.image(image)) } catch { throw problem(error.message) }
    }
    // What the statement says is what counts, not how its spaces were written.
    cleanedStatements += zip(statements, record.statements).count { $0 != $1 }
    return ImagePair(
      index: pairs.count, pattern: nil, statements: statements, imageURLs: urls, id: record.id.shown,
      shape: record.shape, category: category, crop: record.crop, set: record.set)
  }

  /// On one line, without control characters.
  private static func plain(_ text: String) -> String {
    String(text.map { $0.isNewline || $0 == "\t" ? " " : $0 }).withoutControlCharacters()
  }

  // MARK: - What is refused

  private static func refusal(_ folder: BenchmarkFolder) -> Problem {
    if let refusal = ColumnFiles.refusal(folder.path, .pairs) { return refusal }
    if let failure = folder.failure { return failure }
    return Problem(
      "\(folder.path) is no benchmark that is known",
      advice: "expected the files of one of these: "
        + (["MMVP-VLM"] + BenchmarkReader.all.map(\.title)).joined(separator: "; ")
        + "; docs/benchmarks-read.md has their layouts")
  }
}

extension BenchmarkReader {
  /// One of those that are known by their members only.
  fileprivate var isSquare: Bool { Self.squares.contains { $0.name == name } }
}
