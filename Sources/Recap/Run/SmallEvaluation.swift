/// Baseline and tuned CLIP on a fixed part of the run's pairs, soon after training began: too few for a curve, enough to
/// see that something happens.
public struct SmallEvaluationReport: Codable, Equatable, Sendable {
  public var step: Int
  public var pairs: Int
  public var baselineCorrect: Int
  public var tunedCorrect: Int
  /// Pairs that only the tuned CLIP, and that only the baseline gets right.
  public var fixed: Int
  public var broken: Int
  /// 95 % interval of the difference tuned − baseline, in points.
  public var interval95: [Double]

  /// Two CLIPs on the same pairs, in the same order.
  public init(step: Int, before: [PairPrediction], after: [PairPrediction]) {
    let comparison = PairedComparison(before: before, after: after)
    (self.step, pairs) = (step, before.count)
    (baselineCorrect, tunedCorrect) = (before.count(where: \.isCorrect), after.count(where: \.isCorrect))
    (fixed, broken) = (comparison.fixed, comparison.broken)
    interval95 = comparison.interval.percents
  }

  public var tunedAccuracy: Double { Double(tunedCorrect) / Double(max(pairs, 1)) }

  /// False only for a report that was read from a damaged file.
  var isConsistent: Bool {
    interval95.count == 2
      && [baselineCorrect, tunedCorrect, fixed, broken].allSatisfy { (0...max(pairs, 0)).contains($0) }
  }
}

extension TrainConfiguration {
  /// Steps on the image tower after which a small evaluation comes, unless a whole one does.
  static let smallEvaluations = [10, 20, 40]

  func hasSmallEvaluation(after step: Int) -> Bool {
    evaluateEvery > 0 && step < steps && step % evaluateEvery != 0 && Self.smallEvaluations.contains(step)
  }
}
