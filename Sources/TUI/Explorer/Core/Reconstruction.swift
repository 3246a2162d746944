import Recap
import Terminal

/// The same error for both models.
struct ErrorPair: Equatable, Sendable {
  var baseline: Double
  var tuned: Double
}

/// What the frozen diffusion model reconstructs of a noised image, conditioned on each CLIP's features.
struct Reconstruction: Equatable, Sendable {
  var imageIndex: Int
  /// How far the image was noised: a step of the noise schedule.
  var timestep: Int
  /// The training step of the tuned CLIP.
  var step: Int
  /// The density of both conditions.
  var density: RecapDensity
  var original: Picture
  var noised: Picture
  var byBaseline: Picture
  var byTuned: Picture
  /// Mean squared errors against the original.
  var latentError: ErrorPair
  var pixelError: ErrorPair
}

extension Reconstruction {
  init(_ result: Reconstructor.Result, image: Int, timestep: Int, step: Int, density: RecapDensity) {
    self.init(
      imageIndex: image, timestep: timestep, step: step, density: density, original: Picture(result.original),
      noised: Picture(result.noised), byBaseline: Picture(result.baseline.image), byTuned: Picture(result.tuned.image),
      latentError: ErrorPair(baseline: result.baseline.latentError, tuned: result.tuned.latentError),
      pixelError: ErrorPair(baseline: result.baseline.pixelError, tuned: result.tuned.pixelError))
  }
}
