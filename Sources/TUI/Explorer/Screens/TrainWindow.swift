import Terminal

/// The steps that the Train screen's charts show, and how mouse and keys choose them.
enum TrainWindow {
  /// All steps of the stage that is on.
  private static func whole(_ state: ExplorerState) -> ClosedRange<Double> {
    0...Double(max(state.feed.run.totalSteps, state.feed.run.step, 1))
  }

  /// Less than so many steps are no curve.
  private static let least = 4.0

  static func zoom(_ state: inout ExplorerState) {
    let shown = state.train.window ?? whole(state)
    let length = (shown.upperBound - shown.lowerBound) / 2
    guard length >= least else { return state.hint("fewer steps are no curve") }
    let last = min(Double(state.feed.run.step), shown.upperBound)
    let center = state.train.crosshair.map(Double.init) ?? last - length / 2
    move(&state, to: center - length / 2, length: length)
  }

  static func pan(_ state: inout ExplorerState, isBack: Bool) {
    guard let window = state.train.window else { return }
    let length = window.upperBound - window.lowerBound
    move(&state, to: window.lowerBound + (isBack ? -length : length) / 4, length: length)
  }

  private static func move(_ state: inout ExplorerState, to start: Double, length: Double) {
    let whole = whole(state)
    let start = max(whole.lowerBound, min(start, whole.upperBound - length))
    state.train.window = start...(start + length)
  }
}

extension TrainScreen {
  /// What a chart is to the mouse, around its curves.
  static let chartsName = "charts"

  /// A click chooses a chart and moves the crosshair, dragging shows the steps between, the wheel moves the crosshair.
  static func point(_ state: inout ExplorerState, _ mouse: Mouse, on target: MouseTarget?) -> [Work]? {
    let isLeft = mouse.button == .left
    switch (mouse.action, target?.part) {
    case (.press, .row(_, let place)?) where isLeft:
      state.train.focus = place
    case (.press, .chart(let place, let range)?) where isLeft:
      state.train.focus = place
      let start = target?.value(at: mouse.column) ?? range.lowerBound
      let cell = (range.upperBound - range.lowerBound) / Double(max(target?.rect.columns ?? 1, 1))
      state.train.drag = Drag(start: start, end: start, least: max(2 * cell, 2))
    case (.drag, .chart?) where isLeft && state.train.drag != nil:
      state.train.drag?.end = target?.value(at: mouse.column) ?? 0
    case (.release, _):
      guard let drag = state.train.drag else { return nil }
      state.train.drag = nil
      if let window = drag.window {
        state.train.window = window
      } else if state.train.crosshair != nil {
        state.train.crosshair = Int(drag.start)
      }
    case (.wheelUp, .chart?) where state.train.crosshair != nil: move(&state, .left)
    case (.wheelDown, .chart?) where state.train.crosshair != nil: move(&state, .right)
    default: return nil
    }
    return []
  }
}
