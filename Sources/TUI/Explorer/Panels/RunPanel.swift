import Engine
import Recap
import Terminal

/// The run in numbers: how far it is, what both models answer, and where tuning helps.
enum RunPanel {
  /// A panel of so many cells has no room for bars beside the patterns' names.
  private static let narrow = 30

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    let (hasEnded, hasRetrieval) = (EndCard.isShown(feed), feed.history.evaluations.last?.retrievalWords != nil)
    let card = rect.top(hasEnded && hasRetrieval ? 10 : 9)
    let answers = rect.droppingTop(card.rows + 1)
    let patterns = answers.droppingTop(hasRetrieval ? 10 : 9)
    let table = PatternTable(feed.history, pairs: feed.pairs)
    func fits(_ room: Rect) -> Bool { !table.rows.isEmpty && room.rows > table.rows.count }
    if hasEnded {
      EndCard.draw(state, in: card, on: &canvas)
      // The card has the sums already: where there is no room for both, the patterns say more.
      if !fits(patterns), fits(answers) { return table.draw(in: answers, on: &canvas) }
    } else {
      drawRun(state, in: card, on: &canvas)
    }
    drawAnswers(feed, in: answers, on: &canvas)
    if fits(patterns) { table.draw(in: patterns, on: &canvas) }
  }

  private static func drawRun(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    canvas.heading("Run", feed.run.name, in: rect)
    let bar = rect.droppingTop(1).top(1)
    Bars.drawProgress(feed.run.progress, in: bar.droppingRight(6), on: &canvas)
    canvas.writeRight("\(feed.run.progress.percent(decimals: 0)) %", endColumn: bar.endColumn, bar.row)
    let (last, total) = (feed.history.steps.last, feed.run.totalSteps)
    let part = feed.session.stepping.map { " · \($0.done)/\($0.all)" } ?? ""
    Fields(
      [
        .init(feed.run.isAligning ? "aligning step" : "step", total > 0 ? "\(feed.run.step) of \(total)\(part)" : "–"),
        .init("speed", last.map { "\($0.imagesPerSecond.text(figures: 3)) images/s" } ?? "–"),
        .init("learning rate", last.map { Double($0.lr).scientific } ?? "–"),
        .init("gradient norm", last.map { Double($0.gradNorm).text(figures: 3) } ?? "–"),
        .init("time · left", timeText(feed)),
        .init("density", feed.run.plan == nil ? "–" : feed.run.density.label),
      ] + (feed.run.isFollowed ? [] : [.init("memory", memoryText(state))])
    ).drawJustified(in: rect.droppingTop(2), on: &canvas)
  }

  /// How long it has trained, and will.
  private static func timeText(_ feed: Feed) -> String {
    let spent = (feed.history.steps.last?.seconds ?? 0).clockTime
    return "\(spent) · \(timeLeft(feed).map { "~" + $0.durationText } ?? "–")"
  }

  /// Nothing of a run that has ended.
  static func timeLeft(_ feed: Feed) -> Double? {
    guard feed.isTraining || feed.session.status == .live, let plan = feed.run.plan else { return nil }
    let cost = feed.session.cost
    let estimate = TimeLeft.Estimate(stepsPerAligning: cost?.stepsPerAligning, evaluation: cost?.evaluationSeconds)
    return TimeLeft(feed.history, plan, estimate)?.seconds
  }

  /// In use now, and as much as the run is expected to take.
  private static func memoryText(_ state: ExplorerState) -> String {
    guard let used = state.memory else { return "–" }
    guard let cost = state.feed.session.cost, !state.feed.run.isFollowed else { return used.byteText }
    // Beside small models the program itself counts, which the estimate leaves out.
    let whole = cost.opened + cost.memory.total
    return used < whole ? "\(used.byteText) of ~\(whole.byteText)" : used.byteText
  }

  /// Both are parts of one; nil before they are known.
  private typealias Answers = (name: String, baseline: Double?, tuned: Double?)

  private static var answers: Table<Answers> {
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
      let known = RunningScore(feed.pairs)
      answers.draw(known.baselineShare.map { [("pairs", $0, nil)] } ?? [], in: rect, on: &canvas)
      let wait = scored == nil ? "after the first evaluation" : "when all images are scored"
      let words = known.baselineShare == nil ? wait : RunningScore.words(feed.pairs)
      canvas.paragraph(words, in: rect.droppingTop(known.baselineShare == nil ? 1 : 2))
      return
    }
    let accuracies: [Answers] = [
      ("pairs", evaluation.baselineAccuracy, evaluation.tunedAccuracy),
      ("zero-shot", evaluation.baselineZeroShot / 100, evaluation.tunedZeroShot / 100),
    ]
    let (before, after) = (evaluation.baselineRetrieval, evaluation.tunedRetrieval)
    let retrieval: [Answers] = after == nil ? [] : [("retrieval", before.map { $0 / 100 }, after.map { $0 / 100 })]
    answers.draw(accuracies + retrieval, in: rect.top(3 + retrieval.count), on: &canvas)
    drawChanges(evaluation, feed, in: rect.droppingTop(3 + retrieval.count), on: &canvas)
  }

  /// What tuning changed.
  private static func drawChanges(
    _ evaluation: EvaluationReport, _ feed: Feed, in rect: Rect, on canvas: inout Canvas
  ) {
    var changed = (pairs: "\(evaluation.fixed) fixed · \(evaluation.broken) broken", p: evaluation.pValue.pText)
    if changed.pairs.cellWidth + changed.p.cellWidth >= rect.columns {
      changed = (changed.pairs.replacing(" · ", with: "·"), changed.p.replacing(" < ", with: "<"))
    }
    func field(_ name: String, _ change: (text: String, style: Style), _ interval: [Double]?) -> Fields.Field {
      .init(name, "\(change.text) \(interval?.intervalText ?? "")", change.style)
    }
    let retrieval = evaluation.retrievalWords.map { [field("retrieval", $0, evaluation.retrievalInterval95)] } ?? []
    Fields(
      [
        field("pairs", evaluation.gainChange, evaluation.interval95),
        field("zero-shot", evaluation.zeroShotWords, evaluation.zeroShotInterval95),
      ] + retrieval + [
        .init(changed.pairs, changed.p),
        .init(
          "of \(evaluation.pairs.counted("pair"))",
          (rect.columns > narrow ? "guessing gets " : "guessing ") + feed.chanceText, .dim),
      ]
    ).drawJustified(in: rect, on: &canvas)
  }
}
