import Engine
import Terminal

/// The run while it trains: loss, pair accuracy of baseline and tuned CLIP, numbers, reconstructions.
enum TrainScreen: Screen {
  static let title = "Train"
  static let number = 1

  /// What the vertical axis shows.
  enum Range: CaseIterable, Sendable {
    case fitted, percentile, all

    var words: String? {
      switch self {
      case .fitted: nil
      case .percentile: "5–95 %"
      case .all: "all values"
      }
    }
  }

  struct State: Equatable, Sendable {
    /// The chart that keys are about: its place among `TrainChart.all`; nil before one was chosen.
    var focus: Int?
    /// Only that chart is shown.
    var isFull = false
    /// Its place among `TrainChart.spans`.
    var smoothing = 2
    var hasLogX = false
    var hasLogY = false
    var range = Range.fitted
    /// The step that the charts' values are read at; nil for the last.
    var crosshair: Int?
    /// The steps that the charts show; nil for all.
    var window: ClosedRange<Double>?
    /// Where the mouse went down on a chart, and where it is now.
    var drag: Drag?
  }

  /// A part of the horizontal axis while the mouse marks it.
  struct Drag: Equatable, Sendable {
    var start: Double
    var end: Double
    /// What the pointer must have moved to mean it.
    var least: Double

    /// nil for a click.
    var window: ClosedRange<Double>? {
      abs(end - start) < least ? nil : min(start, end)...max(start, end)
    }
  }

  static let keys: [Binding] = [
    Binding(
      keys: [.enter], label: "confirm", tooltip: "Confirm the estimated cost and start.",
      unavailable: reasonNotToDecide
    ) { _, _ in [.confirmCost] },
    Binding(
      keys: [.left, .right, .up, .down], label: "chart", names: ["previous-chart", "next-chart"],
      tooltip: "Choose the chart; with the crosshair on, ←→ move it."
    ) { state, key in
      move(&state, key)
      return []
    },
    .toggle("z", "full screen", "Show the chosen chart alone, as large as the screen.", \.train.isFull),
    Binding(
      keys: ["c"], label: "crosshair", tooltip: "Read all charts at one step.",
      unavailable: { $0.feed.run.hasSteps ? nil : "there is no step yet" }
    ) { state, _ in
      state.train.crosshair = state.train.crosshair == nil ? state.feed.run.step : nil
      return []
    },
    Binding(
      keys: ["v"], label: "smooth", tooltip: "Smooth curves over 0, 10, 50 or 200 steps (de-biased EMA)."
    ) { state, _ in
      state.train.smoothing = (state.train.smoothing + 1) % TrainChart.spans.count
      return []
    },
    .toggle("y", "log y", "Logarithmic vertical axes.", \.train.hasLogY),
    .toggle("Y", "log x", "Logarithmic horizontal axes.", \.train.hasLogX),
    Binding(
      keys: ["O"], label: "range",
      tooltip: "Vertical axes fit the smoothed curves, 90 % of the values, or all."
    ) { state, _ in
      state.train.range = state.train.range.next
      return []
    },
    Binding(
      keys: ["Z"], label: "zoom",
      tooltip: "Show the half of the steps around the crosshair, or the last half; Esc shows all.",
      unavailable: { $0.feed.run.hasSteps ? nil : "there is no step yet" }
    ) { state, _ in
      TrainWindow.zoom(&state)
      return []
    },
    Binding(
      keys: ["<", ">"], label: "pan", names: ["earlier", "later"], tooltip: "Move the steps that are shown.",
      unavailable: { $0.train.window == nil ? "all steps are shown; Z or dragging the mouse over a chart zooms" : nil }
    ) { state, key in
      TrainWindow.pan(&state, isBack: key == "<")
      return []
    },
    LookKeys.noise,
  ]

  static func move(_ state: inout ExplorerState, _ key: Key) {
    let isBack = [.left, .up].contains(key)
    if let at = state.train.crosshair, [.left, .right].contains(key) {
      // As fine as the widest chart's dots are.
      let last = max(state.feed.run.totalSteps, state.feed.run.step)
      let step = max(1, last / 100)
      state.train.crosshair = min(max(at + (isBack ? -step : step), 0), last)
    } else {
      let count = TrainChart.all(state.feed).count
      state.train.focus = (focus(state) + (isBack ? count - 1 : 1)) % count
    }
  }

  /// Before a chart was chosen the first one that has something to show.
  static func focus(_ state: ExplorerState) -> Int {
    let all = TrainChart.all(state.feed)
    return min(state.train.focus ?? all.firstIndex { $0.hasValues(state.feed) } ?? 0, all.count - 1)
  }

  private static func chosen(_ state: ExplorerState) -> TrainChart { TrainChart.all(state.feed)[focus(state)] }

