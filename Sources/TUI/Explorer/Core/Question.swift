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

  func title(_ state: ExplorerState) -> String {
    switch self {
    case .quit: "Quit?"
    case .stop: "Stop training?"
    case .newRun: "Start a new run?"
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
    case .train:
      return ["Now it trains with \(run.density.label). The change is marked ▲ on every chart and written to the log."]
    }
  }

  var yes: String {
    switch self {
    case .quit: "save and quit"
    case .stop: "stop"
    case .newRun: "start"
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
    case .train(let density):
      state.reconstruct.density = nil
      return [.setDensity(density)]
    }
  }
}

/// What a person has requested of the run, as long as the session has not done it.
enum Pending: Equatable, Sendable { case pausing, resuming, stopping }
