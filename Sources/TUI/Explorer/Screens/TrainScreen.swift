import Engine
import Terminal

/// The run as it goes: loss, pair accuracy of baseline and tuned, numbers, and what both models' eyes are good for.
///
/// It keeps no state of its own: everything it shows is the feed.
enum TrainScreen {
  static let keys: [Binding] = [
    Binding(
      .character("s"), label: "start",
      tooltip: "Start training, from the baseline. Where it takes long you are told first what it costs.",
      unavailable: { state in
        if CostPanel.isShown(state.feed) { return "Enter goes on, Esc goes back" }
        if let reason = reasonNotToTrain(state.feed) { return reason }
        return switch state.feed.status {
        case .loading(let what): "\(what) first"
        case .running, .paused, .live: "training has begun already"
        case .ready, .stopped, .finished, .crashed, .failed: watchedReason(state)
        }
      }
    ) { _, _ in [.startTraining] },
    Binding(
      .character("p"), .character(" "), label: "pause", tooltip: "Pause training, or go on after a pause.",
      unavailable: reasonNotToSteer
    ) { state, _ in [state.feed.status == .paused ? .resume : .pause] },
    Binding(
      .character("x"), label: "stop", tooltip: "Stop training; what was learned stays and is saved.",
      unavailable: reasonNotToSteer
    ) { _, _ in [.stop] },
    Binding(
      .enter, label: "go on", tooltip: "Agree to what a run costs here, of which you are told first.",
      unavailable: reasonNotToDecide
    ) { _, _ in [.agree] },
    Binding(
      .escape, label: "go back", tooltip: "Rather not start this run.", unavailable: reasonNotToDecide
    ) { _, _ in [.goBack] },
  ]

  private static func reasonNotToDecide(_ state: ExplorerState) -> String? {
    switch state.feed.cost?.stage {
    case .asking, .measured: nil
    case .measuring: "the first step is on"
    case .free, .agreed, nil: "nothing is asked"
    }
  }

  /// Training takes a diffusion model.
  private static func reasonNotToTrain(_ feed: Feed) -> String? {
    switch feed.part(.diffusion)?.state {
    case .failed: "the diffusion model could not be opened"
    case .absent: "there is no diffusion model: --diffusion FOLDER"
    case .waiting, .reading, .ready, nil: nil
    }
  }

  private static func reasonNotToSteer(_ state: ExplorerState) -> String? {
    if let reason = watchedReason(state) { return reason }
    if CostPanel.isShown(state.feed) { return "Enter goes on, Esc goes back" }
    return [.running, .paused].contains(state.feed.status) ? nil : "nothing is being trained"
  }

  private static func watchedReason(_ state: ExplorerState) -> String? {
    state.feed.plan.isWatched ? "this run is only looked at; diva-tui without a run trains" : nil
  }

  // MARK: - View

