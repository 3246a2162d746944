import Engine
import Terminal

/// What a run is doing, as text.
struct StatusWords {
  typealias Words = (text: String, style: Style)

  /// A mark and a word or two.
  let words: Words
  /// A sentence, where there is room for one.
  let sentence: String
  /// Whether how much of the stage is done says something.
  var hasProgress = true

  /// For the header: with how much of the stage is done.
  static func header(_ state: ExplorerState) -> Words {
    let feed = state.feed
    switch state.pending {
    case .pausing: return ("∥ pausing …", .warning)
    case .resuming: return ("● resuming …", .good)
    case .stopping: return ("■ stopping …", .warning)
    case nil: break
    }
    if Explorer.showsSilence(state) { return ("● no news for \((state.now - feed.lastNews).clockTime)", .warning) }
    if let on = feed.evaluating { return ("● evaluating \(on.done)/\(on.all) \(on.what)", .good) }
    // What is done says more than that something is.
    if case .loading(let what) = feed.session.status { return ("○ \(what)", .dim) }
    let status = StatusWords(feed.session.status, isAligning: feed.run.isAligning)
    guard status.hasProgress, feed.run.totalSteps > 0 else { return status.words }
    return (status.words.text + " \(feed.run.progress.percent(decimals: 0)) %", status.words.style)
  }
}

extension StatusWords {
  /// What else is worth a word while a run goes on: the more important first.
  static func more(_ state: ExplorerState) -> [String] {
    let left = RunPanel.timeLeft(state.feed).map { "\($0.clockTime) left" }
    let density = state.feed.isTraining ? "trains with \(state.feed.run.density.label)" : nil
    return [left, density].compactMap(\.self)
  }

  init(_ status: TrainingStatus, isAligning: Bool = false) {
    switch status {
    case .loading(let what): self.init(words: ("○ loading", .dim), sentence: what, hasProgress: false)
    case .ready: self.init(words: ("○ ready", .dim), sentence: "ready to train", hasProgress: false)
    case .running: self.init(words: (isAligning ? "● aligning" : "● training", .good), sentence: "being trained here")
    case .live: self.init(words: ("● live", .good), sentence: "being trained by another process")
    case .paused: self.init(words: ("∥ paused", .warning), sentence: "paused")
    case .stopped: self.init(words: ("■ stopped", .warning), sentence: "stopped before its last step")
    case .finished: self.init(words: ("✓ finished", .good), sentence: "all steps are done", hasProgress: false)
    case .crashed(let seconds):
      let sentence = "no news for \(seconds.clockTime) and no process writes it: presumed crashed"
      self.init(words: ("✗ crashed", .bad), sentence: sentence)
    case .silent(let seconds):
      let sentence = "no news for \(seconds.clockTime): its program has ended, or is between two entries"
      self.init(words: ("○ silent", .dim), sentence: sentence)
    case .failed(let problem):
      let sentence = problem.advice.map { "\(problem.message): \($0)" } ?? problem.message
      self.init(words: ("✗ failed", .bad), sentence: sentence, hasProgress: false)
    }
  }
}
