import Recap
import Terminal

/// A pair of images that look alike to CLIP, and what both models answered.
struct PairRow: Equatable, Sendable {
  /// By its name on the screen.
  enum Outcome: String, CaseIterable {
    case fixed, broken
    case bothRight = "both right"
    case bothWrong = "both wrong"
  }

  var pair: ImagePair
  /// Two; none where only the recorded answers are known.
  var images: [Picture]
  var baseline: PairPrediction?
  var tuned: PairPrediction?

  /// Counted from 1, as MMVP does.
  var number: Int { pair.index + 1 }
  var pattern: String { pair.pattern?.typeName ?? "pair \(number)" }

  /// nil before both have answered.
  var outcome: Outcome? {
    guard let baseline, let tuned else { return nil }
    return switch (baseline.isCorrect, tuned.isCorrect) {
    case (false, true): .fixed
    case (true, false): .broken
    case (true, true): .bothRight
    case (false, false): .bothWrong
    }
  }
}