  /// The values of the chosen chart as CSV, and what they are.
  static func values(_ state: ExplorerState) -> (text: String, title: String) {
    let chart = chosen(state)
    return (chart.csv(state.feed), chart.title(state.feed))
  }

  private static func reasonNotToDecide(_ state: ExplorerState) -> String? {
    switch state.feed.session.cost?.stage {
    case .asking, .measured: nil
    case .measuring: "the first step is running"
    case .free, .agreed, nil: "there is nothing to confirm"
    }
  }

  /// Esc does not start the run whose cost is shown, then closes the full screen, then the crosshair.
  static func leave(_ state: inout ExplorerState) -> [Work]? {
    if CostPanel.isShown(state.feed), reasonNotToDecide(state) == nil { return [.declineCost] }
    if state.train.isFull {
      state.train.isFull = false
    } else if state.train.window != nil {
      state.train.window = nil
    } else if state.train.crosshair != nil {
      state.train.crosshair = nil
    } else {
      return nil
    }
    return []
  }

  /// Small models' pictures are always there; large ones' cost minutes, and only those who look at them want them.
  static func open(_ state: ExplorerState) -> [Work] {
    guard state.feed.run.rebuildsEveryLevel, !state.feed.samples.isEmpty else { return [] }
    guard let pair = ChangedMost(state.feed.history)?.pairs.first ?? RunningScore.worst(state.feed.pairs) else {
      return ReconstructScreen.open(state)
    }
    return [
      .reconstructPair(
        PairPicture(place: pair.place, side: pair.side), timestep: ReconstructScreen.timestep(state),
        density: state.density)
    ]
  }

  /// The strip shows the pair that moved most, chosen by the newest answers; no cursor moves.
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    guard state.screen == TrainScreen.self else { return [] }
    switch event {
    case .samples, .opened, .log(.predictions): return open(state)
    case .pairs(let pairs) where pairs.allSatisfy { $0.baseline != nil } && state.feed.history.predictions.isEmpty:
      return open(state)
    default: return []
    }
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
    guard !state.train.isFull else {
      return chosen(state).draw(state, isFocused: true, in: rect, on: &canvas)
    }
    // Where there is no room for both, one chart says more than many numbers.
    guard rect.columns >= 72, rect.rows >= 18 else {
      let line = rect.top(1)
      canvas.write(EndCard.line(feed), line.column, line.row, limit: line.endColumn)
      return chosen(state).draw(state, isFocused: true, in: rect.droppingTop(1), on: &canvas)
    }
    let isForeign = feed.run.program != nil
    let hasStrip = canvas.graphics != .none && !(isForeign && feed.logged.isEmpty && feed.samples.isEmpty)
    let strip: [Length] = hasStrip ? [.fixed(2 + max(5, min(rect.rows / 4, 14)))] : []
    let rows = Rows.split(main, gap: 1, [.flexible(needs: 10)] + strip)
    drawCharts(state, in: rows[0], on: &canvas)
    if hasStrip {
      if !feed.logged.isEmpty {
        LoggedPictures.drawStrip(state, in: rows[1], on: &canvas)
      } else {
        ReconstructionStrip.draw(state, in: rows[1], on: &canvas)
      }
    }
    if isForeign {
      ForeignPanel.draw(state, in: side, on: &canvas)
    } else {
      RunPanel.draw(state, in: side, on: &canvas)
    }
  }

  /// The rows of a chart that is readable: its heading, its axis with numbers, and five of curves.
  private static let chartRows = 8

  /// As many charts as are readable; the page with the chosen one.
  private static func drawCharts(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let columns = max(1, min(3, rect.columns / 36))
    let rows = max(1, min(3, (rect.rows + 1) / (chartRows + 1)))
    let (focus, all) = (focus(state), TrainChart.all(state.feed))
    let page = focus / (columns * rows) * columns * rows
    let shown = min(columns * rows, all.count - page)
    let used = (shown + columns - 1) / columns
    // Where they do not fill all rows, the first ones have fewer and wider charts.
    var index = page
    for (row, line) in Rows.split(rect, gap: 1, Array(repeating: .flexible(), count: used)).enumerated() {
      let count = shown / used + (row >= used - shown % used ? 1 : 0)
      for box in Columns.split(line, gap: 2, Array(repeating: .flexible(), count: count)) {
        all[index].draw(state, isFocused: index == focus, in: box, on: &canvas)
        index += 1
      }
    }
  }

  /// Nothing can be trained yet, or at all.
  private static func needsOpening(_ feed: Feed) -> Bool {
    guard feed.history.steps.isEmpty, !feed.session.opening.isEmpty else { return false }
    return feed.isOpening || SteeringKeys.reasonNotToTrain(feed) != nil || feed.part(.clip).map(\.hasFailed) ?? false
  }
}
