import Engine
import Terminal

/// The run while it trains: loss, pair accuracy of baseline and tuned CLIP, numbers, reconstructions.
///
/// It keeps no state of its own: everything it shows is the feed.
enum TrainScreen: Screen {
  static let title = "Train"

  static let keys: [Binding] = [
    Binding(
      [.character("s")], label: "start",
      tooltip: "Start training; a long run shows its estimated cost first.",
      unavailable: { state in
        if CostPanel.isShown(state.feed) { return "Enter confirms, Esc cancels" }
        if let reason = reasonNotToTrain(state.feed) { return reason }
        return switch state.feed.session.status {
        case .loading(let what): "\(what) first"
        case .running, .paused, .live: "training has already started"
        case .ready, .stopped, .finished, .crashed, .failed: watchedReason(state)
        }
      }
    ) { _, _ in [.startTraining] },
    Binding(
      [.character("p"), .character(" ")], label: "pause", tooltip: "Pause or resume training.",
      unavailable: reasonNotToSteer
    ) { state, _ in [state.feed.session.status == .paused ? .resume : .pause] },
    Binding(
      [.character("x")], label: "stop", tooltip: "Stop training; the trained weights are kept and saved.",
      unavailable: reasonNotToSteer
    ) { _, _ in [.stop] },
    Binding(
      [.character("R")], label: "resume",
      tooltip: "Resume a run that was stopped or has crashed.",
      unavailable: reasonNotToResume
    ) { _, _ in [.resumeRun] },
    Binding(
      [.enter], label: "confirm", tooltip: "Confirm the estimated cost and start.",
      unavailable: reasonNotToDecide
    ) { _, _ in [.confirmCost] },
    Binding(
      [.escape], label: "cancel", tooltip: "Cancel the start of the run.", unavailable: reasonNotToDecide
    ) { _, _ in [.declineCost] },
  ]

  private static func reasonNotToDecide(_ state: ExplorerState) -> String? {
    switch state.feed.session.cost?.stage {
    case .asking, .measured: nil
    case .measuring: "the first step is running"
    case .free, .agreed, nil: "there is nothing to confirm"
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
    if CostPanel.isShown(state.feed) { return "Enter confirms, Esc cancels" }
    return [.running, .paused].contains(state.feed.session.status) ? nil : "nothing is being trained"
  }

  private static func reasonNotToResume(_ state: ExplorerState) -> String? {
    if CostPanel.isShown(state.feed) { return "Enter confirms, Esc cancels" }
    let isFollowed = state.feed.run.isFollowed
    return switch state.feed.session.status {
    case .stopped, .crashed: nil
    case .failed: isFollowed || state.feed.history.steps.isEmpty ? "there is no run to resume" : nil
    case .finished: "all its steps are done"
    case .live: "another process trains it"
    case .paused: isFollowed ? "another process has paused it" : "p resumes it after a pause"
    case .running: "it is being trained"
    case .loading(let what): "\(what) first"
    case .ready: "no run has ended here"
    }
  }

  private static func watchedReason(_ state: ExplorerState) -> String? {
    state.feed.run.isFollowed ? "this run is read-only; start diva-tui without a run to train" : nil
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let feed = state.feed
    let parts = Columns.split(rect, gap: 3, [.main, .oneOf([30, 38, 52])])
    let (main, side) = (parts[0], parts[1])
    if CostPanel.isShown(feed) {
      // On a small screen the explanation needs the room; most of the numbers are not there yet.
      guard main.columns >= Length.mainCells else { return CostPanel.draw(state, in: rect, on: &canvas) }
      CostPanel.draw(state, in: main, on: &canvas)
      return RunPanel.draw(state, in: side, on: &canvas)
    }
    if needsOpening(feed) {
      return OpeningPanel.draw(state, needed: [.clip, .diffusion], in: rect, on: &canvas)
    }
    let strip: [Length] = canvas.graphics == .none ? [] : [.fixed(1 + max(5, min(rect.rows / 4, 16)))]
    let rows = Rows.split(main, gap: 1, [.flexible(needs: 10), .flexible(needs: 10)] + strip)
    drawLoss(feed, in: rows[0], on: &canvas)
    drawAccuracy(feed, in: rows[1], on: &canvas)
    if rows.count > 2 { ReconstructionStrip.draw(state, in: rows[2], on: &canvas) }
    RunPanel.draw(state, in: side, on: &canvas)
  }

  /// Nothing can be trained yet, or at all.
  private static func needsOpening(_ feed: Feed) -> Bool {
    guard feed.history.steps.isEmpty, !feed.session.opening.isEmpty else { return false }
    return feed.isOpening || reasonNotToTrain(feed) != nil || feed.part(.clip).map(\.hasFailed) ?? false
  }

  /// The loss of the stage that is on: of the projection alone at first, then of CLIP.
  private static func drawLoss(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    let isAligning = feed.run.isAligning
    let steps = feed.history.steps(in: isAligning ? .align : .train)
    let raw = steps.map { ChartPoint(x: Double($0.step), y: Double($0.loss)) }
    let smooth = smoothed(raw)
    let now = smooth.last.map { " " + $0.y.text(figures: 3) } ?? ""
    let title = isAligning ? "Aligning loss" : "Loss"
    let remark = isAligning ? "of the projection alone" : "of the predicted noise, smoothed"
    canvas.heading(title + now, remark, in: rect)
    LineChart(
      series: [(.dim, raw), (.accent, smooth)],
      xRange: 0...Double(max(feed.run.totalSteps, 1)), xUnit: isAligning ? "aligning steps" : "steps",
      emptyMessage: waiting(feed, for: "The loss of every step")
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static func drawAccuracy(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) {
    var column = canvas.heading("Pairs both right", "%", in: rect)
    let band: [(String, Style)] = feed.history.evaluations.count > 1 ? [("⠢ 95 %", .dim)] : []
    for (text, style) in [("━ baseline", .baseline), ("━ tuned", .tuned)] + band
    where column + 2 + text.cellWidth <= rect.endColumn {
      column = canvas.write(text, column + 2, rect.row, style)
    }
    let baseline = feed.history.evaluations.map { ChartPoint(x: Double($0.step), y: $0.baselineAccuracy) }
    let tuned = feed.history.evaluations.map { ChartPoint(x: Double($0.step), y: $0.tunedAccuracy) }
    LineChart(
      series: [(.baseline, baseline), (.tuned, tuned)],
      band: feed.history.evaluations.map { evaluation in
        (
          x: Double(evaluation.step), low: evaluation.baselineAccuracy + evaluation.interval95[0] / 100,
          high: evaluation.baselineAccuracy + evaluation.interval95[1] / 100
        )
      },
      xRange: 0...Double(max(feed.run.plan?.steps ?? 0, 1)), xUnit: "steps",
      yLabel: { value, decimals in value.percent(decimals: max(0, decimals - 2)) },
      emptyMessage: waiting(feed, for: "The pair accuracy of both models, after each evaluation,")
    ).draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static func waiting(_ feed: Feed, for what: String) -> String {
    switch feed.session.status {
    case .loading(let doing): "\(what) will be shown here. Now: \(doing) …"
    case .failed(let problem): problem.message
    case .ready, .stopped, .finished, .crashed:
      feed.run.isFollowed
        ? "\(what) would be shown here, but the run ended first."
        : "\(what) will be shown here. Press s to start training."
    case .running, .paused, .live: "\(what) will be shown here."
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
}
