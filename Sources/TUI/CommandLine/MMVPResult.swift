import Foundation
import Recap

/// What one CLIP answered, and how sure its score is. Shares are per cent.
struct MMVPResult: Encodable {
  struct SeedScore: Encodable {
    let seed: UInt64
    let average: Double
    let pairsCorrect: Int
  }

  /// A line of the reference's result file.
  struct Prediction: Encodable {
    let qid1: Int, qid2: Int
    let pred1: PairPrediction.Choice, pred2: PairPrediction.Choice
    let gt1: PairPrediction.Choice, gt2: PairPrediction.Choice
    let q1score: Double, q2score: Double

    init(_ prediction: PairPrediction) {
      (qid1, qid2) = (prediction.questionIDs[0], prediction.questionIDs[1])
      (pred1, pred2) = (prediction.predicted[0], prediction.predicted[1])
      (gt1, gt2) = (prediction.truth[0], prediction.truth[1])
      (q1score, q2score) = (prediction.scores[0], prediction.scores[1])
    }
  }

  let average: Double
  let perPattern: [String: Double]
  let pairsCorrect: Int
  let pairs: Int
  let perSeed: [SeedScore]
  /// Wilson's interval of the share of pairs right.
  let interval95: [Double]
  let predictions: [Prediction]
  let raw: [PairPrediction]

  /// The rules there are so far draw nothing at random, so that every seed scores the same.
  init(_ predictions: [PairPrediction], seeds: [UInt64]) {
    let score = PairScore(predictions)
    let interval = ConfidenceInterval.wilson(successes: score.correct, trials: score.pairs)
    average = score.average
    perPattern = Dictionary(uniqueKeysWithValues: score.perPattern.map { ($0.pattern.title, $0.percent) })
    (pairsCorrect, pairs) = (score.correct, score.pairs)
    perSeed = seeds.map { SeedScore(seed: $0, average: score.average, pairsCorrect: score.correct) }
    interval95 = [100 * interval.low, 100 * interval.high]
    self.predictions = predictions.map(Prediction.init)
    raw = predictions
  }

  enum CodingKeys: CodingKey { case average, perPattern, pairsCorrect, pairs, perSeed, interval95, predictions }
}

/// The paired test of a tuned CLIP against the first.
struct PairedTest: Encodable {
  let fixed: Int
  let broken: Int
  /// McNemar, exact, two-sided.
  let pValue: Double
  /// Tuned minus first, in points, with its 95 % interval.
  let difference: Double
  let interval95: [Double]

  init(_ comparison: PairedComparison) {
    (fixed, broken, pValue) = (comparison.fixed, comparison.broken, comparison.pValue)
    difference = 100 * comparison.difference
    interval95 = [100 * comparison.interval.low, 100 * comparison.interval.high]
  }
}

/// What `evaluate mmvp --json` prints: the first CLIP's result, and the tuned one's in it.
struct MMVPLine: Encodable {
  let feature: String
  let tuned: MMVPResult?
  let pairedTest: PairedTest?
  private let baseline: MMVPResult

  init(_ baseline: MMVPResult, tuned: MMVPResult?, feature: FeatureRule) {
    self.feature = feature.rawValue
    self.baseline = baseline
    self.tuned = tuned
    pairedTest = tuned.map { PairedTest(PairedComparison(before: baseline.raw, after: $0.raw)) }
  }

  private enum CodingKeys: CodingKey { case feature, tuned, pairedTest }

  func encode(to encoder: any Encoder) throws {
    try baseline.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(feature, forKey: .feature)
    try container.encodeIfPresent(tuned, forKey: .tuned)
    try container.encodeIfPresent(pairedTest, forKey: .pairedTest)
  }
}

/// The same for people.
struct MMVPReport {
  let baseline: MMVPResult
  let tuned: MMVPResult?

  init(_ baseline: MMVPResult, tuned: MMVPResult?) { (self.baseline, self.tuned) = (baseline, tuned) }

  var text: String {
    var rows = [["pairs right, %", tuned == nil ? "CLIP" : "baseline"] + (tuned == nil ? [] : ["tuned", "change"])]
    for pattern in Pattern.allCases {
      guard let share = baseline.perPattern[pattern.title] else { continue }
      rows.append(row(pattern.title, share, tuned?.perPattern[pattern.title]))
    }
    rows.append(row("average", baseline.average, tuned?.average))
    return TextTable.text(rows) + "\n\n" + ([counts("", baseline)] + comparison).joined(separator: "\n")
  }

  private func row(_ name: String, _ before: Double, _ after: Double?) -> [String] {
    [name, TextTable.number(before, 1)]
      + (after.map { [TextTable.number($0, 1), TextTable.signed($0 - before, 1)] } ?? [])
  }

  private func counts(_ name: String, _ result: MMVPResult) -> String {
    let interval = result.interval95.map { TextTable.number($0, 1) }.joined(separator: " … ")
    return "\(name)\(result.pairsCorrect) of \(result.pairs) pairs right (95 %: \(interval) %)"
  }

  private var comparison: [String] {
    guard let tuned else { return [] }
    let test = PairedTest(PairedComparison(before: baseline.raw, after: tuned.raw))
    let interval = test.interval95.map { TextTable.signed($0, 1) }.joined(separator: " … ")
    return [
      counts("tuned: ", tuned),
      "\(test.fixed) fixed, \(test.broken) broken, exact McNemar p = \(TextTable.probability(test.pValue)), "
        + "difference \(TextTable.signed(test.difference, 1)) points (95 %: \(interval))",
    ]
  }
}
