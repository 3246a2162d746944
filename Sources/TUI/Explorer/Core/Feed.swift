import Recap
import Terminal

/// What the screens show: the run, what the session does, pictures and pairs.
struct Feed: Equatable, Sendable {
  var run = OpenedRun()
  var session = SessionActivity()
  /// The images that can be reconstructed.
  var samples: [Picture] = []
  /// The last reconstruction of each image and timestep.
  var reconstructions: [Reconstruction] = []
  var pairs: [PairRow] = []
  /// When the session last reported, on the explorer's clock.
  var lastNews = 0.0

  var history: RunHistory { run.history }

  /// Whether a run is under way here that is saved when the program ends.
  var isTraining: Bool { session.status == .running || session.status == .paused }

  /// Steps that would be lost if the program ended now. A step that was only measured is no loss.
  var unsavedSteps: Int {
    guard isTraining, session.cost?.stage != .measured, !run.isAligning else { return 0 }
    return max(0, run.step - history.savedStep)
  }

  /// What was reconstructed with the density that is in use.
  func reconstruction(of imageIndex: Int, timestep: Int) -> Reconstruction? {
    reconstructions.first { $0.imageIndex == imageIndex && $0.timestep == timestep && $0.density == run.density }
  }

  mutating func take(_ new: Reconstruction) {
    if let at = reconstructions.firstIndex(where: { $0.imageIndex == new.imageIndex && $0.timestep == new.timestep }) {
      reconstructions[at] = new
    } else {
      reconstructions.append(new)
    }
  }
}
