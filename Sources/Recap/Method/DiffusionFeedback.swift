import Engine

/// One batch of noised latents: the inputs of the frozen diffusion model.
public struct NoiseDraw: Sendable {
  /// Standard normal, like the latents, (N·B, h, w, c): N draws, the whole batch each.
  public let noise: Tensor
  /// One in 0 ..< 1000 for each of the N·B noised latents.
  public let timesteps: [Int]

  public init(noise: Tensor, timesteps: [Int]) {
    precondition(noise.shape[0] == timesteps.count, "\(timesteps.count) timesteps for noise of \(noise.shape)")
    self.noise = noise
    self.timesteps = timesteps
  }

  /// Draw `n` of image i in a step is sample n·B + i, so that resuming or accumulating changes no number.
  ///
  /// - Parameter part: the images of the micro-batch that have these latents; nil for all.
  public static func random(
    latents shape: Shape, draws: Int, timesteps range: Range<Int>, seed: UInt64, step: Int, part: BatchPart? = nil
  ) -> NoiseDraw {
    let (noise, timesteps) = (RandomSource(seed: seed, stream: .noise), RandomSource(seed: seed, stream: .timesteps))
    let part = part ?? .whole(shape[0])
    precondition(part.places.count == shape[0], "\(shape[0]) latents of \(part.places.count) images")
    let starts = (0..<draws).map { $0 * part.batch + part.places.lowerBound }
    return NoiseDraw(
      noise: part.isWhole
        ? noise.normal(shape.replacingFirst(with: draws * shape[0]), step: step)
        : .stacked(starts.map { noise.normal(shape, step: step, firstSample: $0) }),
      timesteps: starts.flatMap { start in
        (start..<start + shape[0]).map { timesteps.integer(in: range, step: step, sample: $0) }
      })
  }
}

/// The frozen diffusion model's noise prediction under CLIP's condition, and its error.
///
/// x_t = √ᾱ_t·latent + √(1 − ᾱ_t)·ε; loss = mean (ε̂(x_t, t, context) − target)², the gradient of which flows through
/// the frozen UNet into the context (paper eq. 4; `models/SD_with_OpenAICLIP.py`).
public struct DiffusionFeedback {
  public let denoiser: any Denoiser
  public let schedule: NoiseSchedule

  public init(denoiser: any Denoiser, schedule: NoiseSchedule) {
    self.denoiser = denoiser
    self.schedule = schedule
  }

  public struct Answer {
    /// (N·B, h, w, c), both.
    public let prediction: Tensor
    public let target: Tensor
    /// The mean over all N draws, images and entries: a scalar that leads back to the context.
    public let loss: Tensor

    /// The mean squared error of each of the N·B predictions, without gradient.
    public var errors: [Double] { prediction.squaredErrors(target) }
  }

  /// - Parameters:
  ///   - latents: (B, h, w, c), scaled as the denoiser expects them.
  ///   - context: (B, tokens, width); shared by the N draws of an image, so CLIP runs once per image.
  ///   - classes: of a UNet that takes class vectors, (B, width).
  public func answer(latents: Tensor, context: Tensor, classes: Tensor? = nil, draw: NoiseDraw) -> Answer {
    let draws = draw.timesteps.count / latents.shape[0]
    func repeated(_ tensor: Tensor) -> Tensor { draws == 1 ? tensor : tensor.repeated(draws) }
    let clean = repeated(latents)
    let noised = schedule.addNoise(draw.noise, to: clean, timesteps: draw.timesteps)
    let prediction = denoiser(
      noised, timesteps: draw.timesteps, context: repeated(context), classes: classes.map(repeated))
    let target = schedule.target(noise: draw.noise, latents: clean, timesteps: draw.timesteps)
    return Answer(prediction: prediction, target: target, loss: prediction.meanSquaredError(target))
  }
}

extension Tensor {
  /// The mean squared error of each row, (N, …) against (N, …), without gradient.
  func squaredErrors(_ target: Tensor) -> [Double] {
    let rows = shape[0]
    return withUnsafeValues { own in
      target.withUnsafeValues { wanted in
        let size = own.count / max(rows, 1)
        return (0..<rows).map { row in
          let squares = (row * size..<(row + 1) * size).reduce(0.0) { sum, at in
            let difference = Double(own[at]) - Double(wanted[at])
            return sum + difference * difference
          }
          return squares / Double(size)
        }
      }
    }
  }
}
