import Recap

/// What one CLIP answered, and how sure its score is. Shares are per cent; where chance plays in, those of the first
/// seed, with all seeds beside them.
struct MMVPResult: Encodable {
  struct SeedScore: Encodable {
    let seed: UInt64
    let average: Double
    let pairsCorrect: Int
  }

  /// How far the seeds' averages lie apart.
  struct Spread: Encodable {
    let mean: Double
    /// Standard deviation of the seeds, n − 1.
    let deviation: Double
    let lowest: Double
    let highest: Double

    init?(_ averages: [Double]) {
      guard let variance = averages.variance, let lowest = averages.min(), let highest = averages.max() else {
        return nil
      }
      (mean, deviation) = (averages.mean, variance.squareRoot())
      (self.lowest, self.highest) = (lowest, highest)
    }
  }

  /// A line of the reference's result file.
  struct Prediction: Encodable {
    let qid1: Int, qid2: Int
    let pred1: PairPrediction.Choice, pred2: PairPrediction.Choice
    let gt1: PairPrediction.Choice, gt2: PairPrediction.Choice
    let q1score: Double, q2score: Double

    init(_ prediction: PairPrediction) {
      (qid1, qid2) = (prediction.pair.questionIDs[0], prediction.pair.questionIDs[1])
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
  /// Nil for a single seed.
  let spread: Spread?
  /// Wilson's interval of the share of pairs right.
  let interval95: [Double]
  let predictions: [Prediction]
  /// One list for each seed.
  let raw: [[PairPrediction]]

  /// - Parameter lists: the predictions of each seed; at least one.
  init(_ lists: [[PairPrediction]], seeds: [UInt64]) {
    let scores = lists.map(PairScore.init)
    let score = scores[0]
    average = score.average
    perPattern = Dictionary(uniqueKeysWithValues: score.perPattern.map { ($0.category.title, $0.percent) })
    (pairsCorrect, pairs) = (score.correct, score.pairs)
    perSeed = zip(seeds, scores).map { SeedScore(seed: $0, average: $1.average, pairsCorrect: $1.correct) }
    spread = Spread(scores.map(\.average))
    interval95 = ConfidenceInterval.wilson(successes: score.correct, trials: score.pairs).percents
    predictions = lists[0].map(Prediction.init)
    raw = lists
  }

  enum CodingKeys: CodingKey { case average, perPattern, pairsCorrect, pairs, perSeed, spread, interval95, predictions }
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
    interval95 = comparison.interval.percents
  }

  /// One test for each seed.
  static func tests(_ before: MMVPResult, _ after: MMVPResult) -> [PairedTest] {
    zip(before.raw, after.raw).map { PairedTest(PairedComparison(before: $0, after: $1)) }
  }
}

/// What `evaluate mmvp --json` prints: the first CLIP's result, and the tuned one's in it.
struct MMVPLine: Encodable {
  struct Skipped: Encodable {
    let qid1: Int, qid2: Int
    let reason: String
  }

  /// What stands among the members of the first CLIP's result.
  private struct Beside: Encodable {
    let feature: String
    let backbone: String
    let tuned: MMVPResult?
    let pairedTest: PairedTest?
    /// Nil for a single seed.
    let pairedTestPerSeed: [PairedTest]?
    let skipped: [Skipped]
    /// Pairs that the folder has, and that were published.
    let expected: Int?
    let published: Int?
  }

  private let baseline: MMVPResult
  private let beside: Beside

  /// - Parameter size: of a folder's pairs.
  init(
    _ baseline: MMVPResult, tuned: MMVPResult?, feature: FeatureRule, backbone: Backbone, skipped: [SkippedPair],
    size: BenchmarkSize?
  ) {
    let tests = tuned.map { PairedTest.tests(baseline, $0) } ?? []
    self.baseline = baseline
    beside = Beside(
      feature: feature.rawValue, backbone: backbone.name.rawValue, tuned: tuned, pairedTest: tests.first,
      pairedTestPerSeed: tests.count > 1 ? tests : nil,
      skipped: skipped.map { Skipped(qid1: $0.questionIDs[0], qid2: $0.questionIDs[1], reason: $0.reason.message) },
      expected: size?.expected, published: size?.published)
  }

  func encode(to encoder: any Encoder) throws {
    try baseline.encode(to: encoder)
    try beside.encode(to: encoder)
  }
}
