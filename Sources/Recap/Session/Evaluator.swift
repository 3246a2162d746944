import Engine

/// Baseline and tuned CLIP on the same pairs and the same zero-shot images, a few images at a time. The baseline, which
/// never changes, is scored once.
///
/// ```swift
/// evaluator.begin(models.tuned)
/// while !evaluator.isFinished { evaluator.advance() }
/// let (evaluation, predictions) = evaluator.reports(step: 100)
/// ```
public struct Evaluator {
  /// What is scored, for the log.
  public let set: ScoredPairs
  /// Model 0 is the baseline, model 1 the tuned CLIP once it has begun; for showing answers before all are known.
  public private(set) var pairs: GradualScoring
  private var baseline: GradualZeroShot
  private var tuned: GradualZeroShot
  /// The same for retrieval; nil where there is none.
  private var retrieval: (baseline: GradualZeroShot, tuned: GradualZeroShot)?
  /// Both CLIPs on the pairs of small evaluations, the baseline as model 0; nil where there are none.
  private(set) var part: GradualScoring?

  /// - Parameters:
  ///   - pairs: with the baseline as model 0, perhaps answered already.
  ///   - baseline: whose images are classified beside it.
  ///   - retrieval: what else is scored.
  public init(
    _ set: ScoredPairs, pairs: GradualScoring, zeroShot: ZeroShotBenchmark, baseline: CLIPVisionTower,
    retrieval benchmark: ZeroShotBenchmark? = nil
  ) {
    (self.set, self.pairs) = (set, pairs)
    self.baseline = GradualZeroShot(
      zeroShot, of: baseline, preprocessing: pairs.preprocessing, feature: pairs.feature, seed: pairs.seeds[0])
    tuned = self.baseline
    retrieval = benchmark.map { benchmark in
      let work = GradualZeroShot(
        benchmark, of: baseline, preprocessing: pairs.preprocessing, feature: pairs.feature, seed: pairs.seeds[0])
      return (work, work)
    }
    part = pairs.benchmark.smallPart().map {
      GradualScoring(
        $0, by: [(baseline, nil)], preprocessing: pairs.preprocessing, feature: pairs.feature, seeds: pairs.seeds)
    }
  }

  /// Begins a new evaluation: the tuned CLIP is scored anew. It must not change before the last piece.
  public mutating func begin(_ vision: CLIPVisionTower) {
    pairs.renew(1, vision: vision)
    tuned.renew(vision: vision)
    retrieval?.tuned.renew(vision: vision)
  }

  /// Encodes the next few images: pairs, then the zero-shot images.
  public mutating func advance() {
    advance(
      pairs: { pairs, model, start in [pairs.features(from: start, of: model)] },
      zeroShot: { work, _ in [work.features(from: work.done)] })
  }

  /// The same, the features coming from elsewhere.
  mutating func advance(
    pairs encode: (_ pairs: GradualScoring, _ model: Int, _ start: Int) throws -> [[[Float]]],
    zeroShot: (_ work: GradualZeroShot, _ isTuned: Bool) throws -> [[Float]]
  ) rethrows {
    if !pairs.isFinished {
      try pairs.encodeNext(encode)
      pairs.advance()
    } else if !baseline.isFinished {
      try baseline.advance { try zeroShot($0, false) }
    } else if !tuned.isFinished {
      try tuned.advance { try zeroShot($0, true) }
    } else if retrieval?.baseline.isFinished == false {
      // A few images: the first rank encodes them.
      retrieval?.baseline.advance()
    } else {
      retrieval?.tuned.advance()
    }
  }

  /// What classifies.
  var zeroShot: GradualZeroShot { baseline }

  public var isFinished: Bool { pairs.isFinished && elsewhere.allSatisfy(\.isFinished) }

  /// All but the pairs.
  private var elsewhere: [GradualZeroShot] {
    [baseline, tuned] + [retrieval?.baseline, retrieval?.tuned].compactMap(\.self)
  }

  /// Images that cannot be read, of all but the pairs.
  public var problems: [Problem] { baseline.benchmark.problems + (retrieval?.baseline.benchmark.problems ?? []) }

  /// Images, done and all, of the part that is on.
  public var progress: SessionProgress {
    pairs.isFinished
      ? SessionProgress(
        .zeroShot, done: elsewhere.reduce(0) { $0 + $1.done }, all: elsewhere.reduce(0) { $0 + $1.all })
      : SessionProgress(.pairs, done: pairs.doneImages, all: pairs.allImages)
  }

  /// Images of both CLIPs, done and all.
  var images: (done: Int, all: Int) {
    (pairs.doneImages + baseline.done + tuned.done, pairs.allImages + baseline.all + tuned.all)
  }

  /// What the evaluation gives. Only when it is finished.
  public func reports(step: Int) -> (evaluation: EvaluationReport, predictions: PredictionReport) {
    guard pairs.isFinished, let baselineShare = baseline.accuracy, let tunedShare = tuned.accuracy else {
      preconditionFailure("an evaluation that is not finished has no result")
    }
    let (before, after) = (pairs.answers(of: 0), pairs.answers(of: 1))
    let classified = PairedComparison(before: baseline.areRight ?? [], after: tuned.areRight ?? [])
    var report = EvaluationReport(
      step: step, before: before, after: after, zeroShot: (baselineShare, tunedShare), comparison: classified)
    if let retrieval { report.take(retrieval.baseline, retrieval.tuned) }
    return (
      report,
      PredictionReport(step: step, set: set.name, baseline: before, tuned: after)
    )
  }

  // MARK: - Small evaluations

  /// Whether the pairs are more than a small evaluation takes.
  public var hasPart: Bool { part != nil }

  /// Begins a small evaluation: the tuned CLIP answers the part of the pairs anew.
  public mutating func beginPart(_ vision: CLIPVisionTower) { part?.renew(1, vision: vision) }

  /// Encodes the next few images of the part; gives the report once all are.
  public mutating func advancePart(step: Int) -> SmallEvaluationReport? {
    advancePart(step: step) { pairs, model, start in [pairs.features(from: start, of: model)] }
  }

  /// The same, the features coming from elsewhere.
  mutating func advancePart(
    step: Int, _ encode: (_ pairs: GradualScoring, _ model: Int, _ start: Int) throws -> [[[Float]]]
  ) rethrows -> SmallEvaluationReport? {
    try part?.encodeNext(encode)
    part?.advance()
    guard let part, part.isFinished else { return nil }
    return SmallEvaluationReport(step: step, before: part.answers(of: 0), after: part.answers(of: 1))
  }

  /// Images of the part, done and all.
  public var partProgress: SessionProgress {
    SessionProgress(.pairs, done: part?.doneImages ?? 0, all: part?.allImages ?? 0)
  }

  /// A whole evaluation at once.
  public mutating func evaluation(of vision: CLIPVisionTower, step: Int) -> EvaluationReport {
    begin(vision)
    while !isFinished { advance() }
    return reports(step: step).evaluation
  }
}

extension EvaluationReport {
  /// Of two finished works on retrieval.
  fileprivate mutating func take(_ baseline: GradualZeroShot, _ tuned: GradualZeroShot) {
    (baselineRetrieval, tunedRetrieval) = (baseline.accuracy, tuned.accuracy)
    let comparison = PairedComparison(before: baseline.areRight ?? [], after: tuned.areRight ?? [])
    (retrievalQueries, retrievalFixed, retrievalBroken) = (comparison.pairs, comparison.fixed, comparison.broken)
  }
}
