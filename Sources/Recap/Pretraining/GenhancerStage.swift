import Engine

/// Learning to draw a picture from the frozen CLIP's class token alone: GenHancer's first stage.
///
/// Denoiser and projectors are trained together, by rectified flow with logit-normal times. A share of the pictures is
/// drawn from nothing, an embedding of 0.
struct GenhancerStage {
  let plan: PretrainPlan.Genhancer
  let scenes: EmbeddedScenes

  func run(_ denoiser: GenhancerDenoiser, seed: UInt64, report: (PretrainProgress) throws -> Void) throws {
    let loop = StageSteps(
      steps: plan.steps, rate: plan.rate, warmUpSteps: plan.warmUpSteps, weightDecay: plan.weightDecay,
      betas: (0.9, 0.99))
    var average = MovingAverage(denoiser.parameters, decay: plan.averageDecay)
    var scenes = scenes
    try loop.run(denoiser.parameters, report: report) {
      average.update()
    } loss: { step in
      let batch = scenes.batch(step)
      let embeddings = dropped(batch.embeddings, seed: seed, step: step)
      let draw = draw(batch.latents.shape, seed: seed, step: step)
      return .init(value: denoiser.answer(latents: batch.latents, embeddings: embeddings, draw: draw).loss)
    }
    average.assign()
  }

  private func dropped(_ embeddings: Tensor, seed: UInt64, step: Int) -> Tensor {
    let width = embeddings.shape[1]
    let kept = EmbeddedScenes.kept(
      embeddings.shape[0], emptyShare: plan.emptyShare, RandomSource(seed: seed, stream: .genhancerEmpty), step: step)
    return Tensor(embeddings.values.enumerated().map { kept[$0 / width] * $1 }, shape: embeddings.shape)
  }

  private func draw(_ shape: Shape, seed: UInt64, step: Int) -> FlowDraw {
    FlowDraw(
      noise: RandomSource(seed: seed, stream: .genhancerNoise).normal(shape, step: step),
      normal: RandomSource(seed: seed, stream: .genhancerTimes).normal([shape[0], 1], step: step))
  }

  /// The finished denoiser's losses at times of so many thousandths.
  func rows(_ denoiser: GenhancerDenoiser, scenes count: Int, seed: UInt64) -> [DenoiserMeasure.Row] {
    let batch = scenes.unseen(count)
    let noise = RandomSource(seed: seed, stream: .genhancerNoise)
    return DenoiserMeasure.rows(batch.embeddings, latents: batch.latents, noise: noise) { given, timestep, noise in
      let draw = FlowDraw(noise: noise, times: Array(repeating: Float(timestep) / 1000, count: count))
      return denoiser.answer(latents: batch.latents, embeddings: given, draw: draw).loss
    }
  }
}
