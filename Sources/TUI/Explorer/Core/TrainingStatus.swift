import Engine

/// What happens to a run.
enum TrainingStatus: Equatable, Sendable {
  /// What is being waited for: "loading the mini world".
  case loading(String)
  case ready, running, paused, stopped, finished
  /// Another process trains it.
  case live
  /// Another process trained it, and ended without a last entry.
  case crashed(silentSeconds: Double)
  case failed(Problem)
  /// Another program trains or trained it, and has recorded nothing for a while.
  case silent(seconds: Double)
}
