import Foundation
import Testing

@testable import Recap

@Suite("The pairs behind recorded answers")
struct RecordedPairsTests {
  private let mini = MiniFolder(
    URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../../assets/mini").standardized.path)

  @Test("are those that train scores, drawn again without a model")
  func mined() throws {
    let pairs = try RecordedPairs(set: nil, mini: mini)
    let lists = try PairLists(contentsOf: mini.pairLists)

    #expect(pairs.count == lists.validation.map(\.count).reduce(0, +))
    let second = MiniWorld().pair(.validation, .orientation, lists.validation[0][1])
    #expect(pairs.pairs[1].statements == second.statements)
    #expect(pairs.images(of: 1..<2) == second.scenes.map { $0.render() })
    #expect(try RecordedPairs(set: "mined", mini: mini).pairs == pairs.pairs)
    #expect(try RecordedPairs(set: "unmined", mini: mini).pairs != pairs.pairs)
  }

  @Test("are told from the pairs of another version, where the record can tell")
  func belonging() throws {
    let pairs = try RecordedPairs(set: nil, mini: mini)
    var report = PredictionReport(
      step: 1, baselineScores: Array(repeating: [0, 1], count: pairs.count),
      tunedScores: Array(repeating: [0, 1], count: pairs.count),
      baselineCorrect: Array(repeating: true, count: pairs.count),
      tunedCorrect: Array(repeating: true, count: pairs.count))

    #expect(pairs.belong(to: report))
    report.statementsChecksum = RecordedPairs.checksum(pairs.pairs)
    #expect(pairs.belong(to: report))
    report.statementsChecksum = RecordedPairs.checksum(
      pairs.pairs.dropLast() + [ImagePair(index: 0, pattern: .state, statements: ["a hat", "no hat"])])
    #expect(!pairs.belong(to: report))
    #expect(!pairs.belong(to: .sample(1)))
  }

  @Test("are refused when nobody knows them, or the lists are gone")
  func unknown() {
    #expect(problem { _ = try RecordedPairs(set: "odd", mini: mini) }.contains("no pairs called “odd”"))
    #expect(problem { _ = try RecordedPairs(set: nil, mini: MiniFolder("/none")) }.contains("/none/pairs.json"))
  }
}
