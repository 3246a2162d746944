import Glibc
import Kernels

/// How much noise each timestep means, and what the UNet was trained to predict.
///
/// Source: diffusers `DDPMScheduler`/`DDIMScheduler`; values are computed in the precision and order that PyTorch uses,
/// so that ᾱ agrees to the last bit.
public struct NoiseSchedule: Equatable, Sendable {
  public enum Prediction: String, Sendable {
    /// The noise itself.
    case epsilon
    /// √ᾱ·noise − √(1−ᾱ)·latents.
    case velocity = "v_prediction"
  }

  public enum Betas: String, Sendable {
    case linear
    /// Linear in the square root.
    case scaledLinear = "scaled_linear"
    /// ᾱ falls as a squared cosine, whatever the start and the end (Nichol & Dhariwal 2021).
    case squaredCosine = "squaredcos_cap_v2"
  }

  public let timesteps: Int
  public let betaStart: Double
  public let betaEnd: Double
  public let betas: Betas
  public let prediction: Prediction
  /// Added to every timestep that a sampler visits.
  public let stepsOffset: Int
  /// True: the sampler's last step ends at ᾱ = 1; false: at ᾱ of timestep 0.
  public let endsWithoutNoise: Bool
  /// The sampler holds its estimate of the clean latents within ± this; nil for latents, which have no bounds.
  public let clipping: Double?
  /// ᾱ by timestep: the share of the clean latents' variance that is left.
  public let alphasCumprod: [Float]

  public init(
    timesteps: Int = 1000, betaStart: Double = 0.00085, betaEnd: Double = 0.012, betas: Betas = .scaledLinear,
    prediction: Prediction = .epsilon, stepsOffset: Int = 1, endsWithoutNoise: Bool = false, clipping: Double? = nil
  ) {
    self.timesteps = timesteps
    self.betaStart = betaStart
    self.betaEnd = betaEnd
    self.betas = betas
    self.prediction = prediction
    self.stepsOffset = stepsOffset
    self.endsWithoutNoise = endsWithoutNoise
    self.clipping = clipping
    alphasCumprod = NoiseSchedule.alphas(timesteps, from: betaStart, to: betaEnd, betas)
  }

  private static func alphas(_ count: Int, from start: Double, to end: Double, _ betas: Betas) -> [Float] {
    let betas =
      switch betas {
      case .linear: linspace(start, end, count)
      case .scaledLinear: linspace(start.squareRoot(), end.squareRoot(), count).map { $0 * $0 }
      case .squaredCosine: squaredCosine(count)
      }
    // PyTorch keeps the running product in double and rounds each entry.
    var product = 1.0
    return betas.map { beta in
      product *= Double(1 - beta)
      return Float(product)
    }
  }

  /// No beta is above 0.999, which the last would be.
  private static func squaredCosine(_ count: Int) -> [Float] {
    func share(_ time: Double) -> Double {
      let cosine = cos((time + 0.008) / 1.008 * .pi / 2)
      return cosine * cosine
    }
    return (0..<count).map { i in
      let (now, next) = (share(Double(i) / Double(count)), share(Double(i + 1) / Double(count)))
      return Float(min(1 - next / now, 0.999))
    }
  }

  /// PyTorch's `linspace` in float32: from both ends towards the middle, each product and sum rounded once.
  private static func linspace(_ start: Double, _ end: Double, _ count: Int) -> [Float] {
    let (first, last) = (Float(start), Float(end))
    let step = count > 1 ? (last - first) / Float(count - 1) : 0
    return (0..<count).map { i in
      i < count / 2 ? first.addingProduct(step, Float(i)) : last.addingProduct(-step, Float(count - 1 - i))
    }
  }

  /// Clean latents (B, …) with noise of the same shape, each image at its timestep: √ᾱ·x + √(1−ᾱ)·ε. No gradient.
  public func addNoise(_ noise: Tensor, to latents: Tensor, timesteps: [Int]) -> Tensor {
    latents.blended(timesteps.map { alphasCumprod[$0].squareRoot() }, noise, timesteps.map(deviation))
  }

