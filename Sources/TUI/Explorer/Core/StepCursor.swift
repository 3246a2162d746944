import Terminal

/// The evaluation that is looked at, on every screen that can show one of the past.
enum StepCursor {
  /// - Parameters:
  ///   - steps: those that the screen can show, rising.
  ///   - reason: why there is none, or one alone.
  static func keys(
    _ reason: String = "there is no other evaluation to go to yet",
    _ steps: @escaping @Sendable (ExplorerState) -> [Int]
  ) -> [Binding] {
    let unavailable: @Sendable (ExplorerState) -> String? = { state in
      if steps(state).count > 1 { return nil }
      return state.feed.run.program == nil ? reason : "no other step was recorded for this screen"
    }
    return [
      Binding(
        keys: ["[", "]"], label: "step", names: ["previous-step", "next-step"],
        tooltip: "Go to the evaluation before or after; the last one follows the run.",
        unavailable: unavailable
      ) { state, key in
        move(&state, steps(state), by: key == "[" ? -1 : 1)
      },
      Binding(
        keys: ["{", "}"], label: "first, last step", names: ["first-step", "last-step"],
        tooltip: "Go to the first evaluation, or to the last.",
        unavailable: unavailable
      ) { state, key in
        Explorer.look(at: key == "{" ? steps(state).first : steps(state).last, &state)
      },
      Binding(keys: ["\\"], label: "live", tooltip: "Follow the newest evaluation.", unavailable: unavailable) {
        state, _ in
        Explorer.look(at: nil, &state)
      },
    ]
  }

  private static func move(_ state: inout ExplorerState, _ steps: [Int], by count: Int) -> [Work] {
    let at = state.step.map { step in steps.lastIndex { $0 <= step } ?? 0 } ?? steps.count - 1
    return Explorer.look(at: steps[max(0, min(at + count, steps.count - 1))], &state)
  }
}
