import Engine

/// What a recap density lets the frozen diffusion model know of the images, without training: how well it predicts noise,
/// and how near its reconstructions come. Every density gets the same images and the same noise.
public struct DensityMeasure {
  public let models: DivaModels
  public let images: any TrainingImages

  public init(models: DivaModels, images: any TrainingImages) {
    self.models = models
    self.images = images
  }

  /// A mean over images and its standard error.
  public struct Estimate: Equatable, Encodable, Sendable {
    public let mean: Double
    public let standardError: Double

    /// - Parameter values: one an image; the standard error of a single one is 0.
    public init(_ values: [Double]) {
      precondition(!values.isEmpty, "no image was measured")
      (mean, standardError) = (values.mean, values.standardError ?? 0)
    }
  }

  public struct Result: Sendable {
    /// Squared error of the predicted noise.
    public let loss: Estimate
    /// Squared error of scaled latents, noised to each of `timesteps` and reconstructed.
    public let latentErrors: [Estimate]
  }

  /// How far the reconstructed latents are noised.
  public static let timesteps = [500, 700]
  /// The sampler's, as the explorer's pictures have it.
  private static let samplerSteps = 12

  /// Of the tuned tower over `batches` batches of the configuration's size, drawn from its seed. Changes nothing. Throws
  /// a `Problem` when the images cannot be read.
  public func measure(_ plan: TrainConfiguration, batches: Int) throws -> Result {
    precondition(batches > 0, "nothing to measure in \(batches) batches")
    var losses: [Double] = []
    var errors = Self.timesteps.map { _ in [Double]() }
    try withoutGradient {
      for batch in 0..<batches {
        let indices = (0..<plan.batch).map { (batch * plan.batch + $0) % images.count }
        let inputs = DivaObjective.Inputs(
          try images.inputs(indices, batch: batch), plan.sampling, patches: models.tuned.config.patches, step: batch)
        let context = models.objective.context(inputs)
        losses += self.losses(inputs, context)
        for (place, timestep) in Self.timesteps.enumerated() {
          let rebuilt = reconstruct(inputs.latents, context, from: timestep, seed: plan.seed, batch: batch)
          errors[place] += rebuilt.squaredErrors(inputs.latents)
        }
      }
    }
    return Result(loss: Estimate(losses), latentErrors: errors.map(Estimate.init))
  }

  /// One an image, the mean over its draws.
  private func losses(_ inputs: DivaObjective.Inputs, _ context: Tensor) -> [Double] {
    let images = inputs.latents.shape[0]
    let errors = models.objective.answer(inputs, context: context).errors
    let draws = errors.count / images
    return (0..<images).map { image in
      (0..<draws).reduce(0) { $0 + errors[$1 * images + image] } / Double(draws)
    }
  }

  private func reconstruct(
    _ latents: Tensor, _ context: Tensor, from timestep: Int, seed: UInt64, batch: Int
  ) -> Tensor {
    let images = latents.shape[0]
    let schedule = models.feedback.schedule
    let noise = RandomSource(seed: seed, stream: .reconstructionNoise).normal(latents.shape, step: batch)
    var current = schedule.addNoise(noise, to: latents, timesteps: Array(repeating: timestep, count: images))
    let sampler = DDIMSampler(schedule)
    let timesteps = sampler.timesteps(Self.samplerSteps, from: timestep)
    for (t, next) in zip(timesteps, timesteps.dropFirst().map { Optional($0) } + [nil]) {
      let prediction = models.feedback.denoiser(
        current, timesteps: Array(repeating: t, count: images), context: context)
      current = sampler.step(current, prediction: prediction, from: t, to: next)
    }
    return current
  }
}
