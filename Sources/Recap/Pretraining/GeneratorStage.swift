import Engine
import Foundation

/// Learning to draw a picture from the frozen CLIP's embedding of it: un²CLIP's first stage, after Stable unCLIP.
///
/// A share of the pictures is drawn from nothing; the others' embeddings have noise of a random level, which the model is
/// given: normalised, noised, and put back to their own scale.
struct GeneratorStage {
  let plan: PretrainPlan.Generator
  let scenes: EmbeddedScenes
  /// (1, tokens, context width)
  let emptyText: Tensor

  func run(
    _ unet: UNet2DConditionModel, _ normalizer: EmbeddingNormalizer, seed: UInt64,
    report: (PretrainProgress) throws -> Void
  ) throws {
    let loop = StageSteps(
      steps: plan.steps, rate: plan.rate, warmUpSteps: plan.warmUpSteps, weightDecay: plan.weightDecay,
      betas: (0.9, 0.99))
    var average = MovingAverage(unet.parameters, decay: plan.averageDecay)
    let generator = generator(unet)
    var scenes = scenes
    try loop.run(unet.parameters, report: report) {
      average.update()
    } loss: { step in
      let batch = scenes.batch(step)
      let classes = classes(batch.embeddings, generator, normalizer, seed: seed, step: step)
      let draw = draw(batch.latents.shape, seed: seed, step: step)
      return .init(value: generator.answer(latents: batch.latents, classes: classes, draw: draw).loss)
    }
    average.assign()
  }

  private func generator(_ unet: UNet2DConditionModel) -> UnclipGenerator {
    UnclipGenerator(unet: unet, schedule: MiniModels.generatorSchedule, emptyText: emptyText)
  }

  /// Of many pictures' embeddings.
  func normalizer() -> EmbeddingNormalizer { EmbeddingNormalizer(scenes.embeddings(2048)) }

  private func classes(
    _ embeddings: Tensor, _ generator: UnclipGenerator, _ normalizer: EmbeddingNormalizer, seed: UInt64, step: Int
  ) -> Tensor {
    let (count, levelled) = (embeddings.shape[0], RandomSource(seed: seed, stream: .generatorLevels))
    let levels = (0..<count).map { levelled.integer(in: 0..<plan.noiseLevels, step: step, sample: $0) }
    let noise = RandomSource(seed: seed, stream: .generatorLevelNoise).normal(embeddings.shape, step: step)
    let noised = MiniModels.levelSchedule.addNoise(
      noise, to: normalizer.normalized(embeddings), timesteps: levels)
    let kept = EmbeddedScenes.kept(
      count, emptyShare: plan.emptyShare, RandomSource(seed: seed, stream: .generatorEmpty), step: step)
    let whole = generator.classes(normalizer.restored(noised), levels: levels)
    return Tensor(whole.values.enumerated().map { kept[$0 / whole.shape[1]] * $1 }, shape: whole.shape)
  }

  private func draw(_ shape: Shape, seed: UInt64, step: Int) -> NoiseDraw {
    let timed = RandomSource(seed: seed, stream: .generatorTimesteps)
    let schedule = MiniModels.generatorSchedule
    return NoiseDraw(
      noise: RandomSource(seed: seed, stream: .generatorNoise).normal(shape, step: step),
      timesteps: (0..<shape[0]).map {
        Int(Float(schedule.timesteps) * pow(timed.uniform(step: step, sample: $0), plan.timestepPower))
      })
  }

  /// What the finished generator makes of unseen pictures.
  func rows(_ unet: UNet2DConditionModel, scenes count: Int, seed: UInt64) -> [DenoiserMeasure.Row] {
    let (batch, generator) = (scenes.unseen(count), generator(unet))
    let classes = generator.classes(batch.embeddings, levels: Array(repeating: 0, count: count))
    let noise = RandomSource(seed: seed, stream: .generatorNoise)
    return DenoiserMeasure.rows(classes, latents: batch.latents, noise: noise) { classes, timestep, noise in
      let draw = NoiseDraw(noise: noise, timesteps: Array(repeating: timestep, count: count))
      return generator.answer(latents: batch.latents, classes: classes, draw: draw).loss
    }
  }
}

/// Mean and deviation of each of an embedding's numbers: what diffusers keeps as Stable unCLIP's `image_normalizer`.
struct EmbeddingNormalizer {
  let mean: [Float]
  let deviation: [Float]

  /// Of embeddings in rows, (n, E).
  init(_ rows: Tensor) {
    let (count, width) = (rows.shape[0], rows.shape[1])
    let values = rows.values
    let means = (0..<width).map { column in
      (0..<count).reduce(0.0) { $0 + Double(values[$1 * width + column]) } / Double(count)
    }
    mean = means.map(Float.init)
    deviation = (0..<width).map { column in
      let squares = (0..<count).reduce(0.0) { sum, row in
        let difference = Double(values[row * width + column]) - means[column]
        return sum + difference * difference
      }
      return Float(max((squares / Double(count)).squareRoot(), 1e-6))
    }
  }

  func normalized(_ rows: Tensor) -> Tensor { mapped(rows) { ($0 - mean[$1]) / deviation[$1] } }
  func restored(_ rows: Tensor) -> Tensor { mapped(rows) { $0 * deviation[$1] + mean[$1] } }

  private func mapped(_ rows: Tensor, _ change: (Float, Int) -> Float) -> Tensor {
    Tensor(rows.values.enumerated().map { change($1, $0 % mean.count) }, shape: rows.shape)
  }

  /// Writes a folder that diffusers opens as a `StableUnCLIPImageNormalizer`.
  func save(to folder: WeightsFolder) throws {
    let parameters = [("mean", mean), ("std", deviation)].map {
      Parameter(name: $0, value: Tensor($1, shape: [1, $1.count]))
    }
    try folder.write(
      ["_class_name": "StableUnCLIPImageNormalizer", "embedding_dim": .integer(mean.count)], parameters: parameters,
      weightsName: "diffusion_pytorch_model.safetensors")
  }
}