  /// So many columns have the numbers on a small screen; the patterns need more.
  private static let narrowSide = 30

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    let stripRows = canvas.graphics == .none ? 0 : max(5, min(rect.rows / 4, 16))
    let gap = rect.rows > 24 ? 1 : 0
    let sideWidth = rect.columns >= 170 ? 52 : rect.columns >= 110 ? 38 : narrowSide
    let main = rect.droppingRight(sideWidth + 3)
    let curves = stripRows == 0 ? main : main.droppingBottom(stripRows + 1 + gap)
    if CostPanel.isShown(feed) {
      // On a small screen the explanation needs the room; most of the numbers are not there yet.
      guard rect.columns >= 110 else { return CostPanel.draw(state, in: rect, on: &canvas) }
      CostPanel.draw(state, in: main, on: &canvas)
      return drawNumbers(state, in: rect.right(sideWidth), on: &canvas)
    }
    if needsOpening(feed) {
      return OpeningPanel.draw(state, needed: [.clip, .diffusion], in: rect, on: &canvas)
    }
    drawCurves(feed, in: curves, gap: gap, on: &canvas)
    if stripRows > 0 { ReconstructionStrip.draw(feed, in: main.bottom(stripRows + 1), on: &canvas) }
    drawNumbers(state, in: rect.right(sideWidth), on: &canvas)
  }

  /// Nothing can be trained yet, or at all.
  private static func needsOpening(_ feed: Feed) -> Bool {
    guard feed.points.isEmpty, feed.aligning.isEmpty, !feed.opening.isEmpty else { return false }
    return feed.isOpening || reasonNotToTrain(feed) != nil || feed.part(.clip).map(\.hasFailed) ?? false
  }

  private static func drawCurves(_ feed: Feed, in rect: Rect, gap: Int, on canvas: inout Canvas) {
    let half = (rect.rows - gap) / 2
    let (top, bottom) = (rect.top(half), rect.bottom(half))
    drawLoss(feed, in: top, on: &canvas)
    drawAccuracy(feed, in: bottom, steps: 0...Double(max(feed.plan.totalSteps, 1)), on: &canvas)
  }

  /// The loss of the stage that is on: of the projection alone at first, then of CLIP.
  private static func drawLoss(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    let isAligning = feed.isAligning
    let steps = isAligning ? feed.plan.alignSteps : feed.plan.totalSteps
    let raw = (isAligning ? feed.aligning : feed.points).map { ChartPoint(x: Double($0.step), y: $0.loss) }
    let smooth = smoothed(raw)
    let now = smooth.last.map { " " + $0.y.text(figures: 3) } ?? ""
    let title = isAligning ? "Aligning loss" : "Loss"
    let remark = isAligning ? "of the projection alone" : "of the predicted noise, smoothed"
    canvas.heading(title + now, remark, in: rect)
    LineChart(
      series: [.init(style: .dim, points: raw), .init(style: .accent, points: smooth)],
      xRange: 0...Double(max(steps, 1)), xUnit: isAligning ? "aligning steps" : "steps",
      emptyMessage: waiting(feed, for: "The loss of every step")
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static func drawAccuracy(
    _ feed: Feed, in rect: Rect, steps: ClosedRange<Double>, on canvas: inout Canvas
  ) {
    canvas.heading("Pairs both right", "%", in: rect)
    var column = rect.column + 21
    column = canvas.write("━ baseline", column, rect.row, .baseline, limit: rect.endColumn) + 2
    column = canvas.write("━ tuned", column, rect.row, .tuned, limit: rect.endColumn) + 2
    if feed.evaluations.count > 1, column + 4 < rect.endColumn {
      canvas.write("⠢ 95 %", column, rect.row, .dim, limit: rect.endColumn)
    }
    let baseline = feed.evaluations.map { ChartPoint(x: Double($0.step), y: $0.baselineAccuracy) }
    let tuned = feed.evaluations.map { ChartPoint(x: Double($0.step), y: $0.tunedAccuracy) }
    LineChart(
      series: [.init(style: .baseline, points: baseline), .init(style: .tuned, points: tuned)],
      band: feed.evaluations.map { evaluation in
        .init(
          x: Double(evaluation.step), low: evaluation.baselineAccuracy + evaluation.interval95.lowerBound,
          high: evaluation.baselineAccuracy + evaluation.interval95.upperBound)
      },
      xRange: steps, xUnit: "steps", yLabel: { value, decimals in value.percent(decimals: max(0, decimals - 2)) },
      emptyMessage: waiting(feed, for: "Both models' accuracy on the pairs, after each evaluation,")
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static func waiting(_ feed: Feed, for what: String) -> String {
    switch feed.status {
    case .loading(let doing): "\(what) will stand here. Now: \(doing) …"
    case .failed(let problem): problem.message
    case .ready, .stopped, .finished, .crashed:
      feed.plan.isWatched
        ? "\(what) would stand here, but the run ended before." : "\(what) will stand here. Press s to start training."
    case .running, .paused, .live: "\(what) will stand here."
    }
  }

  /// An exponential mean over about `span` steps; a value that is no number leaves it as it was, and a gap.
  static func smoothed(_ points: [ChartPoint], span: Double = 20) -> [ChartPoint] {
    var mean: Double?
    return points.map { point in
      guard point.y.isFinite else { return point }
      let next = mean.map { $0 + (point.y - $0) * 2 / (span + 1) } ?? point.y
      mean = next
      return ChartPoint(x: point.x, y: next)
    }
  }

  // MARK: - Numbers

  private static func drawNumbers(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    canvas.heading("Run", feed.plan.name, in: rect)
    let last = feed.points.last ?? feed.aligning.last
    drawProgress(feed, in: rect, row: rect.row + 1, on: &canvas)
    let (step, total) = feed.isAligning ? (last?.step ?? 0, feed.plan.alignSteps) : (feed.step, feed.plan.totalSteps)
    let part = feed.stepping.map { " · \($0.done)/\($0.all)" } ?? ""
    let steps = total > 0 ? "\(step) of \(total)\(part)" : "–"
    canvas.field(feed.isAligning ? "aligning step" : "step", steps, in: rect, row: rect.row + 2)
    canvas.field(
      "speed", last.map { "\($0.imagesPerSecond.text(figures: 3)) images/s" } ?? "–", in: rect, row: rect.row + 3)
    canvas.field("learning rate", last?.learningRate.scientific ?? "–", in: rect, row: rect.row + 4)
    canvas.field("gradient norm", last?.gradientNorm.text(figures: 3) ?? "–", in: rect, row: rect.row + 5)
    canvas.field("time · left", timeText(feed), in: rect, row: rect.row + 6)
    canvas.field("memory", memoryText(state), in: rect, row: rect.row + 7)

    let answers = rect.droppingTop(9)
    drawAnswers(feed, in: answers, on: &canvas)
    let patterns = answers.droppingTop(7)
    if let evaluation = feed.evaluations.last, patterns.rows > evaluation.patterns.count {
      canvas.heading("By pattern", "▌tuned ┃baseline", in: patterns)
      let rows = evaluation.patterns.map { Bars.Row(name: $0.name, baseline: $0.baseline, tuned: $0.tuned) }
      Bars.draw(rows, in: patterns.droppingTop(1), on: &canvas)
    } else if rect.columns <= narrowSide, !feed.reconstructions.isEmpty, canvas.graphics != .none {
      ReconstructionStrip.explain(in: patterns, on: &canvas)
    }
  }

  private static func drawProgress(_ feed: Feed, in rect: Rect, row: Int, on canvas: inout Canvas) {
    let label = "\(feed.progress.percent(decimals: 0)) %"
    let width = rect.columns - 6
    canvas.write(String(repeating: "·", count: width), rect.column, row, .dim)
    canvas.write(Bars.bar(feed.progress, columns: width), rect.column, row, .accent)
    canvas.writeRight(label, endColumn: rect.endColumn, row)
  }

  private static func timeText(_ feed: Feed) -> String {
    let aligned = feed.aligning.last?.seconds ?? 0
    guard let last = feed.points.last, last.step > 0 else {
      guard let whole = feed.cost?.wholeSeconds else { return aligned > 0 ? "\(aligned.clockTime) · –" : "–" }
      return "\(aligned.clockTime) · about \(max(0, whole - aligned).durationText)"
    }
    let left = (last.seconds - aligned) / Double(last.step) * Double(feed.plan.totalSteps - last.step)
    return "\(last.seconds.clockTime) · \(left.clockTime)"
  }

  /// In use now, and as much as the run is expected to take.
  private static func memoryText(_ state: ExplorerState) -> String {
    guard let used = state.memory else { return "–" }
    guard let cost = state.feed.cost, !state.feed.plan.isWatched else { return used.byteText }
    // Beside small models the program itself counts, which the estimate leaves out.
    let whole = cost.opened + cost.memory.total
    return used < whole ? "\(used.byteText) of ~\(whole.byteText)" : used.byteText
  }

  private static func drawAnswers(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    // Large models take minutes for an evaluation, in which no step is taken.
    let asked = feed.isTraining ? (feed.scoring ?? feed.naming).map { "\($0.done)/\($0.all)" } : nil
    canvas.heading("Answers", rect.columns > narrowSide ? asked ?? "" : "", in: rect)
    canvas.writeRight("baseline", endColumn: rect.endColumn - 9, rect.row, .baseline)
    canvas.writeRight("tuned", endColumn: rect.endColumn, rect.row, .tuned)
    guard let evaluation = feed.evaluations.last else {
      let when = asked == nil ? "after the first evaluation" : "when all images are looked at"
      canvas.write(when, rect.column, rect.row + 1, .dim, limit: rect.endColumn)
      return
    }
    compare("pairs", evaluation.baselineAccuracy, evaluation.tunedAccuracy, in: rect, row: 1, on: &canvas)
    compare("zero-shot", evaluation.zeroShotBaseline, evaluation.zeroShotTuned, in: rect, row: 2, on: &canvas)
    let (points, style) = ((evaluation.tunedAccuracy - evaluation.baselineAccuracy) * 100).change()
    canvas.field("pairs gained", "\(points) points", in: rect, row: rect.row + 3, style)
    let interval = [evaluation.interval95.lowerBound, evaluation.interval95.upperBound]
    let limits = interval.map { ($0 * 100).signed(decimals: 1) }.joined(separator: " … ")
    canvas.field("95 % interval", limits, in: rect, row: rect.row + 4)
    let counts = "\(evaluation.fixed) fixed · \(evaluation.broken) broken"
    canvas.field(counts, pText(evaluation.pValue), in: rect, row: rect.row + 5)
  }

  private static func compare(
    _ name: String, _ baseline: Double?, _ tuned: Double?, in rect: Rect, row: Int, on canvas: inout Canvas
  ) {
    guard row < rect.rows else { return }
    canvas.write(name, rect.column, rect.row + row, .dim)
    let texts = [baseline, tuned].map { $0.map { "\($0.percent(decimals: 1)) %" } ?? "–" }
    canvas.writeRight(texts[0], endColumn: rect.endColumn - 9, rect.row + row, .baseline)
    canvas.writeRight(texts[1], endColumn: rect.endColumn, rect.row + row, .tuned.bold)
  }

  /// "p 0.0016"; too small to count is said as a bound.
  static func pText(_ value: Double) -> String {
    value < 0.0001 ? "p < 0.0001" : "p \(value.text(figures: 2))"
  }
}
