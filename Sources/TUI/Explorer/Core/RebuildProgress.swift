import Recap
import Terminal

/// A reconstruction that is being made.
struct RebuildProgress: Equatable, Sendable {
  enum Stage: Equatable, Sendable {
    case working
    /// Other work goes first.
    case resting
    /// By a person.
    case cancelled
  }

  var imageIndex: Int
  var timestep: Int
  var density: RecapDensity
  var stage = Stage.working
  /// What is done now: "baseline, step 3 of 12".
  var doing = ""
  var progress: WorkProgress
  /// As far as they are made.
  var noised: Picture?
  var byBaseline: Picture?
  /// Of the recorded tower; nil for the one that the run has now.
  var step: Int?
}

extension GradualReconstruction.Piece {
  /// Pieces of one kind take the same time.
  enum Kind { case encoding, decoding, conditioning, denoising }

  /// Its name, and the kind.
  var title: (words: String, kind: Kind) {
    switch self {
    case .encoding: ("encoding the image", .encoding)
    case .decodingNoised: ("decoding the noised image", .decoding)
    case .looking(let model): ("\(model.name), encoding", .conditioning)
    case .denoising(let model, let step, let of): ("\(model.name), step \(step + 1) of \(of)", .denoising)
    case .decoding(let model): ("\(model.name), decoding", .decoding)
    }
  }
}

extension GradualReconstruction.Model {
  fileprivate var name: String { self == .baseline ? "baseline" : "tuned" }
}
