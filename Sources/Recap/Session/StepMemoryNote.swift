import Engine

extension StepMemory {
  /// Of a training step with these models.
  public init(_ models: DivaModels, _ plan: TrainConfiguration) {
    self.init(
      tower: models.tuned, denoiser: models.diffusion.denoiser,
      images: BatchPart(plan.batchParts - 1, of: plan.batchParts, batch: plan.batch).places.count, draws: plan.draws,
      contextTokens: plan.density.tokenCount(patches: models.tuned.config.patches),
      moments: (plan.optimizer == .sgd ? 1 : 2) + (plan.baselineShare > 0 ? 1 : 0))
  }

  /// What a person should know before the step begins; nil of small models, which fit anywhere.
  public func note(available: Int? = ProcessMemory.available) -> String? {
    guard peak >= 2_000_000_000 else { return nil }
    let needed = "a step needs about \(peak.byteText) of memory at its peak"
    guard let available else { return needed }
    let free = "\(available.byteText) are free"
    guard peak > available else { return "\(needed); \(free)" }
    let isSmall = ArithmeticPolicy.current.memory == .small
    return "\(needed), but only \(free): " + (isSmall ? "take smaller batches" : "--memory small takes less")
  }
}
