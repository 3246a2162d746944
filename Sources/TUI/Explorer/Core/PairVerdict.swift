import Recap

/// What the frozen diffusion model makes of a pair, as far as that is known.
struct PairVerdict: Equatable, Sendable {
  /// Of the pair.
  var number: Int
  /// nil before all noises were tried.
  var verdict: TeacherVerdict?
  /// How far it is; nil before it is begun and after its end.
  var progress: WorkProgress?
  var isCancelled = false
}