  /// What the UNet should answer: the noise, or the velocity. No gradient.
  public func target(noise: Tensor, latents: Tensor, timesteps: [Int]) -> Tensor {
    switch prediction {
    case .epsilon: noise.detached()
    case .velocity:
      noise.blended(
        timesteps.map { alphasCumprod[$0].squareRoot() }, latents, timesteps.map { -deviation($0) })
    }
  }

  /// √(1−ᾱ)
  func deviation(_ timestep: Int) -> Float { (1 - alphasCumprod[timestep]).squareRoot() }
}

extension Tensor {
  /// p·self + q·other with a p and a q for each image; the history of both is dropped.
  func blended(_ p: [Float], _ other: Tensor, _ q: [Float]) -> Tensor {
    precondition(
      shape == other.shape && p.count == shape[0], "blend of \(shape) and \(other.shape) with \(p.count) weights")
    let y = Tensor(uninitialized: shape)
    for image in 0..<shape[0] {
      let at = image * shape.stride
      kernels_blend(Int64(shape.stride), p[image], pointer + at, q[image], other.pointer + at, y.pointer + at)
    }
    return y
  }
}

extension NoiseSchedule {
  /// From a `scheduler_config.json` of any scheduler class: what it shares with training is read, and what would
  /// change the noise in a way that this engine does not implement is refused.
  public init(_ fields: ConfigurationFields) throws {
    try fields.require("rescale_betas_zero_snr", false)
    try fields.require("thresholding", false)
    try fields.require("trained_betas", .null)
    let betas = try fields.text("beta_schedule", default: "linear")
    guard let betas = Betas(rawValue: betas) else {
      throw fields.problem("beta_schedule", "linear, scaled_linear or squaredcos_cap_v2")
    }
    let prediction = try fields.text("prediction_type", default: "epsilon")
    guard let prediction = Prediction(rawValue: prediction) else {
      throw fields.problem("prediction_type", "epsilon or v_prediction")
    }
    let (start, end) = (
      try fields.number("beta_start", default: 0.0001), try fields.number("beta_end", default: 0.02)
    )
    guard 0 < start, start <= end, end < 1 else {
      throw fields.problem("beta_end", "beta_start ≤ beta_end, both in 0…1")
    }
    let clips = try fields.flag("clip_sample", default: fields.clipsByDefault)
    self.init(
      timesteps: try fields.integer("num_train_timesteps", default: 1000), betaStart: start, betaEnd: end,
      betas: betas, prediction: prediction,
      stepsOffset: try fields.integer("steps_offset", default: 0, in: 0...1000),
      endsWithoutNoise: try fields.flag("set_alpha_to_one", default: true),
      clipping: clips ? try fields.number("clip_sample_range", default: 1) : nil)
  }

  /// A configuration that diffusers' `DDIMScheduler` opens.
  public var json: JSON {
    [
      "_class_name": "DDIMScheduler", "_diffusers_version": "0.25.0", "beta_end": .number(betaEnd),
      "beta_schedule": .string(betas.rawValue), "beta_start": .number(betaStart), "clip_sample": .bool(clipping != nil),
      "clip_sample_range": .number(clipping ?? 1), "num_train_timesteps": .integer(timesteps),
      "prediction_type": .string(prediction.rawValue), "set_alpha_to_one": .bool(endsWithoutNoise),
      "steps_offset": .integer(stepsOffset), "timestep_spacing": "leading", "trained_betas": .null,
    ]
  }
}

extension ConfigurationFields {
  /// Only the schedulers for pixels clip by default.
  fileprivate var clipsByDefault: Bool { ["DDIMScheduler", "DDPMScheduler"].contains(json["_class_name"]?.text) }
}
