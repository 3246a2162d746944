import Engine
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
  /// Mean squared errors against the original, for each noise that was tried; the pictures are the first one's.
  var latentErrors: [ErrorPair]
  var pixelErrors: [ErrorPair]
  /// By the tower of an evaluation, not by the one that the run has now.
  var isRecorded = false

  /// Whether both are of the baseline: before training, unless another tuned CLIP was given.
  var isOfOneCLIP: Bool { step == 0 && latentErrors.allSatisfy { $0.baseline == $0.tuned } }

  /// - Parameter recorded: the step of a recorded tower; nil for the one that the run has now.
  func isAt(_ imageIndex: Int, _ timestep: Int, _ density: RecapDensity, recorded: Int?) -> Bool {
    self.imageIndex == imageIndex && self.timestep == timestep && self.density == density
      && (isRecorded ? step : nil) == recorded
  }
}

/// The same error over several noises.
struct ErrorSpread: Equatable, Sendable {
  let noises: Int
  let mean: ErrorPair
  /// Of the difference tuned − baseline; nil of one noise.
  let standardError: Double?

  init(_ errors: [ErrorPair]) {
    noises = errors.count
    mean = ErrorPair(baseline: errors.map(\.baseline).mean, tuned: errors.map(\.tuned).mean)
    standardError = errors.map { $0.tuned - $0.baseline }.standardError
  }

  /// Whether tuning surely changed it: by more than two standard errors.
  var isSure: Bool { standardError.map { abs(mean.tuned - mean.baseline) > 2 * $0 } ?? false }

  /// By how much tuning changed the error: "−12.3 ± 4.0 %", in colour only where that is sure.
  var change: (text: String, style: Style) {
    change(cells: .max)
  }

  /// As much of that as fits: "−12 ± 4 %", "−12 %", "−12".
  func change(cells: Int) -> (text: String, style: Style) {
    let part = 100 * (mean.tuned - mean.baseline) / mean.baseline
    guard part.isFinite else { return ("–", .dim) }
    let spread = standardError.map { abs(100 * $0 / mean.baseline) }
    func form(_ decimals: Int, withSpread: Bool = true) -> (text: String, style: Style) {
      let (text, style) = part.change(decimals: decimals, isSure: isSure, moreIsBetter: false)
      let around = withSpread ? spread.map { " ± \($0.text(decimals: decimals))" } ?? "" : ""
      return ("\(text)\(around) %", style)
    }
    let forms = [form(1), form(0), form(0, withSpread: false)]
    if let first = forms.first(where: { $0.text.cellWidth <= cells }) { return first }
    return (forms[2].text.replacing(" %", with: ""), forms[2].style)
  }
}

extension Reconstruction {
  init(_ result: Reconstructor.Result, image: Int, timestep: Int, step: Int, density: RecapDensity) {
    self.init(
      imageIndex: image, timestep: timestep, step: step, density: density, original: Picture(result.original),
      noised: Picture(result.noised), byBaseline: Picture(result.baseline.image), byTuned: Picture(result.tuned.image),
      latentErrors: [ErrorPair(baseline: result.baseline.latentError, tuned: result.tuned.latentError)],
      pixelErrors: [ErrorPair(baseline: result.baseline.pixelError, tuned: result.tuned.pixelError)])
  }
}
