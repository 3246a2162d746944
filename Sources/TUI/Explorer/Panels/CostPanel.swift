import Engine
import Terminal

/// The estimated cost of a run on this machine, and the keys that confirm or cancel it.
enum CostPanel {
  private static let indent = 12

  /// Whether the run waits for a confirmation, or for the measurement.
  static func isShown(_ feed: Feed) -> Bool {
    switch feed.session.cost?.stage {
    case .asking, .measuring, .measured: true
    case .free, .agreed, nil: false
    }
  }

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard let cost = state.feed.session.cost else { return }
    canvas.heading("Estimated cost of this run", in: rect)
    let room = rect.left(100).droppingTop(2)
    let whole = cost.wholeSeconds.map { ($0.durationText, Style.title) } ?? ("–", .dim)
    let step = stepText(cost, state.feed.session.stepping)
    let row = Fields(
      [
        .init("memory", [memoryText(cost), (memoryExplanation(cost), .dim)]),
        .init("per step", [(step, .normal), (stepExplanation(cost, state), .dim)]),
        .init("whole run", [whole, (wholeExplanation(cost), .dim)]),
      ], indent: indent, gap: 1
    ).draw(in: room, on: &canvas)
    guard cost.stage != .measuring, row < room.endRow else { return }
    let next = cost.stage == .asking ? "run the first step" : "start"
    let start = room.column + indent
    let end = canvas.write([("Enter", .accent.bold), (" \(next)", .normal)], start, row)
    canvas.mark(Rect(column: start, row: row, columns: end - start, rows: 1), .key(.enter))
    let last = canvas.write([("Esc", .accent.bold), (" cancel", .normal)], end + 3, row)
    canvas.mark(Rect(column: end + 3, row: row, columns: max(last - end - 3, 0), rows: 1), .key(.escape))
  }

  private static func memoryText(_ cost: RunCost) -> (String, Style) {
    let whole = (cost.opened + cost.memory.total).byteText
    guard !cost.fits, let available = cost.available else { return ("about \(whole)", .normal) }
    return ("about \(whole), more than there is: \((cost.opened + available).byteText)", .bad)
  }

  private static func memoryExplanation(_ cost: RunCost) -> String {
    let (memory, plan) = (cost.memory, cost.plan)
    let warning =
      "The system may end a program that runs out of memory: --memory small or a smaller --batch need less."
    return "\(cost.opened.byteText) in use now, \(memory.weights.byteText) for packed weights and the trained copy, "
      + "\(memory.optimizer.byteText) for \(plan.optimizer.rawValue), \(memory.passes.byteText) for "
      + "gradients and activations of \(plan.batch.counted("image")) × "
      + "\(plan.draws.counted("noise draw")), estimated from the layers’ sizes." + (cost.fits ? "" : " " + warning)
  }

  private static func stepText(_ cost: RunCost, _ stepping: WorkProgress?) -> String {
    if let seconds = cost.secondsPerStep { return seconds.durationText }
    guard cost.stage == .measuring else { return "not known yet" }
    guard let stepping, let left = stepping.secondsLeft, stepping.done < stepping.all else { return "being measured …" }
    let whole = left * Double(stepping.all) / Double(stepping.all - stepping.done)
    return "about \(whole.durationText), after \(stepping.done) of \(stepping.all) micro-batches"
  }

  private static func stepExplanation(_ cost: RunCost, _ state: ExplorerState) -> String {
    switch cost.stage {
    case .asking: "Measured by running the first step, which counts."
    case .measuring: (state.feed.session.scoring ?? state.feed.session.zeroShot).map(firstImages) ?? firstStep(state)
    default:
      cost.stepSeconds == nil
        ? "Measured: one aligning step (\((cost.aligningSeconds ?? 0).durationText)); a step that trains CLIP has "
          + "\(cost.stepsPerAligning.text(decimals: 1)) times the operations."
        : "Measured: the first step, which counts."
    }
  }

  private static func firstImages(_ scoring: WorkProgress) -> String {
    let left = scoring.secondsLeft.map { ", \($0.clockTime) left" } ?? ""
    return "Before the first step both models are evaluated: \(scoring.done) of \(scoring.all) images\(left)."
  }

  private static func firstStep(_ state: ExplorerState) -> String {
    let progress =
      state.feed.session.stepping.map { "\($0.done) of \($0.all) micro-batches" }
      ?? "for \(max(0, state.now - state.feed.lastNews).clockTime)"
    return "The first step is running: \(progress). It counts; Esc does not undo it."
  }

  private static func wholeExplanation(_ cost: RunCost) -> String {
    let plan = cost.plan
    let aligning = plan.alignSteps > 0 ? "\(plan.alignSteps.counted("aligning step")) and " : ""
    let images = plan.batch * plan.accumulate
    return aligning
      + "\(plan.steps.counted("step")) of \(images.counted("image")), without the evaluations."
  }
}
