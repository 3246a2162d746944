import Engine

/// The baseline, scored once, and whatever is tuned, scored against it on the same pairs.
public struct SideBySide {
  public let pairs: PairBenchmark
  public let zeroShot: ZeroShotBenchmark
  public let preprocessing: Preprocessing
  public let baseline: [PairPrediction]
  private let baselineZeroShot: Double

  public init(
    pairs: PairBenchmark, zeroShot: ZeroShotBenchmark, preprocessing: Preprocessing, baseline vision: CLIPVisionTower
  ) {
    self.pairs = pairs
    self.zeroShot = zeroShot
    self.preprocessing = preprocessing
    baseline = pairs.predictions(by: vision, preprocessing: preprocessing)
    baselineZeroShot = zeroShot.accuracy(of: vision, preprocessing: preprocessing)
  }

  public struct Result {
    public let report: EvaluationReport
    public let tuned: [PairPrediction]
  }

  public func compare(_ tuned: CLIPVisionTower, step: Int) -> Result {
    let predictions = pairs.predictions(by: tuned, preprocessing: preprocessing)
    let (before, after) = (PairScore(baseline), PairScore(predictions))
    let comparison = PairedComparison(before: baseline, after: predictions)
    let report = EvaluationReport(
      step: step, pairs: before.pairs, baselineCorrect: before.correct, tunedCorrect: after.correct,
      patterns: before.perPattern.map(\.pattern.title), baselinePerPattern: before.perPattern.map(\.percent),
      tunedPerPattern: after.perPattern.map(\.percent), fixed: comparison.fixed, broken: comparison.broken,
      pValue: comparison.pValue, interval95: [100 * comparison.interval.low, 100 * comparison.interval.high],
      baselineZeroShot: baselineZeroShot, tunedZeroShot: zeroShot.accuracy(of: tuned, preprocessing: preprocessing))
    return Result(report: report, tuned: predictions)
  }
}
