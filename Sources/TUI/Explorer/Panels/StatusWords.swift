import Engine
import Terminal

/// What a run is doing, in a mark and a word or two.
enum StatusWords {
  typealias Words = (text: String, style: Style)

  /// For the header: with how much of the stage is done.
  static func header(_ state: ExplorerState) -> Words {
    let feed = state.feed
    if Explorer.showsSilence(state) { return ("● no news for \((state.now - feed.lastNews).clockTime)", .warning) }
    let words = words(feed.session.status, isAligning: feed.run.isAligning)
    guard hasProgress(feed.session.status), feed.run.totalSteps > 0 else { return words }
    return (words.text + " \(feed.run.progress.percent(decimals: 0)) %", words.style)
  }

  private static func hasProgress(_ status: TrainingStatus) -> Bool {
    switch status {
    case .running, .paused, .stopped, .live, .crashed: true
    case .loading, .ready, .finished, .failed: false
    }
  }

  static func words(_ status: TrainingStatus, isAligning: Bool = false) -> Words {
    switch status {
    case .loading: ("○ loading", .dim)
    case .ready: ("○ ready", .dim)
    case .running: (isAligning ? "● aligning" : "● training", .good)
    case .live: ("● live", .good)
    case .paused: ("∥ paused", .warning)
    case .stopped: ("■ stopped", .warning)
    case .finished: ("✓ finished", .good)
    case .crashed: ("✗ crashed", .bad)
    case .failed: ("✗ failed", .bad)
    }
  }

  /// A sentence, where there is room for one.
  static func sentence(_ status: TrainingStatus) -> String {
    switch status {
    case .loading(let what): what
    case .ready: "ready to train"
    case .running: "being trained here"
    case .live: "being trained by another process"
    case .paused: "paused"
    case .stopped: "stopped before its last step"
    case .finished: "all steps are done"
    case .crashed(let seconds): "no news for \(seconds.clockTime) and no process writes it: presumed crashed"
    case .failed(let problem): problem.advice.map { "\(problem.message): \($0)" } ?? problem.message
    }
  }
}
