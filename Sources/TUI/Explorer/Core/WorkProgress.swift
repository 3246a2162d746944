import Recap
import Terminal

/// How far a long piece of work is.
struct WorkProgress: Equatable, Sendable {
  var done: Int
  var all: Int
  /// As measured so far; nil before anything was.
  var secondsLeft: Double?

  var part: Double { Double(done) / Double(max(all, 1)) }
}

/// A picture that is being rebuilt.
struct RebuildProgress: Equatable, Sendable {
  enum Stage: Equatable, Sendable {
    case working
    /// Other work goes first.
    case resting
    /// A person left it off.
    case cancelled
  }

  var imageIndex: Int
  var timestep: Int
  /// The name of the density.
  var density: String
  var stage = Stage.working
  /// What is done now: "baseline, step 3 of 12".
  var doing = ""
  var progress: WorkProgress
  /// As far as they are made.
  var noised: Picture?
  var byBaseline: Picture?

  /// Whether it is about what the person looks at.
  func isOf(_ image: Int, _ timestep: Int, _ density: String) -> Bool {
    imageIndex == image && self.timestep == timestep && self.density == density
  }
}

extension GradualReconstruction.Piece {
  var words: String {
    switch self {
    case .encoding: "encoding the image"
    case .decodingNoised: "showing the noise"
    case .looking(let model): "\(model.name) looks"
    case .denoising(let model, let step, let of): "\(model.name), step \(step + 1) of \(of)"
    case .decoding(let model): "\(model.name), decoding"
    }
  }

  /// Pieces of one kind take the same time.
  var kind: Int {
    switch self {
    case .encoding: 0
    case .decodingNoised, .decoding: 1
    case .looking: 2
    case .denoising: 3
    }
  }
}

extension GradualReconstruction.Model {
  fileprivate var name: String { self == .baseline ? "baseline" : "tuned" }
}
