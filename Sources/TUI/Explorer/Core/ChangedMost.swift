import Recap

/// The pairs whose margin tuning moved most, from the newest answers.
///
/// A pair's margin is how far its worse statement is from a coin toss: its own picture's probability less one half.
struct ChangedMost: Equatable {
  struct Pair: Equatable {
    /// Its place in the run's set.
    var place: Int
    /// The picture whose statement moved most.
    var side: Int
    var before: Double
    var now: Double
    /// Whether the tuned CLIP was right, an entry an evaluation.
    var right: [Bool]
  }

  /// The largest changes first, at most three; of a CLIP that has not changed, those the baseline is surest and wrong of.
  let pairs: [Pair]
  let step: Int

  init?(_ history: RunHistory) {
    guard let last = history.predictions.last, last.pairs > 0 else { return nil }
    step = last.step
    // The first statement belongs to the first picture.
    func own(_ scores: SIMD2<Float>, _ side: Int) -> Double { Double(side == 0 ? scores[0] : 1 - scores[1]) - 0.5 }
    func margin(_ scores: SIMD2<Float>) -> Double { min(own(scores, 0), own(scores, 1)) }
    let changes = (0..<last.pairs).map { place in
      (place: place, before: margin(last.baselineScores[place]), now: margin(last.tunedScores[place]))
    }
    let hasChanged = changes.contains { $0.before != $0.now }
    let sorted = changes.sorted {
      hasChanged ? abs($0.now - $0.before) > abs($1.now - $1.before) : $0.before < $1.before
    }
    pairs = sorted.prefix(3).map { change in
      let (old, new) = (last.baselineScores[change.place], last.tunedScores[change.place])
      let moved = (0..<2).map { hasChanged ? abs(own(new, $0) - own(old, $0)) : -own(old, $0) }
      return Pair(
        place: change.place, side: moved[0] >= moved[1] ? 0 : 1, before: change.before, now: change.now,
        right: history.predictions.filter { $0.pairs == last.pairs }.map { $0.tunedCorrect[change.place] })
    }
  }
}

/// One picture of a pair of the run's set.
struct PairPicture: Hashable, Sendable {
  /// The pair's place in the set, from 0.
  var place: Int
  /// 0 or 1.
  var side: Int
}
