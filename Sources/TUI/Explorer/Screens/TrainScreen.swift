import Engine
import Terminal

/// The run while it trains: loss, pair accuracy of baseline and tuned CLIP, numbers, reconstructions.
///
/// It keeps no state of its own: everything it shows is the feed.
enum TrainScreen: Screen {
  static let title = "Train"

  static let keys: [Binding] = [
    Binding(
      keys: ["s"], label: "start",
      tooltip: "Start training; a long run shows its estimated cost first.",
      unavailable: { decisionFirst($0) ?? reasonNotToTrain($0.feed) ?? reasonNotToStart($0) }
    ) { _, _ in [.startTraining] },
    Binding(
      keys: ["p", " "], label: "pause", tooltip: "Pause or resume training.",
      unavailable: reasonNotToSteer
    ) { state, _ in [state.feed.session.status == .paused ? .resume : .pause] },
    Binding(
      keys: ["x"], label: "stop", tooltip: "Stop training; the trained weights are kept and saved.",
      unavailable: reasonNotToSteer
    ) { _, _ in [.stop] },
    Binding(
      keys: ["R"], label: "resume",
      tooltip: "Resume a run that was stopped or has crashed.",
      unavailable: reasonNotToResume
    ) { _, _ in [.resumeRun] },
    Binding(
      keys: [.enter], label: "confirm", tooltip: "Confirm the estimated cost and start.",
      unavailable: reasonNotToDecide
    ) { _, _ in [.confirmCost] },
    Binding(
      keys: [.escape], label: "cancel", tooltip: "Cancel the start of the run.", unavailable: reasonNotToDecide
    ) { _, _ in [.declineCost] },
  ]

  private static func decisionFirst(_ state: ExplorerState) -> String? {
    CostPanel.isShown(state.feed) ? "Enter confirms, Esc cancels" : nil
  }

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

  private static func reasonNotToStart(_ state: ExplorerState) -> String? {
    switch state.feed.session.status {
    case .loading(let what): "\(what) first"
    case .running, .paused, .live: "training has already started"
    case .ready, .stopped, .finished, .crashed, .failed: watchedReason(state)
    }
  }

  private static func reasonNotToSteer(_ state: ExplorerState) -> String? {
    let isOn = [.running, .paused].contains(state.feed.session.status)
    return watchedReason(state) ?? decisionFirst(state) ?? (isOn ? nil : "nothing is being trained")
  }

  private static func reasonNotToResume(_ state: ExplorerState) -> String? {
    if let reason = decisionFirst(state) { return reason }
    let isFollowed = state.feed.run.isFollowed
    return switch state.feed.session.status {
    case .stopped, .crashed: nil
    case .failed: state.feed.history.steps.isEmpty ? "there is no run to resume" : nil
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
    RunCharts.drawLoss(feed, in: rows[0], on: &canvas)
    RunCharts.drawAccuracy(feed, in: rows[1], on: &canvas)
    if rows.count > 2 { ReconstructionStrip.draw(state, in: rows[2], on: &canvas) }
    RunPanel.draw(state, in: side, on: &canvas)
  }

  /// Nothing can be trained yet, or at all.
  private static func needsOpening(_ feed: Feed) -> Bool {
    guard feed.history.steps.isEmpty, !feed.session.opening.isEmpty else { return false }
    return feed.isOpening || reasonNotToTrain(feed) != nil || feed.part(.clip).map(\.hasFailed) ?? false
  }
}
