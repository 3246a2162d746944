import Engine

/// The baseline, scored once, and whatever is tuned, scored against it on the same pairs.
public struct SideBySide {
  public let pairs: PairBenchmark
  public let zeroShot: ZeroShotBenchmark
  public let preprocessing: Preprocessing
  /// Which of CLIP's tokens are compared, as the reference does it for this backbone.
  public let feature: BenchmarkFeature
  /// Both CLIPs see the patches that this draws, where chance plays in.
  public let seed: UInt64
  public let baseline: [PairPrediction]
  private let baselineZeroShot: Double

  public init(
    pairs: PairBenchmark, zeroShot: ZeroShotBenchmark, preprocessing: Preprocessing, feature: BenchmarkFeature,
    seed: UInt64, baseline vision: CLIPVisionTower
  ) {
    self.pairs = pairs
    self.zeroShot = zeroShot
    self.preprocessing = preprocessing
    (self.feature, self.seed) = (feature, seed)
    baseline = pairs.predictions(by: vision, preprocessing: preprocessing, feature: feature, seed: seed)
    baselineZeroShot = zeroShot.accuracy(of: vision, preprocessing: preprocessing, feature: feature, seed: seed)
  }

  public struct Result {
    public let report: EvaluationReport
    public let tuned: [PairPrediction]
  }

  public func compare(_ tuned: CLIPVisionTower, step: Int) -> Result {
    let predictions = pairs.predictions(by: tuned, preprocessing: preprocessing, feature: feature, seed: seed)
    let accuracy = zeroShot.accuracy(of: tuned, preprocessing: preprocessing, feature: feature, seed: seed)
    let report = EvaluationReport(
      step: step, before: baseline, after: predictions, zeroShot: (baselineZeroShot, accuracy))
    return Result(report: report, tuned: predictions)
  }
}
