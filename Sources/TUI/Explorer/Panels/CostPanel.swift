import Terminal

/// What a run will cost on this machine, and the question whether it may.
enum CostPanel {
  /// Whether a person is asked, or waits for the measurement.
  static func isShown(_ feed: Feed) -> Bool {
    switch feed.cost?.stage {
    case .asking, .measuring, .measured: true
    case .free, .agreed, nil: false
    }
  }

  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard let cost = state.feed.cost else { return }
    canvas.heading("What this run costs here", in: rect)
    let room = rect.left(100).droppingTop(2)
    var row = room.row
    func entry(_ name: String, _ value: String, _ style: Style, _ explanation: String) {
      guard row < room.endRow else { return }
      canvas.write(name, room.column, row, .dim)
      canvas.write(value, room.column + 12, row, style, limit: room.endColumn)
      row += 1
      for line in explanation.wrapped(toCells: room.columns - 12) where row < room.endRow {
        canvas.write(line, room.column + 12, row, .dim)
        row += 1
      }
      row += 1
    }
    let (memory, style) = memoryText(cost)
    entry("memory", memory, style, memoryExplanation(cost))
    entry("a step", stepText(cost, state.feed.stepping), .normal, stepExplanation(cost, state))
    entry("all of it", wholeText(cost), cost.wholeSeconds == nil ? .dim : .title, wholeExplanation(cost))
    drawKeys(cost.stage, in: room, row: row, on: &canvas)
  }

  private static func memoryText(_ cost: RunCost) -> (String, Style) {
    let whole = (cost.opened + cost.memory.total).byteText
    guard let available = cost.available else { return ("about \(whole)", .normal) }
    return cost.fits
      ? ("about \(whole)", .normal)
      : ("about \(whole), more than there is: \((cost.opened + available).byteText)", .bad)
  }

  private static func memoryExplanation(_ cost: RunCost) -> String {
    let (memory, plan) = (cost.memory, cost.plan)
    let sum =
      "\(cost.opened.byteText) in use now, \(memory.weights.byteText) for weights as they are multiplied and the copy "
      + "that learns, \(memory.optimizer.byteText) for \(plan.optimizer.rawValue), \(memory.passes.byteText) for "
      + "gradients and what the backward pass keeps of \(plan.batch) \(plan.batch == 1 ? "image" : "images") × "
      + "\(plan.draws) noise \(plan.draws == 1 ? "draw" : "draws"), estimated from the layers’ sizes."
    return cost.fits
      ? sum
      : sum
        + " The system may end a program that takes more than there is: --memory small and a smaller --batch take less."
  }

  private static func stepText(_ cost: RunCost, _ stepping: WorkProgress?) -> String {
    if let seconds = cost.secondsPerStep { return seconds.durationText }
    guard cost.stage == .measuring else { return "not known yet" }
    guard let stepping, let left = stepping.secondsLeft, stepping.done < stepping.all else { return "being measured …" }
    let whole = left * Double(stepping.all) / Double(stepping.all - stepping.done)
    return "about \(whole.durationText), by \(stepping.done) of its \(stepping.all) parts"
  }

  private static func stepExplanation(_ cost: RunCost, _ state: ExplorerState) -> String {
    switch cost.stage {
    case .asking: "The first step is taken to measure it, and counts."
    case .measuring: (state.feed.scoring ?? state.feed.naming).map(firstImages) ?? firstStep(state)
    default:
      cost.stepSeconds == nil
        ? "An aligning step was measured (\((cost.aligningSeconds ?? 0).durationText)); one that trains CLIP has "
          + "\(cost.stepsPerAligning.text(decimals: 1)) times the operations."
        : "Measured: the first step. It counts."
    }
  }

  private static func firstImages(_ scoring: WorkProgress) -> String {
    let left = scoring.secondsLeft.map { ", \($0.clockTime) left" } ?? ""
    return "Before the first step both models are evaluated: \(scoring.done) of \(scoring.all) images\(left)."
  }

  private static func firstStep(_ state: ExplorerState) -> String {
    let progress =
      state.feed.stepping.map { "\($0.done) of \($0.all) parts" }
      ?? "for \(max(0, state.now - state.feed.lastNews).clockTime)"
    return "The first step is on: \(progress). It counts; Esc does not undo it."
  }

  private static func wholeText(_ cost: RunCost) -> String {
    cost.wholeSeconds.map(\.durationText) ?? "–"
  }

  private static func wholeExplanation(_ cost: RunCost) -> String {
    let plan = cost.plan
    let aligning = plan.alignSteps > 0 ? "\(steps(plan.alignSteps, "aligning ")) and " : ""
    let images = plan.batch * plan.accumulate
    return aligning
      + "\(steps(plan.steps)) of \(images) \(images == 1 ? "image" : "images"), without the evaluations."
  }

  private static func steps(_ count: Int, _ kind: String = "") -> String {
    "\(count.grouped) \(kind)\(count == 1 ? "step" : "steps")"
  }

  private static func drawKeys(_ stage: RunCost.Stage, in rect: Rect, row: Int, on canvas: inout Canvas) {
    guard stage != .measuring, row < rect.endRow else { return }
    var column = canvas.write("Enter", rect.column + 12, row, .accent.bold)
    column = canvas.write(stage == .asking ? "take the first step" : "go on", column + 1, row, .normal) + 3
    column = canvas.write("Esc", column, row, .accent.bold)
    canvas.write("go back", column + 1, row, .normal)
  }
}

extension Double {
  /// Seconds as people say them: "0.12 s", "48 s", "12 min", "3.4 h", "2.1 days".
  var durationText: String {
    guard isFinite, self >= 0 else { return "–" }
    switch self {
    case ..<100: return "\(text(figures: 2)) s"
    case ..<6000: return "\((self / 60).text(figures: self < 600 ? 2 : 3)) min"
    case ..<172_800: return "\((self / 3600).text(figures: 2)) h"
    default: return "\((self / 86_400).text(figures: 2)) days"
    }
  }
}
