import Engine
import Foundation

/// Labels that somebody found wrong: `corrections.json` beside the data.
///
/// ```json
/// {"benchmark": "winoground", "file": "examples.jsonl", "sha256": "9f86…",
///  "corrections": [{"id": "7", "swap": true}, {"id": "9", "leaveOut": true}, {"id": "12", "right": "a red ball"}]}
/// ```
///
/// It names the benchmark, the file that it corrects, and that file's SHA-256, and is refused for any other: numbers of
/// records mean nothing in another version of a file.
struct LabelCorrections {
  static let fileName = "corrections.json"

  private struct Correction {
    var swap = false, leaveOut = false
    /// The statement that is right, as the benchmark's file has it.
    var right: String?
  }

  private let path: String
  private let file: String
  private var byID: [String: Correction] = [:]

  /// nil where the folder has none.
  init?(_ folder: BenchmarkFolder, of benchmark: String, files: [String]) throws {
    path = folder.url.appending(path: Self.fileName).path
    guard FileManager.default.fileExists(atPath: path) else { return nil }
    let json = try JSON(parsing: Array(try SmallFile.read(path)), file: path)
    guard let name = json["benchmark"]?.text, let fileName = json["file"]?.text, let sum = json["sha256"]?.text,
      let list = json["corrections"]?.elements
    else {
      throw Problem(
        "\(path): “benchmark”, “file”, “sha256” or “corrections” is missing",
        advice: "name all four, or move the file away")
    }
    guard name == benchmark, let file = files.first(where: { URL(filePath: $0).lastPathComponent == fileName }) else {
      throw Problem(
        "\(path) is about \(fileName.shown) of \(name.shown), not about this benchmark, \(benchmark)",
        advice: "move it away, or beside the file that it corrects")
    }
    let found = SHA256.text(of: try SmallFile.read(file, limit: BenchmarkFolder.largestTable))
    guard found == sum.lowercased() else {
      throw Problem(
        "\(path) corrects another \(fileName.shown): its SHA-256 is \(sum.shown), this one's is \(found)",
        advice: "check each correction against this file, then write its SHA-256 there")
    }
    self.file = file
    for (number, entry) in list.enumerated() {
      let members = RecordMembers(entry, path, number)
      let right = members.optionalText("right")
      let correction = Correction(
        swap: entry["swap"]?.bool == true, leaveOut: entry["leaveOut"]?.bool == true, right: right)
      guard entry["id"] != nil, correction.swap || correction.leaveOut || right != nil else {
        throw members.problem("expected an id, and swap, leaveOut or right")
      }
      byID[members.id("id")] = correction
    }
  }

  /// Corrects the file's records; gives how many, and those that are left out.
  func apply(to table: inout BenchmarkTable) throws -> (corrected: Int, leftOut: [SkippedPair]) {
    guard table.file == file else { return (0, []) }
    var open = Set(byID.keys)
    var leftOut: [SkippedPair] = []
    table.records = try table.records.compactMap { record in
      guard let correction = byID[record.id] else { return record }
      open.remove(record.id)
      if correction.leaveOut {
        leftOut.append(
          SkippedPair(
            id: record.id, category: record.category.map { PairCategory($0) },
            reason: Problem("\(Self.fileName) leaves it out")))
        return nil
      }
      return try corrected(record, correction)
    }
    guard open.isEmpty else {
      throw Problem(
        "\(path): there is no record \(open.sorted().joined(separator: ", ").shown) in \(file)",
        advice: "use the ids of that file")
    }
    return (byID.count - leftOut.count, leftOut)
  }

  private func corrected(_ record: BenchmarkRecord, _ correction: Correction) throws -> BenchmarkRecord {
    var record = record
    func problem(_ what: String) -> Problem { Problem("\(path), id \(record.id.shown): \(what)") }
    if correction.swap {
      guard record.shape == .square else { throw problem("only two statements of two images can be swapped") }
      record.statements.swapAt(0, 1)
    }
    if let right = correction.right {
      guard record.shape == .statements(right: 1), let place = record.statements.firstIndex(of: right) else {
        throw problem("“\(right.shown)” is none of its statements")
      }
      record.statements.insert(record.statements.remove(at: place), at: 0)
    }
    return record
  }
}
