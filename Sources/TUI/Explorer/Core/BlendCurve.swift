import Recap

/// The accuracies between baseline and tuned weights, as far as they are known.
struct BlendCurve: Equatable, Sendable {
  /// The recorded step that was requested; nil for the tower that the run had then.
  var request: Int?
  /// The steps on the tower.
  var step: Int
  /// α of the tower as it is.
  var kept: Double
  /// Rising.
  var points: [BlendPoint]
  /// The α that is scored now.
  var current: Double?
  /// Points that there will be.
  var all: Int
  /// nil before anything was measured.
  var secondsLeft: Double?
  var isCancelled = false

  var isDone: Bool { points.count >= all }

  func point(at alpha: Double) -> BlendPoint? { points.first { abs($0.alpha - alpha) < 1e-9 } }
}
