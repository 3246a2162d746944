import Engine
import Terminal

/// The run in numbers: how far it is, what both models answer, and where tuning helps.
enum RunPanel {
  /// A panel of so many cells has no room for bars beside the patterns' names.
  private static let narrow = 30

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    let (answers, patterns) = (rect.droppingTop(9), rect.droppingTop(16))
    drawRun(state, in: rect.top(8), on: &canvas)
    drawAnswers(feed, in: answers, on: &canvas)
    if let evaluation = feed.history.evaluations.last, patterns.rows > evaluation.patterns.count {
      canvas.heading("By pattern", "▌tuned ┃baseline", in: patterns)
      let shares = zip(evaluation.baselinePerPattern, evaluation.tunedPerPattern)
      let rows: [Bars.Row] = zip(evaluation.patterns, shares).map { ($0, $1.0 / 100, $1.1 / 100) }
      Bars.draw(rows, in: patterns.droppingTop(1), on: &canvas)
    } else if rect.columns <= narrow, !feed.reconstructions.isEmpty, canvas.graphics != .none {
      ReconstructionStrip.explain(in: patterns, on: &canvas)
    }
  }

  private static func drawRun(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    canvas.heading("Run", feed.run.name, in: rect)
    let bar = rect.droppingTop(1).top(1)
    Bars.drawProgress(feed.run.progress, in: bar.droppingRight(6), on: &canvas)
    canvas.writeRight("\(feed.run.progress.percent(decimals: 0)) %", endColumn: bar.endColumn, bar.row)
    let (last, total) = (feed.history.steps.last, feed.run.totalSteps)
    let part = feed.session.stepping.map { " · \($0.done)/\($0.all)" } ?? ""
    Fields([
      .init(feed.run.isAligning ? "aligning step" : "step", total > 0 ? "\(feed.run.step) of \(total)\(part)" : "–"),
      .init("speed", last.map { "\($0.imagesPerSecond.text(figures: 3)) images/s" } ?? "–"),
      .init("learning rate", last.map { Double($0.lr).scientific } ?? "–"),
      .init("gradient norm", last.map { Double($0.gradNorm).text(figures: 3) } ?? "–"),
      .init("time · left", timeText(feed)),
      .init("memory", memoryText(state)),
    ]).drawJustified(in: rect.droppingTop(2), on: &canvas)
  }

  private static func timeText(_ feed: Feed) -> String {
    let aligned = feed.history.steps(in: .align).last?.seconds ?? 0
    guard let last = feed.history.steps(in: .train).last, last.step > 0 else {
      guard let whole = feed.session.cost?.wholeSeconds else { return aligned > 0 ? "\(aligned.clockTime) · –" : "–" }
      return "\(aligned.clockTime) · ~\(max(0, whole - aligned).durationText)"
    }
    let left = (last.seconds - aligned) / Double(last.step) * Double((feed.run.plan?.steps ?? 0) - last.step)
    return "\(last.seconds.clockTime) · \(left.clockTime)"
  }

  /// In use now, and as much as the run is expected to take.
  private static func memoryText(_ state: ExplorerState) -> String {
    guard let used = state.memory else { return "–" }
    guard let cost = state.feed.session.cost, !state.feed.run.isFollowed else { return used.byteText }
    // Beside small models the program itself counts, which the estimate leaves out.
    let whole = cost.opened + cost.memory.total
    return used < whole ? "\(used.byteText) of ~\(whole.byteText)" : used.byteText
  }

  private static var answers: Table<Bars.Row> {
    Table([
      .init("", .flexible(), isLeft: true) { ($0.name, .dim) },
      .init("baseline", .fixed(9), titleStyle: .baseline) { (percent($0.baseline), .baseline) },
      .init("tuned", .fixed(9), titleStyle: .tuned) { (percent($0.tuned), .tuned.bold) },
    ])
  }

  static func percent(_ part: Double?) -> String { part.map { "\($0.percent(decimals: 1)) %" } ?? "–" }

  private static func drawAnswers(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    // Large models take minutes for an evaluation, in which no step is taken.
    let scored = feed.isTraining ? (feed.session.scoring ?? feed.session.zeroShot).map { "\($0.done)/\($0.all)" } : nil
    canvas.heading("Answers", rect.columns > narrow ? scored ?? "" : "", in: rect)
    guard let evaluation = feed.history.evaluations.last else {
      answers.draw([], in: rect, on: &canvas)
      canvas.paragraph(
        scored == nil ? "after the first evaluation" : "when all images are scored", in: rect.droppingTop(1))
      return
    }
    let accuracies: [Bars.Row] = [
      ("pairs", evaluation.baselineAccuracy, evaluation.tunedAccuracy),
      ("zero-shot", evaluation.baselineZeroShot / 100, evaluation.tunedZeroShot / 100),
    ]
    answers.draw(accuracies, in: rect.top(3), on: &canvas)
    let (points, style) = evaluation.gain.change()
    var changed = (pairs: "\(evaluation.fixed) fixed · \(evaluation.broken) broken", p: evaluation.pValue.pText)
    if changed.pairs.cellWidth + changed.p.cellWidth >= rect.columns {
      changed = (changed.pairs.replacing(" · ", with: "·"), changed.p.replacing(" < ", with: "<"))
    }
    Fields([
      .init("pairs gained", "\(points) points", style),
      .init("95 % interval", evaluation.interval95.intervalText),
      .init(changed.pairs, changed.p),
    ]).drawJustified(in: rect.droppingTop(3), on: &canvas)
  }
}
