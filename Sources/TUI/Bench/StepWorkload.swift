import Engine
import Recap

extension Workload {
  /// The step on random weights: CLIP, UNet, loss, backward through the frozen UNet into CLIP, SGD with momentum
  /// and clipping. Latents and prompt embedding are at hand, as they are cached in training.
  static func divaStep(_ plan: BenchPlan, _ models: BenchModels) throws -> Workload {
    let step = try BareStep(plan, models)
    models.say(step.memory(batch: plan.batch))
    ProcessMemory.trim()
    return Workload(
      name: "DIVA step", run: step.run, operations: step.operations,
      description: [
        "kind": "step", "clip": step.vision.peerConfiguration, "unet": step.feedback.unet.config.json, "draws": 1,
        "told": .integer(step.told.count), "optimizer": "sgd", "trains_projection": true,
      ], warmUps: plan.warmUps)
  }

  /// A training step of the default run; with `keepsImages` images and latents are at hand, else made as in training.
  static func trainingStep(_ plan: BenchPlan, _ models: BenchModels, keepsImages: Bool) throws -> Workload {
    let settings = try models.plan(batch: plan.batch)
    let diva = try models.diva()
    let fixed = FixedImages(count: plan.batch, models: diva)
    let images: any TrainingImages =
      keepsImages ? fixed : try models.workspace.get().trainingImages(keepsLatents: models.keepsLatents)
    let trainer = Trainer(settings, models: diva, images: images)
    let (unet, told) = (diva.diffusion.unet, settings.density.tokenCount(patches: diva.tuned.config.patches))
    let counted = (images: plan.batch * settings.draws, side: unet.config.sampleSize)
    return Workload(
      name: keepsImages ? "mini step, batch \(plan.batch)" : "training step, images made as it goes",
      run: { _ = try trainer.step() },
      operations: diva.tuned.operations(images: plan.batch) + diva.tuned.gradientOperations(images: plan.batch)
        + unet.operations(images: counted.images, side: counted.side, contextTokens: told)
        + unet.contextGradientOperations(images: counted.images, side: counted.side, contextTokens: told),
      description: keepsImages
        ? [
          "kind": "step", "clip": diva.tuned.peerConfiguration, "unet": unet.config.json,
          "draws": .integer(settings.draws), "told": .integer(told), "optimizer": "adamw", "trains_projection": false,
        ] : nil, warmUps: plan.warmUps)
  }
}

/// One DIVA step without a run around it: nothing is held that the step does not need.
final class BareStep {
  let vision: CLIPVisionTower
  let feedback: DiffusionFeedback
  let told: ToldTokens
  private let recap: DenseRecap
  private let optimizer: SGD
  private let pixels: Tensor
  private let latents: Tensor
  private var number = 0

  init(_ plan: BenchPlan, _ models: BenchModels) throws {
    vision = try models.vision()
    feedback = DiffusionFeedback(unet: try models.unet(), schedule: try models.schedule)
    told = ToldTokens(vision, try models.density, batch: plan.batch)
    let unet = feedback.unet.config
    let projection = try VisualProjection.random(from: vision.projectionWidth, to: unet.contextWidth, seed: 1)
    recap = DenseRecap(projection: projection, promptEmbedding: try models.prompt(), joining: .tokenByToken)
    let trained = vision.parameters + [projection.weight] + (projection.bias.map { [$0] } ?? [])
    trained.forEach { $0.isTrainable = true }
    optimizer = SGD([ParameterGroup(trained)], momentum: 0.9)
    pixels = vision.randomPixels(plan.batch)
    latents = RandomSource(seed: 1, stream: 42).normal(
      [plan.batch, unet.sampleSize, unet.sampleSize, unet.inChannels], step: 0)
  }

  func run() {
    number += 1
    let draw = NoiseDraw.random(
      latents: latents.shape, draws: 1, timesteps: 0..<feedback.schedule.timesteps,
      random: RandomSource(seed: 1, stream: 20), step: number)
    let context = recap.context(pixels: pixels, vision: vision, density: told.density, patches: told.patches)
    feedback.answer(latents: latents, context: context, draw: draw).loss.backward()
    optimizer.step(learningRate: 1e-4, maximumNorm: 1)
  }

  func memory(batch: Int) -> StepMemory {
    StepMemory(
      tower: vision, unet: feedback.unet, images: batch, draws: 1, contextTokens: told.count, moments: 1)
  }

  var operations: Double {
    let (images, unet) = (latents.shape[0], feedback.unet)
    return vision.operations(images: images) + vision.gradientOperations(images: images)
      + unet.operations(images: images, side: unet.config.sampleSize, contextTokens: told.count)
      + unet.contextGradientOperations(images: images, side: unet.config.sampleSize, contextTokens: told.count)
  }
}
