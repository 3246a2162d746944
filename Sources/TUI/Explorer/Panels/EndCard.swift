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
    let room = rect.columns - indent
    /// The first of these that fits.
    func fitting(_ forms: String...) -> String { forms.first { $0.cellWidth <= room } ?? forms[forms.count - 1] }
    func change(_ change: (text: String, style: Style), _ interval: [Double]?) -> (String, Style) {
      let interval = interval?.intervalText
      let whole = "\(change.text) points [\(interval ?? "not known")]"
      return (fitting(whole, [change.text, interval].compactMap(\.self).joined(separator: " ")), change.style)
    }
    let best = feed.history.best ?? last
    let bestPairs = "\(best.step): \(best.tunedAccuracy.percent(decimals: 1)) %"
    let bestZeroShot = best.tunedZeroShot.text(decimals: 1)
    let steps = (feed.history.steps(in: .train).last?.step ?? 0, feed.run.plan?.steps ?? 0)
    let time = (feed.history.finishedAfterSeconds ?? feed.history.steps.last?.seconds ?? 0).clockTime
    let pairs = (ChangedMost(feed.history)?.pairs ?? []).map { "\($0.place + 1)" }.joined(separator: ", ")
    let accuracies = [last.baselineAccuracy, last.tunedAccuracy].map { $0.percent(decimals: 1) }
    let retrieval = last.retrievalWords.map { Fields.Field("retrieval", [change($0, last.retrievalInterval95)]) }
    Fields(
      [
        .init("pairs", "\(accuracies[0]) → \(accuracies[1]) %"),
        .init("gain", [change(last.gainChange, last.interval95)]),
        .init("zero-shot", [change(last.zeroShotWords, last.zeroShotInterval95)]),
      ] + [retrieval].compactMap(\.self) + [
        .init(
          "best step",
          fitting(
            "\(bestPairs), zero-shot \(bestZeroShot) %", "\(bestPairs), zero-shot \(bestZeroShot)", bestPairs)),
        .init("steps", fitting("\(steps.0) of \(steps.1) in \(time)", "\(steps.0)/\(steps.1) in \(time)")),
        .init(
          "look at",
          pairs.isEmpty ? "–" : fitting("pairs \(pairs) on screen 3", "\(pairs) on screen 3", "pairs \(pairs)", pairs)),
        .init("folder", feed.run.path.lastPart(cells: room)),
      ], indent: indent
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static let indent = 11

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
