import Engine

/// What a sweep of feedbacks measures beside a run's own evaluations: `feedback.json` in the run's folder.
public struct FeedbackScores: KeptScores, Equatable, Sendable {
  /// Unmined validation pairs, baseline and tuned CLIP.
  public let unmined: PairedComparison
  /// Retrieval among held-out scenes.
  public let baseline: RetrievalRecalls
  public let tuned: RetrievalRecalls

  public static let fileName = "feedback.json"

  init(unmined: PairedComparison, baseline: RetrievalRecalls, tuned: RetrievalRecalls) {
    (self.unmined, self.baseline, self.tuned) = (unmined, baseline, tuned)
  }
}

/// Scores tuned towers beside one baseline, which is scored once.
public struct FeedbackScoring {
  private var pairs: GradualScoring
  private var baseline: GradualZeroShot
  private var tuned: GradualZeroShot

  /// - Parameters:
  ///   - pairs: with the baseline as model 0.
  ///   - retrieval: of the baseline.
  public init(pairs: GradualScoring, retrieval: GradualZeroShot) {
    (self.pairs, baseline, tuned) = (pairs, retrieval, retrieval)
  }

  /// - Parameter check: called between pieces; what it throws ends the work.
  public mutating func scoreBaseline(_ check: () throws -> Void = {}) rethrows {
    while pairs.answers(of: 0).count < pairs.benchmark.pairs.count {
      pairs.advance()
      try check()
    }
    while !baseline.isFinished {
      baseline.advance()
      try check()
    }
  }

  public mutating func scores(
    of vision: CLIPVisionTower, _ check: () throws -> Void = {}
  ) rethrows -> FeedbackScores {
    try scoreBaseline(check)
    pairs.renew(1, vision: vision)
    tuned.renew(vision: vision)
    while !pairs.isFinished {
      pairs.advance()
      try check()
    }
    while !tuned.isFinished {
      tuned.advance()
      try check()
    }
    guard let before = baseline.recalls, let after = tuned.recalls else {
      preconditionFailure("feedbacks are scored on a retrieval set")
    }
    return FeedbackScores(
      unmined: PairedComparison(before: pairs.answers(of: 0), after: pairs.answers(of: 1)), baseline: before,
      tuned: after)
  }
}
