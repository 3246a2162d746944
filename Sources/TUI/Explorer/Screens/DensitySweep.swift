import Engine
import Recap
import Terminal

/// Runs with several densities and seeds, from inside: what they take is said first.
extension DensityScreen {
  static let sweepKeys: [Binding] = [
    Binding(
      keys: ["W"], label: "sweep",
      tooltip: "Train a run for each of several densities and seeds, after a question that says what they take.",
      unavailable: reasonNotToSweep, opensLine: true
    ) { state, _ in
      switch state.sweep.table?.stage {
      case .asking?: state.question = state.sweep.table.map(Question.sweep)
      case .cancelled?, .done?, nil:
        let densities = [.classOnly, .fraction(0.15), .fraction(0.3), .fraction(0.5), .all] as [RecapDensity]
        let words = densities.map(\.description).joined(separator: " ")
        state.sweep.entry = TextEntry("\(words) seeds 3 steps \(min(state.feed.run.plan?.steps ?? 300, 300))")
      case .measuring?, .running?: break
      }
      return []
    },
    Binding(
      keys: ["C"], label: "cancel", tooltip: "Cancel or resume the sweep, or else the reconstruction.",
      unavailable: { state in
        canCancelSweep(state) || ReconstructScreen.work(state) != nil
          ? nil : "neither sweep nor reconstruction is running"
      }
    ) { state, key in
      guard canCancelSweep(state) else { return LookKeys.cancel.act(&state, key) }
      return state.sweep.table?.stage == .cancelled ? [.startSweep] : [.cancelSweep]
    },
  ]

  private static func reasonNotToSweep(_ state: ExplorerState) -> String? {
    if let absence = state.feed.session.absence { return absence }
    switch state.sweep.table?.stage {
    case .measuring?: return "what the sweep takes is being measured; C cancels"
    case .running?: return "a sweep is running; C cancels it"
    case .asking?, .cancelled?, .done?, nil: break
    }
    return state.feed.samples.isEmpty || state.feed.pairs.isEmpty ? "models and pairs are not open yet" : nil
  }

  /// Whether there is one that runs, or that can be taken up.
  private static func canCancelSweep(_ state: ExplorerState) -> Bool {
    switch state.sweep.table?.stage {
    case .measuring?, .asking?, .running?: true
    case .cancelled?: state.sweep.table?.cost.isEmpty == false
    case .done?, nil: false
    }
  }

  static func isWriting(_ state: ExplorerState) -> Bool { state.sweep.entry != nil }

  static func capture(_ state: inout ExplorerState, _ key: Key) -> [Work]? {
    guard var entry = state.sweep.entry else { return nil }
    switch entry.take(key, history: []) {
    case .finished:
      do {
        let plan = try SweepPlan(parsing: entry.text)
        state.sweep.entry = nil
        return [.planSweep(plan)]
      } catch {
        state.report(Problem(error))
      }
    case .left: state.sweep.entry = nil
    case .changed: state.sweep.entry = entry
    case .ignored: break
    }
    return []
  }

  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    if case .densityReference(let table) = event { state.sweep.reference = table }
    guard case .sweep(let table) = event else { return [] }
    let before = state.sweep.table
    state.sweep.table = table
    // Nobody is asked in the middle of something else.
    guard table.stage == .asking, before?.stage != .asking || before?.folder != table.folder else { return [] }
    if state.screen == Self.self, state.question == nil, !state.isWriting {
      state.question = .sweep(table)
    } else {
      state.hint("what the sweep takes is known: W on the Density screen starts it")
    }
    return []
  }
}
