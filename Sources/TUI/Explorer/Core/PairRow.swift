import Recap
import Terminal

/// A pair of images that look alike to CLIP, and what both models answered.
struct PairRow: Equatable, Sendable {
  enum Outcome: Equatable { case unknown, fixed, broken, bothRight, bothWrong }

  var pair: ImagePair
  /// Two; none where only the recorded answers are known.
  var images: [Picture]
  var baseline: PairPrediction?
  var tuned: PairPrediction?

  /// Counted from 1, as MMVP does.
  var number: Int { pair.index + 1 }
  var pattern: String { pair.pattern?.typeName ?? "pair \(number)" }

  var outcome: Outcome {
    guard let baseline, let tuned else { return .unknown }
    switch (baseline.isCorrect, tuned.isCorrect) {
    case (false, true): return .fixed
    case (true, false): return .broken
    case (true, true): return .bothRight
    case (false, false): return .bothWrong
    }
  }
}
