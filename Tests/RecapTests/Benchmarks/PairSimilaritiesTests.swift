import Foundation
import Testing

@testable import Recap

@Suite("The four similarities of a pair")
struct PairSimilaritiesTests {
  private let pair = ImagePair(index: 0, pattern: .color, statements: ["red", "blue"])

  private func answer(_ values: SIMD4<Float>, _ pair: ImagePair? = nil) -> PairPrediction {
    let scores = [values[0] - values[1], values[2] - values[3]].map { 1 / (1 + exp(-100 * Double($0))) }
    return PairPrediction(pair ?? self.pair, scores: scores, similarities: PairSimilarities(values))
  }

  @Test("are those that decided, statement by statement")
  func scoring() throws {
    let answer = PairPrediction.all(
      [pair], imageFeatures: [1, 0, 0.6, 0.8], textFeatures: [0.8, 0.6, 0, 1], width: 2)[0]

    let values = try #require(answer.similarities).values
    for (value, expected) in zip([values[0], values[1], values[2], values[3]], [0.8, 0.96, 0, 0.8] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
    #expect(answer.isCorrect(statement: 0) == (values[0] > values[1]))
  }

  @Test("give Winoground's three scores, in which ties are wrong")
  func scores() throws {
    // By statement and by image · by statement only · by image only · a tie of the statements.
    let answers = [[0.9, 0.1, 0.1, 0.9], [0.9, 0.8, 0.95, 0.96], [0.3, 0.4, 0.1, 0.5], [0.9, 0.1, 0.9, 0.95]]
      .map { answer(SIMD4($0.map(Float.init))) }

    let score = try #require(MatrixScore(answers))

    #expect((score.pairs, score.image, score.text, score.group) == (4, 3, 2, 1))
    #expect(MatrixScore([PairPrediction(pair, scores: [1, 0])]) == nil && MatrixScore([]) == nil)
  }

  @Test("follow the ground truth where the second image's statement comes first")
  func swapped() {
    let swapped = ImagePair(index: 0, pattern: .color, questionIDs: [8, 5], statements: ["blue", "red"])

    #expect(answer([0.1, 0.9, 0.9, 0.1], swapped).textIsCorrect == true)
    #expect(answer([0.9, 0.1, 0.1, 0.9], swapped).textIsCorrect == false)
  }

  @Test("give guessing the chances that are claimed")
  func chance() throws {
    var state: UInt64 = 1
    func random() -> Float {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Float(state >> 40)
    }
    let score = try #require(
      MatrixScore((0..<20_000).map { _ in answer([random(), random(), random(), random()]) }))

    let shares = [score.image, score.text, score.group].map { Double($0) / Double(score.pairs) }
    for (share, chance) in zip(shares, [MatrixScore.chance.image, MatrixScore.chance.text, MatrixScore.chance.group]) {
      #expect(abs(share - chance) < 0.01)
    }
  }

  @Test("margin is that of the worse statement, and no number where a score is none")
  func margin() {
    #expect(abs(PairPrediction(pair, scores: [0.9, 0.48]).margin - 0.02) < 1e-12)
    #expect(abs(PairPrediction(pair, scores: [0.4, 0.1]).margin + 0.1) < 1e-12)
    #expect(PairPrediction(pair, scores: [.nan, 0.1]).margin.isNaN)
    #expect(PairPrediction(pair, scores: [0.9, 0.8]).choosesOneImage)
    #expect(!PairPrediction(pair, scores: [0.9, 0.2]).choosesOneImage)
  }

  @Test("come back from the log bit for bit; a log without them still opens")
  func log() throws {
    let answers = [answer([0.25, .nan, -.infinity, 0.1]), answer([0.1, 0.2, 0.3, 0.4])]
    let report = PredictionReport(step: 7, baseline: answers, tuned: answers.reversed())

    let line = try RunJSON.line(LogEntry.predictions(report))
    guard case .predictions(let read) = try RunJSON.decoder.decode(LogEntry.self, from: line) else { throw Lost() }

    let (before, after) = (try #require(read.baselineSimilarities), try #require(read.tunedSimilarities))
    #expect(before.pairs.map { $0.values.bits } == answers.map { $0.similarities!.values.bits })
    #expect(after.pairs.map { $0.values.bits } == answers.reversed().map { $0.similarities!.values.bits })

    let old = PredictionReport.sample(3)
    guard
      case .predictions(let oldRead) = try RunJSON.decoder.decode(
        LogEntry.self, from: RunJSON.line(LogEntry.predictions(old)))
    else { throw Lost() }
    #expect(oldRead == old && oldRead.answers(about: pair, at: 0).tuned.similarities == nil)
  }

  @Test("that are damaged are refused", arguments: ["AAAA", "not base64", "AAAAAAAAAAAAAAAAAAAAAA=="])
  func damage(text: String) {
    let line = """
      {"event":"predictions","step":1,"baselineScores":[[1,0],[1,0]],"tunedScores":[[1,0],[1,0]],\
      "baselineCorrect":[true,true],"tunedCorrect":[true,true],"tunedSimilarities":"\(text)"}
      """
    #expect(throws: DecodingError.self) { try RunJSON.decoder.decode(LogEntry.self, from: Data(line.utf8)) }
  }

  private struct Lost: Error {}
}

extension SIMD4<Float> {
  fileprivate var bits: [UInt32] { (0..<4).map { self[$0].bitPattern } }
}
