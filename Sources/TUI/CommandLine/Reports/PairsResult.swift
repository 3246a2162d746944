import Engine
import Recap

/// A benchmark's answers and scores by one CLIP, or by two.
struct PairsResult {
  let files: BenchmarkFiles
  let baseline: [SimilarityMatrix]
  let tuned: [SimilarityMatrix]?
  let scores: PairScores
  let tunedScores: PairScores?
  /// Images that cannot be read.
  let unreadable: [Problem]
  /// nil for tables of similarities.
  let feature: FeatureRule?
  let model: ModelReading?

  init(
    _ files: BenchmarkFiles, baseline: [SimilarityMatrix], tuned: [SimilarityMatrix]?, unreadable: [Problem] = [],
    feature: FeatureRule? = nil, model: ModelReading? = nil
  ) {
    (self.files, self.baseline, self.tuned) = (files, baseline, tuned)
    (self.unreadable, self.feature, self.model) = (unreadable, feature, model)
    (scores, tunedScores) = (PairScores(baseline, of: files), tuned.map { PairScores($0, of: files) })
  }

  func comparison(_ name: String) -> PairedComparison? { tunedScores.flatMap { scores.comparison(name, with: $0) } }
}

/// What `evaluate pairs --json` prints of each benchmark. Shares are per cent.
struct PairsLine: Encodable {
  struct Score: Encodable {
    let percent: Double
    let right: Int
    let used: Int
    let expected: Int
    let chance: Double
    let interval95: [Double]

    init(_ score: RuleScore) {
      (percent, right, used, expected) = (score.percent, score.right, score.used, score.expected)
      chance = 100 * score.chance
      interval95 = score.interval.percents
    }
  }

  struct Category: Encodable {
    let category: String
    let scores: [String: Score]
  }

  struct Scores: Encodable {
    let scores: [String: Score]
    let categories: [Category]
    /// Plain means over the categories.
    let categoryMeans: [String: Double]

    init(_ scores: PairScores) {
      func named(_ scores: [RuleScore]) -> [String: Score] {
        Dictionary(uniqueKeysWithValues: scores.map { ($0.name, Score($0)) })
      }
      self.scores = named(scores.scores)
      categories = scores.parts.map { Category(category: $0.category.title, scores: named($0.scores)) }
      categoryMeans = scores.means
    }
  }

  struct Skipped: Encodable {
    let id: String
    let reason: String
  }

  let benchmark: String
  let path: String
  let published: Int?
  let pairs: Int
  let expected: Int
  let corrected: Int
  let feature: String?
  let model: ModelReading?
  let baseline: Scores
  let tuned: Scores?
  let pairedTests: [String: PairedTest]?
  let skipped: [Skipped]
  let unreadableImages: [String]

  init(_ result: PairsResult) {
    let files = result.files
    (benchmark, path, published) = (files.name, files.path, files.published)
    (pairs, expected, corrected) = (files.pairs.count, files.expected, files.corrected)
    (feature, model) = (result.feature?.rawValue, result.model)
    (baseline, tuned) = (Scores(result.scores), result.tunedScores.map(Scores.init))
    pairedTests = result.tunedScores.map { _ in
      Dictionary(
        uniqueKeysWithValues: result.scores.scores.compactMap { score in
          result.comparison(score.name).map { (score.name, PairedTest($0)) }
        })
    }
    skipped = files.skipped.map { Skipped(id: $0.id, reason: $0.reason.message) }
    unreadableImages = result.unreadable.map(\.message)
  }
}
