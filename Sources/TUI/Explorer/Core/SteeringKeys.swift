import Engine
import Terminal

/// The keys that steer a run: on every screen.
enum SteeringKeys {
  static let all = [
    Binding(
      keys: ["p", " "], label: "pause", tooltip: "Pause or resume training.", unavailable: reasonNotToSteer
    ) { state, _ in
      let isPaused = state.pending == .pausing || state.feed.session.status == .paused && state.pending != .resuming
      state.pending = isPaused ? .resuming : .pausing
      return [isPaused ? .resume : .pause]
    },
    Binding(
      keys: ["x"], label: "stop", tooltip: "Stop training, after a question; the trained weights are kept and saved.",
      unavailable: reasonNotToSteer
    ) { state, _ in
      state.question = .stop
      return []
    },
    Binding(
      keys: ["n"], label: "new run", tooltip: "Start training; a long run shows its estimated cost first.",
      unavailable: { decisionFirst($0) ?? reasonNotToTrain($0.feed) ?? reasonNotToStart($0) }
    ) { state, _ in
      guard state.feed.history.steps.isEmpty else {
        state.question = .newRun
        return []
      }
      return [.startTraining]
    },
    Binding(
      keys: ["R"], label: "resume", tooltip: "Resume a run that was stopped or has crashed.",
      unavailable: reasonNotToResume
    ) { _, _ in [.resumeRun] },
  ]

  static func decisionFirst(_ state: ExplorerState) -> String? {
    CostPanel.isShown(state.feed) ? "Enter confirms, Esc cancels" : nil
  }

  /// Training takes a diffusion model.
  static func reasonNotToTrain(_ feed: Feed) -> String? {
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
    case .ready, .stopped, .finished, .crashed, .failed, .silent: watchedReason(state)
    }
  }

  private static func reasonNotToSteer(_ state: ExplorerState) -> String? {
    watchedReason(state) ?? decisionFirst(state) ?? (state.feed.isTraining ? nil : "nothing is being trained")
  }

  private static func reasonNotToResume(_ state: ExplorerState) -> String? {
    if let reason = decisionFirst(state) { return reason }
    if state.feed.run.program != nil { return "another program trains it, which alone can resume it" }
    let isFollowed = state.feed.run.isFollowed
    return switch state.feed.session.status {
    case .stopped, .crashed: nil
    case .failed: state.feed.history.steps.isEmpty ? "there is no run to resume" : nil
    case .finished, .silent: "all its steps are done"
    case .live: "another process trains it"
    case .paused: isFollowed ? "another process has paused it" : "p resumes it after a pause"
    case .running: "it is being trained"
    case .loading(let what): "\(what) first"
    case .ready: "no run has ended here"
    }
  }

  static func watchedReason(_ state: ExplorerState) -> String? {
    state.feed.run.isFollowed ? "this run is read-only; start diva-tui without a run to train" : nil
  }
}
