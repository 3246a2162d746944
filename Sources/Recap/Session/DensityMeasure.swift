import Engine

/// How well the frozen diffusion model predicts noise when it is told this much: the loss without training.
public struct DensityMeasure {
  public let models: DivaModels
  public let images: any TrainingImages

  public init(models: DivaModels, images: any TrainingImages) {
    self.models = models
    self.images = images
  }

  /// The mean loss of the tuned tower over `batches` batches of the configuration's size, noise and tokens drawn from
  /// its seed. Changes nothing. Throws a `Problem` when the images cannot be read.
  public func loss(_ plan: TrainConfiguration, batches: Int) throws -> Double {
    precondition(batches > 0, "nothing to measure in \(batches) batches")
    let total = try (0..<batches).reduce(0.0) { try $0 + Double(loss(plan, batch: $1)) }
    return total / Double(batches)
  }

  private func loss(_ plan: TrainConfiguration, batch: Int) throws -> Float {
    try withoutGradient {
      let indices = (0..<plan.batch).map { (batch * plan.batch + $0) % images.count }
      let inputs = try images.inputs(indices, batch: batch)
      let latents = inputs.latents
      let told = plan.density.chosenPatches(
        images: plan.batch, patches: models.tuned.config.patches, random: RandomSource(seed: plan.seed, stream: 11),
        step: batch)
      let context = models.recap.context(
        pixels: inputs.pixels, vision: models.tuned, density: plan.density, patches: told)
      let draw = NoiseDraw.random(
        latents: latents.shape, draws: plan.draws, timesteps: plan.timesteps,
        random: RandomSource(seed: plan.seed, stream: 20), step: batch)
      return models.feedback.answer(latents: latents, context: context, draw: draw).loss.item
    }
  }
}
