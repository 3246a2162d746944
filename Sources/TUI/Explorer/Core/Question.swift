import Recap

/// What a person confirms before it happens.
enum Question: Equatable, Sendable {
  /// A run is under way, which quitting ends.
  case quit
  /// A run is under way, which stopping ends.
  case stop
  /// A run has ended here, whose curves a new one takes from the screens.
  case newRun
  /// Train with another density from the next step on.
  case train(RecapDensity)
  /// Train the runs of a sweep.
  case sweep(SweepTable)

  func title(_ state: ExplorerState) -> String {
    switch self {
    case .quit: "Quit?"
    case .stop: "Stop training?"
    case .newRun: "Start a new run?"
    case .sweep(let table): "Train \(table.cells.count.counted("run"))?"
    case .train(let density):
      "Train with \(density.label) from \(state.feed.run.isAligning ? "aligning step" : "step") \(state.feed.run.step)?"
    }
  }

  /// What follows from yes; all of it true.
  func lines(_ state: ExplorerState) -> [String] {
    let run = state.feed.run
    let step = "\(run.isAligning ? "aligning step" : "step") \(run.step) of \(run.totalSteps)"
    let folder = run.path.isEmpty ? "its folder" : run.path
    switch self {
    case .stop: return ["The run is at \(step). Stopping saves it and ends it there; R resumes it."]
    case .quit:
      return [
        "The run is at \(step). Quitting saves it and stops it there.", "Resume it with diva-tui --resume \(folder)",
      ]
    case .newRun: return ["The run that ended stays in \(folder): diva-tui opens it again."]
    case .sweep(let table):
      let seeds = table.cells.count / max(table.densities.count, 1)
      return [
        "\(table.densities.count.counted("density", plural: "densities")) with \(seeds.counted("seed")), "
          + "\(table.steps.counted("step")) each. \(table.cost).",
        "Each is a run of its own in \(table.folder). The run on the screens is not changed, and goes first. C cancels; "
          + "what has ended stays.",
      ]
    case .train:
      return ["Now it trains with \(run.density.label). The change is marked ▲ on every chart and written to the log."]
    }
  }

  var yes: String {
    switch self {
    case .quit: "save and quit"
    case .stop: "stop"
    case .newRun, .sweep: "start"
    case .train: "train with it"
    }
  }

  /// A person says yes.
  func accept(_ state: inout ExplorerState) -> [Work] {
    switch self {
    case .quit: return [.quit]
    case .stop:
      // The last step may have come meanwhile.
      guard state.feed.isTraining else { return [] }
      state.pending = .stopping
      return [.stop]
    case .newRun: return [.startTraining]
    case .sweep: return [.startSweep]
    case .train(let density):
      state.reconstruct.density = nil
      return [.setDensity(density)]
    }
  }
}

/// What a person has requested of the run, as long as the session has not done it.
enum Pending: Equatable, Sendable { case pausing, resuming, stopping }
