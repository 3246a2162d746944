import Engine
import Foundation
import Testing

@testable import Recap

@Suite struct PairPredictionTests {
  @Test("Scores, percentages and the result file agree with the rule as it is described")
  func shared() throws {
    let it = try #require(ScoringFixture.it)

    let predictions = predict(it, images: it.images)

    expect(predictions, agreeWith: it.shared)
  }

  @Test("Each statement may see its own encodings of the images")
  func separate() throws {
    let it = try #require(ScoringFixture.it)

    let predictions = predict(it, images: it.ownImages)

    expect(predictions, agreeWith: it.separate)
  }

  @Test("Image features may keep their lengths")
  func unnormalized() throws {
    let it = try #require(ScoringFixture.it)

    let predictions = predict(it, images: it.images, normalizesImages: false)

    expect(predictions, agreeWith: it.unnormalized)
  }

  @Test func theScaleChangesNoAnswer() throws {
    let it = try #require(ScoringFixture.it)

    let soft = predict(it, images: it.images, scale: 1).map(\.predicted)

    #expect(soft == predict(it, images: it.images, scale: 100).map(\.predicted))
  }

  @Test func aTieGoesToTheSecondImage() throws {
    let it = try #require(ScoringFixture.it)

    let tie = predict(it, images: it.images)[5]

    #expect(tie.scores == [0.5, 0.5] && tie.predicted == [.img2, .img2])
    #expect(!tie.isCorrect)
  }

  @Test func aPairIsRightWhenBothOfItsStatementsAre() throws {
    let it = try #require(ScoringFixture.it)

    let predictions = predict(it, images: it.images)

    #expect(predictions.allSatisfy { ($0.isCorrect(statement: 0) && $0.isCorrect(statement: 1)) == $0.isCorrect })
    #expect(Set(predictions.map(\.isCorrect)).count == 2)
  }

  @Test func truthFollowsTheParityOfTheIds() {
    let swapped = ImagePair(index: 0, pattern: .color, questionIDs: [8, 5], statements: ["", ""])

    let predictions = PairPrediction.all(
      [swapped], imageFeatures: [1, 0, 0, 1], textFeatures: [0, 1, 1, 0], width: 2)

    #expect(predictions[0].truth == [.img2, .img1])
    #expect(predictions[0].isCorrect)
  }

  @Test func featuresThatAreNotNumbersAreNeverRight() {
    let question = ImagePair(index: 0, pattern: .color, questionIDs: [1, 2], statements: ["", ""])

    let predictions = PairPrediction.all(
      [question], imageFeatures: [.nan, 0, 0, 1], textFeatures: [1, 0, 0, 1], width: 2)

    #expect(!predictions[0].isCorrect)
  }

  @Test func fixedAndBrokenPairsAreCounted() throws {
    let it = try #require(ScoringFixture.it)
    let before = predict(it, images: it.images)
    let after = predict(it, images: it.images, normalizesImages: false)

    let comparison = PairedComparison(before: before, after: after)

    #expect(comparison.pairs == it.pairs)
    #expect(comparison.fixed - comparison.broken == PairScore(after).correct - PairScore(before).correct)
    #expect(comparison.fixed == zip(before, after).count { !$0.isCorrect && $1.isCorrect })
  }

  @Test func aPatternWithoutPairsHasNoShare() {
    let question = ImagePair(index: 0, pattern: .text, questionIDs: [1, 2], statements: ["", ""])
    let predictions = PairPrediction.all(
      [question], imageFeatures: [1, 0, 0, 1], textFeatures: [1, 0, 0, 1], width: 2)

    #expect(PairScore(predictions).perPattern.map(\.category) == [PairCategory(.text)])
    #expect(PairScore(predictions).average == 100 && PairScore([]).average == 0)
  }

  private func predict(
    _ it: ScoringFixture, images: [Float], scale: Double? = nil, normalizesImages: Bool = true
  ) -> [PairPrediction] {
    PairPrediction.all(
      it.questions, imageFeatures: images, textFeatures: it.texts, width: it.width, scale: scale ?? it.scale,
      normalizesImages: normalizesImages)
  }

  private func expect(
    _ predictions: [PairPrediction], agreeWith it: ScoringFixture.Result, at location: SourceLocation = #_sourceLocation
  ) {
    let differences = zip(predictions.flatMap(\.scores), it.scores.joined()).map { abs($0 - $1) }
    #expect(differences.count == 2 * predictions.count && differences.max() ?? 1 < 1e-12, sourceLocation: location)

    let score = PairScore(predictions)
    #expect(score.perPattern.map(\.percent) == it.perPattern, sourceLocation: location)
    #expect(abs(score.average - it.average) < 1e-9, sourceLocation: location)

    // The last two columns are the scores, whose final digit may differ.
    func answers(_ csv: String) throws -> [[String]] { try CSV.rows(in: csv.utf8).map { Array($0.fields.prefix(6)) } }
    #expect(throws: Never.self) { try #expect(answers(PredictionResult.csv(predictions)) == answers(it.csv)) }
    #expect(PredictionResult.csv(predictions).hasPrefix("qid1,qid2,pred1,pred2,gt1,gt2,q1score,q2score\r\n1,2,img"))
  }
}

extension PairPrediction {
  /// - Parameter imageFeatures: (P, 2, C), or (P, 2, 2, C) where each statement sees its own two encodings of the images:
  ///   statement first, then image.
  static func all(
    _ pairs: [ImagePair], imageFeatures: [Float], textFeatures: [Float], width: Int, scale: Double = 100,
    normalizesImages: Bool = true
  ) -> [PairPrediction] {
    let length = 2 * width
    let pieces = stride(from: 0, to: imageFeatures.count, by: length).map { Array(imageFeatures[$0..<$0 + length]) }
    let count = pieces.count / pairs.count
    let draws = (0..<count).map { draw in pairs.indices.flatMap { pieces[$0 * count + draw] } }
    return pairs.enumerated().map { place, pair in
      let rows = 2 * place..<2 * place + 2
      let matrix = SimilarityMatrix(
        pair, images: rows, of: draws, statements: rows, of: textFeatures, width: width,
        normalizesImages: normalizesImages)
      return PairPrediction(matrix, scale: scale)
    }
  }
}
