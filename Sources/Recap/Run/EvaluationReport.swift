/// Baseline and tuned CLIP on the same pairs, side by side.
public struct EvaluationReport: Codable, Equatable, Sendable {
  public var step: Int
  public var pairs: Int
  public var baselineCorrect: Int
  public var tunedCorrect: Int
  /// Per cent of pairs right, by pattern, in MMVP's order.
  public var patterns: [String]
  public var baselinePerPattern: [Double]
  public var tunedPerPattern: [Double]
  /// Pairs that only the tuned CLIP, and that only the baseline gets right.
  public var fixed: Int
  public var broken: Int
  /// Exact two-sided McNemar test of fixed against broken.
  public var pValue: Double
  /// 95 % interval of the difference tuned − baseline, in points.
  public var interval95: [Double]
  /// Per cent of images whose kind is named rightly.
  public var baselineZeroShot: Double
  public var tunedZeroShot: Double
}

extension EvaluationReport {
  /// Two CLIPs on the same pairs, in the same order; `zeroShot` is in per cent.
  public init(
    step: Int, before: [PairPrediction], after: [PairPrediction], zeroShot: (baseline: Double, tuned: Double)
  ) {
    let (old, new) = (PairScore(before), PairScore(after))
    let comparison = PairedComparison(before: before, after: after)
    self.init(
      step: step, pairs: old.pairs, baselineCorrect: old.correct, tunedCorrect: new.correct,
      patterns: old.perPattern.map(\.pattern.title), baselinePerPattern: old.perPattern.map(\.percent),
      tunedPerPattern: new.perPattern.map(\.percent), fixed: comparison.fixed, broken: comparison.broken,
      pValue: comparison.pValue, interval95: [100 * comparison.interval.low, 100 * comparison.interval.high],
      baselineZeroShot: zeroShot.baseline, tunedZeroShot: zeroShot.tuned)
  }
}

extension EvaluationReport {
  /// Pairs right, as a part of one.
  public var baselineAccuracy: Double { Double(baselineCorrect) / Double(max(pairs, 1)) }
  public var tunedAccuracy: Double { Double(tunedCorrect) / Double(max(pairs, 1)) }
  /// Tuned minus baseline, in points.
  public var gain: Double { (tunedAccuracy - baselineAccuracy) * 100 }

  /// False only for a report that was read from a damaged file.
  var isConsistent: Bool {
    interval95.count == 2 && interval95[0] <= interval95[1] && baselinePerPattern.count == patterns.count
      && tunedPerPattern.count == patterns.count
      && [baselineCorrect, tunedCorrect, fixed, broken].allSatisfy { (0...max(pairs, 0)).contains($0) }
  }
}
