import Engine

/// How well the frozen diffusion model predicts noise under a recap density: the loss without training.
public struct DensityMeasure {
  public let models: DivaModels
  public let images: any TrainingImages

  public init(models: DivaModels, images: any TrainingImages) {
    self.models = models
    self.images = images
  }

  /// The mean loss of the tuned tower over `batches` batches of the configuration's size, drawn from its seed. Changes
  /// nothing. Throws a `Problem` when the images cannot be read.
  public func loss(_ plan: TrainConfiguration, batches: Int) throws -> Double {
    precondition(batches > 0, "nothing to measure in \(batches) batches")
    let total = try (0..<batches).reduce(0.0) { try $0 + Double(loss(plan, batch: $1)) }
    return total / Double(batches)
  }

  private func loss(_ plan: TrainConfiguration, batch: Int) throws -> Float {
    try withoutGradient {
      let indices = (0..<plan.batch).map { (batch * plan.batch + $0) % images.count }
      let inputs = DivaObjective.Inputs(
        try images.inputs(indices, batch: batch), plan.sampling, patches: models.tuned.config.patches, step: batch)
      return models.objective.answer(inputs).loss.item
    }
  }
}
