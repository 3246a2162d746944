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
  /// Images to classify, and those that only the tuned CLIP, and that only the baseline names rightly; nil in logs older
  /// than these members.
  public var zeroShotImages: Int?
  public var zeroShotFixed: Int?
  public var zeroShotBroken: Int?
  /// Per cent of images and captions that find each other first, the mean of both directions; nil where no retrieval set was
  /// chosen.
  public var baselineRetrieval: Double?
  public var tunedRetrieval: Double?
  /// Images and captions, and those that only the tuned CLIP, and that only the baseline has right.
  public var retrievalQueries: Int?
  public var retrievalFixed: Int?
  public var retrievalBroken: Int?
  /// How long the evaluation took.
  public var seconds: Double?
}

extension EvaluationReport {
  /// Two CLIPs on the same pairs, in the same order; `zeroShot` is in per cent.
  public init(
    step: Int, before: [PairPrediction], after: [PairPrediction], zeroShot: (baseline: Double, tuned: Double),
    comparison classified: PairedComparison? = nil
  ) {
    let (old, new) = (PairScore(before), PairScore(after))
    let comparison = PairedComparison(before: before, after: after)
    self.init(
      step: step, pairs: old.pairs, baselineCorrect: old.correct, tunedCorrect: new.correct,
      patterns: old.perPattern.map(\.category.title), baselinePerPattern: old.perPattern.map(\.percent),
      tunedPerPattern: new.perPattern.map(\.percent), fixed: comparison.fixed, broken: comparison.broken,
      pValue: comparison.pValue, interval95: comparison.interval.percents,
      baselineZeroShot: zeroShot.baseline, tunedZeroShot: zeroShot.tuned, zeroShotImages: classified?.pairs,
      zeroShotFixed: classified?.fixed, zeroShotBroken: classified?.broken)
  }
}

extension EvaluationReport {
  /// Pairs right, as a part of one.
  public var baselineAccuracy: Double { Double(baselineCorrect) / Double(max(pairs, 1)) }
  public var tunedAccuracy: Double { Double(tunedCorrect) / Double(max(pairs, 1)) }
  /// Tuned minus baseline, in points.
  public var gain: Double { (tunedAccuracy - baselineAccuracy) * 100 }

  /// The same with the baseline in the tuned CLIP's place.
  var ofBaseline: EvaluationReport {
    var report = self
    let unchanged = PairedComparison(pairs: pairs, fixed: 0, broken: 0).interval.percents
    (report.tunedCorrect, report.tunedPerPattern, report.tunedZeroShot) = (
      baselineCorrect, baselinePerPattern, baselineZeroShot
    )
    (report.fixed, report.broken, report.pValue, report.interval95) = (0, 0, 1, unchanged)
    if zeroShotImages != nil { (report.zeroShotFixed, report.zeroShotBroken) = (0, 0) }
    return report
  }

  /// Tuned minus baseline on the zero-shot images, in points: what was forgotten is below 0.
  public var zeroShotChange: Double { tunedZeroShot - baselineZeroShot }

  /// 95 % interval of that change, in points; nil where the log does not say which images changed.
  public var zeroShotInterval95: [Double]? {
    Self.interval(zeroShotImages, zeroShotFixed, zeroShotBroken)
  }

  /// The same of retrieval; nil where it was not scored.
  public var retrievalChange: Double? { tunedRetrieval.flatMap { tuned in baselineRetrieval.map { tuned - $0 } } }

  /// By queries.
  public var retrievalInterval95: [Double]? { Self.interval(retrievalQueries, retrievalFixed, retrievalBroken) }

  private static func interval(_ all: Int?, _ fixed: Int?, _ broken: Int?) -> [Double]? {
    guard let all, let fixed, let broken, fixed >= 0, broken >= 0, fixed <= all, broken <= all - fixed else {
      return nil
    }
    return PairedComparison(pairs: all, fixed: fixed, broken: broken).interval.percents
  }

  /// What is lost elsewhere by more than chance, as text; empty where nothing is.
  public var losses: [String] {
    let both: [(name: String, change: Double?, interval: [Double]?)] = [
      ("zero-shot", zeroShotChange, zeroShotInterval95), ("retrieval", retrievalChange, retrievalInterval95),
    ]
    return both.compactMap { name, change, interval in
      guard let change, change < 0, let interval, interval[1] < 0 else { return nil }
      return "\(name) \(change.signed(decimals: 1)) points, more than chance (95 %: \(interval.intervalText))"
    }
  }

  /// What a step is worth: points gained on the pairs, less the points lost on the zero-shot images and in retrieval.
  public var balance: Double { gain + min(0, zeroShotChange) + min(0, retrievalChange ?? 0) }

  /// False only for a report that was read from a damaged file.
  var isConsistent: Bool {
    interval95.count == 2 && interval95[0] <= interval95[1] && baselinePerPattern.count == patterns.count
      && tunedPerPattern.count == patterns.count
      && [baselineCorrect, tunedCorrect, fixed, broken].allSatisfy { (0...max(pairs, 0)).contains($0) }
  }
}
