/// What baseline and tuned CLIP answered for every pair of an evaluation; entry i of each list belongs to pair i.
public struct PredictionReport: Codable, Equatable, Sendable {
  /// The optimizer step of the evaluation.
  public var step: Int
  /// Which pairs of the mini world were scored, as `train --pairs` names them; nil in logs older than this member.
  public var set: String?
  /// Distinguishes the pairs of `set` from those of another version of this program; nil in logs older than this member.
  public var statementsChecksum: String?
  /// Two numbers per pair: the probability of image 1 given statement 1, and given statement 2.
  public var baselineScores: [SIMD2<Float>]
  public var tunedScores: [SIMD2<Float>]
  /// Whether both statements of the pair found their image.
  public var baselineCorrect: [Bool]
  public var tunedCorrect: [Bool]
  /// nil in logs older than these members.
  public var baselineSimilarities: SimilarityList?
  public var tunedSimilarities: SimilarityList?

  public var pairs: Int { baselineCorrect.count }

  /// False only for a report that was read from a damaged file.
  var isConsistent: Bool {
    [baselineScores.count, tunedScores.count, tunedCorrect.count].allSatisfy { $0 == pairs }
      && [baselineSimilarities, tunedSimilarities].allSatisfy { ($0?.pairs.count ?? pairs) == pairs }
  }
}

extension PredictionReport {
  /// `baseline` and `tuned` must hold the same pairs in the same order.
  public init(step: Int, set: String? = nil, baseline: [PairPrediction], tuned: [PairPrediction]) {
    precondition(baseline.map(\.pair) == tuned.map(\.pair), "the two models answered different pairs")
    self.init(
      step: step, set: set, statementsChecksum: RecordedPairs.checksum(baseline.map(\.pair)),
      baselineScores: baseline.map(\.scorePair), tunedScores: tuned.map(\.scorePair),
      baselineCorrect: baseline.map(\.isCorrect), tunedCorrect: tuned.map(\.isCorrect),
      baselineSimilarities: SimilarityList(baseline), tunedSimilarities: SimilarityList(tuned))
  }

  /// Takes the baseline's lists of another evaluation where they are equal, so that a run holds them once.
  mutating func share(with other: PredictionReport) {
    if baselineScores == other.baselineScores { baselineScores = other.baselineScores }
    if baselineCorrect == other.baselineCorrect { baselineCorrect = other.baselineCorrect }
    if baselineSimilarities == other.baselineSimilarities { baselineSimilarities = other.baselineSimilarities }
  }

  mutating func forgetSimilarities() { (baselineSimilarities, tunedSimilarities) = (nil, nil) }

  /// What both models answered about a pair, which is that of the same place.
  public func answers(about pair: ImagePair, at place: Int) -> (baseline: PairPrediction, tuned: PairPrediction) {
    (
      PairPrediction(
        pair, scores: baselineScores[place].doubles, similarities: baselineSimilarities?.pairs[place]),
      PairPrediction(pair, scores: tunedScores[place].doubles, similarities: tunedSimilarities?.pairs[place])
    )
  }
}

extension PairPrediction {
  fileprivate var scorePair: SIMD2<Float> { SIMD2(Float(scores[0]), Float(scores[1])) }
}

extension SIMD2<Float> {
  fileprivate var doubles: [Double] { [Double(x), Double(y)] }
}
