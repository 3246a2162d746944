import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// Each benchmark's files in their real layout, against its own rule in Tests/Reference/benchmark_pairs.py.
@Suite struct BenchmarkFilesTests {
  static let folder = Fixture.folder.appending(path: "benchmarks")

  /// What Python computed from the same files and the same made similarities.
  struct Expected: Decodable {
    let pairs: Int
    let scores: [String: [Int]]
    let categories: [String: [String: [Int]]]
    let mean: Double?
  }

  @Test(
    "Every benchmark is found by its files and scored as by its own rule",
    arguments: [
      ("winoground", ["winoground"]), ("naturalbench", ["naturalbench"]), ("colorswap", ["colorswap"]),
      ("vismin", ["vismin"]), ("eqben", ["eqben"]), ("whatsup-a", ["whatsup-a"]), ("whatsup-b", ["whatsup-b"]),
      ("whatsup-photos", ["whatsup-coco-one", "whatsup-coco-two", "whatsup-vg-one", "whatsup-vg-two"]),
      ("sugarcrepe", ["sugarcrepe"]), ("sugarcrepe++", ["sugarcrepe++"]),
      ("aro", ["aro-relation", "aro-attribution", "aro-coco-order", "aro-flickr-order"]),
      ("vl-checklist", ["vl-checklist"]), ("spec", ["spec"]),
    ])
  func readAndScored(place: String, names: [String]) throws {
    let all = try JSONDecoder().decode(
      [String: Expected].self, from: Data(contentsOf: Self.folder.appending(path: "expected.json")))

    let found = try BenchmarkFiles.all(at: Self.folder.appending(path: place).path)

    #expect(found.map(\.name) == names)
    for files in found {
      let expected = try #require(all[files.name])
      let scores = PairScores(files.pairs.map(Self.answer), of: files)
      #expect(files.pairs.count == expected.pairs && files.skipped.isEmpty, "\(files.skipped)")
      #expect(
        Dictionary(uniqueKeysWithValues: scores.scores.map { ($0.name, [$0.right, $0.used]) }) == expected.scores)
      let parts = scores.parts.map { part in
        (part.category.name, Dictionary(uniqueKeysWithValues: part.scores.map { ($0.name, [$0.right, $0.used]) }))
      }
      #expect(Dictionary(uniqueKeysWithValues: parts) == expected.categories)
      if let mean = expected.mean { #expect(abs((scores.means["accuracy"] ?? 0) - mean) < 1e-9) }
      for url in files.pairs.flatMap(\.imageURLs) { _ = try Image(contentsOf: url) }
    }
  }

  /// Similarities that are checksums, as in the script.
  static func answer(_ pair: ImagePair) -> SimilarityMatrix {
    let box = pair.crop.map { "\($0.x) \($0.y) \($0.width) \($0.height)" } ?? ""
    let values = pair.statements.flatMap { statement in
      pair.imageURLs.map { sum("\(statement)|\($0.lastPathComponent)|\(box)") + (statement.hasSuffix("*") ? 0.5 : 0) }
    }
    let between = pair.statements.flatMap { a in pair.statements.map { sum([a, $0].sorted().joined(separator: "|")) } }
    return SimilarityMatrix(pair, values, between: pair.shape == .statements(right: 2) ? between : [])
  }

  private static func sum(_ text: String) -> Double {
    var crc = CRC32()
    Array(text.utf8).withUnsafeBytes { crc.update($0) }
    return Double(crc.value) / 4_294_967_296
  }

  @Test func aFileOfAFolderIsEnough() throws {
    let file = Self.folder.appending(path: "whatsup-photos/coco_qa_two_obj.json")

    #expect(try BenchmarkFiles.all(at: file.path).map(\.name) == ["whatsup-coco-two"])
  }

  @Test func aTableOfSimilaritiesIsReadAsItWasWritten() throws {
    try withFolder { folder in
      for place in ["winoground", "sugarcrepe", "spec"] {
        let files = try BenchmarkFiles(at: Self.folder.appending(path: place).path)
        let answers = files.pairs.map(Self.answer)
        let path = folder + "/scores.csv"
        try Data(SimilarityTable.text(answers).utf8).write(to: URL(filePath: path))

        let (table, read) = try SimilarityTable.read(path)

        let (old, new) = (PairScores(answers, of: files), PairScores(read, of: table))
        #expect(new.scores.map(\.right) == old.scores.filter { $0.name != "textOnly" }.map(\.right))
        #expect(new.parts.map(\.category) == old.parts.map(\.category))
        if place == "winoground" { #expect(read.map(\.values) == answers.map(\.values)) }
      }
    }
  }

  @Test func chanceIsWhatRandomOrdersGet() {
    func pair(_ statements: Int, _ shape: ImagePair.Shape) -> ImagePair {
      ImagePair(index: 0, pattern: nil, statements: Array(repeating: "a", count: statements), shape: shape)
    }
    #expect(PairRule.accuracy.chance(pair(4, .statements(right: 1))) == 0.25)
    #expect(abs(PairRule.accuracy.chance(pair(3, .statements(right: 2))) - 1 / 3) < 1e-12)
    #expect(PairRule.accuracy.chance(pair(1, .images(9))) == 1.0 / 9)
    // By counting: of the 24 orders of four similarities.
    var right: [PairRule: Int] = [:]
    for order in orders([0, 1, 2, 3]) {
      let answer = SimilarityMatrix(pair(2, .square), order.map(Double.init))
      for rule in [PairRule.text, .image, .group] where rule.isRight(answer) == true { right[rule, default: 0] += 1 }
    }
    #expect(right == [.text: 6, .image: 6, .group: 4])
  }

  private func orders(_ items: [Int]) -> [[Int]] {
    items.isEmpty ? [[]] : items.flatMap { item in orders(items.filter { $0 != item }).map { [item] + $0 } }
  }

  @Test func tiesAreWrong() {
    let pair = ImagePair(index: 0, pattern: nil, statements: ["a", "b"])
    for rule in [PairRule.text, .image, .group, .groupMatch] {
      #expect(rule.isRight(SimilarityMatrix(pair, [0.5, 0.5, 0.5, 0.5])) == false)
    }
  }

  @Test func sha256() {
    #expect(
      SHA256.text(of: Data("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    #expect(
      SHA256.text(of: Data(repeating: 97, count: 1000))
        == "41edece42d63e8d9bf515a9ba6932e1c20cbc9f5a5d134645adb5db1b9737ea3")
  }
}
