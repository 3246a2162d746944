import Recap
import Terminal

/// A pair of images that look alike to CLIP, with its images and what both models answered.
struct PairRow: Equatable, Sendable {
  var answered: AnsweredPair
  /// Those of the pair; none where only the recorded answers are known.
  var images: [Picture]

  init(pair: ImagePair, images: [Picture], baseline: PairPrediction? = nil, tuned: PairPrediction? = nil) {
    (answered, self.images) = (AnsweredPair(pair, baseline: baseline, tuned: tuned), images)
  }

  var pair: ImagePair { answered.pair }
  /// Counted from 1.
  var number: Int { answered.number }
  var pattern: String { pair.category?.shown ?? "pair \(number)" }
  var baseline: PairPrediction? {
    get { answered.baseline }
    set { answered.baseline = newValue }
  }
  var tuned: PairPrediction? {
    get { answered.tuned }
    set { answered.tuned = newValue }
  }
  var outcome: AnsweredPair.Outcome? { answered.outcome }
}
