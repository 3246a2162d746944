import Engine
import Recap
import Terminal

/// What a run has come to: gain, forgetting, the best step, pairs to look at, where it lies.
enum EndCard {
  /// Whether the run has ended and there is something to say.
  static func isShown(_ feed: Feed) -> Bool {
    guard !feed.history.evaluations.isEmpty else { return false }
    return switch feed.session.status {
    case .finished, .stopped, .crashed: true
    default: false
    }
  }

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    guard let last = feed.history.evaluations.last else { return }
    let status = StatusWords(feed.session.status)
    canvas.heading(status.words.text, feed.run.name, in: rect)
    let (gain, forgotten) = (last.gainChange, last.zeroShotWords)
    let best = feed.history.evaluations.max { $0.tunedAccuracy < $1.tunedAccuracy } ?? last
    let pairs = (ChangedMost(feed.history)?.pairs ?? []).map { "\($0.place + 1)" }.joined(separator: ", ")
    Fields(
      [
        .init("gain", "\(gain.text) points [\(last.interval95.intervalText)]", gain.style),
        .init(
          "zero-shot", "\(forgotten.text) points [\(last.zeroShotInterval95?.intervalText ?? "not known")]",
          forgotten.style),
        .init(
          "best step",
          "\(best.step): \(best.tunedAccuracy.percent(decimals: 1)) %, "
            + "zero-shot \(best.tunedZeroShot.text(decimals: 1)) %"),
        .init(
          "steps",
          "\(feed.history.steps(in: .train).last?.step ?? 0) of \(feed.run.plan?.steps ?? 0) in "
            + (feed.history.finishedAfterSeconds ?? feed.history.steps.last?.seconds ?? 0).clockTime),
        .init("look at", pairs.isEmpty ? "–" : "pairs \(pairs) on screen 3"),
        .init("folder", feed.run.path.lastPart(cells: rect.columns - 11)),
      ], indent: 11
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  /// The run in a line, for small screens.
  static func line(_ feed: Feed) -> [(String, Style)] {
    let step = feed.run.totalSteps > 0 ? "step \(feed.run.step)/\(feed.run.totalSteps)" : feed.run.name
    guard let last = feed.history.evaluations.last else { return [(step, .dim)] }
    let (gain, forgotten) = (last.gainChange, last.zeroShotWords)
    return [
      ("\(step)  pairs \(last.tunedAccuracy.percent(decimals: 1)) % ", .normal), (gain.text, gain.style),
      ("  zero-shot \(last.tunedZeroShot.text(decimals: 1)) % ", .normal), (forgotten.text, forgotten.style),
    ]
  }
}
