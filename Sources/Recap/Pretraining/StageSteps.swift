import Engine

/// The steps of a stage of pre-training: AdamW, gradients of at most norm 1, and a cosine schedule after a warm-up.
struct StageSteps {
  let steps: Int
  let rate: Double
  let warmUpSteps: Int
  var weightDecay: Float = 0
  let betas: (Double, Double)

  /// What a step minimises, and what a progress line shows of it: the loss itself unless given.
  struct Loss {
    let value: Tensor
    var shown: Tensor?
  }

  /// Trains `parameters` in place.
  ///
  /// - Parameters:
  ///   - after: called after each step, before its report.
  ///   - loss: of the step with this number, from 0.
  func run(
    _ parameters: [Parameter], report: (PretrainProgress) throws -> Void, after: () -> Void = {}, loss: (Int) -> Loss
  ) throws {
    parameters.forEach { $0.isTrainable = true }
    defer { parameters.forEach { $0.isTrainable = false } }
    let optimizer = AdamW([ParameterGroup(parameters, weightDecay: weightDecay)], betas: betas)
    let schedule = LearningRateSchedule.cosine(peak: rate, warmup: warmUpSteps, total: steps)
    for step in 0..<steps {
      let loss = loss(step)
      loss.value.backward()
      let norm = optimizer.step(learningRate: schedule.rate(at: step), maximumNorm: 1)
      after()
      try report(
        PretrainProgress(step: step + 1, steps: steps, loss: (loss.shown ?? loss.value).item, gradNorm: norm))
    }
  }
}
