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
        "kind": "step", "clip": step.objective.vision.peerConfiguration,
        "unet": step.objective.feedback.denoiser.json, "draws": 1, "context_tokens": .integer(step.contextTokens),
        "optimizer": "sgd", "trains_projection": true,
      ])
  }

  /// A training step of the default run; with `keepsImages` images and latents are at hand, else made as in training.
  static func trainingStep(_ plan: BenchPlan, _ models: BenchModels, keepsImages: Bool) throws -> Workload {
    let settings = try models.plan(batch: plan.batch)
    let diva = try models.diva()
    let fixed = FixedImages(count: plan.batch, models: diva)
    let images: any TrainingImages =
      keepsImages ? fixed : try models.workspace.get().trainingImages(keepsLatents: models.keepsLatents)
    let trainer = Trainer(settings, models: diva, images: images)
    let denoiser = diva.diffusion.denoiser
    let contextTokens = settings.density.tokenCount(patches: diva.tuned.config.patches)
    return Workload(
      name: keepsImages ? "mini step, batch \(plan.batch)" : "training step, images made as it goes",
      run: { _ = try trainer.step() },
      operations: diva.objective.operations(images: plan.batch, draws: settings.draws, contextTokens: contextTokens),
      description: keepsImages
        ? [
          "kind": "step", "clip": diva.tuned.peerConfiguration, "unet": denoiser.json,
          "draws": .integer(settings.draws), "context_tokens": .integer(contextTokens), "optimizer": "adamw",
          "trains_projection": false,
        ] : nil)
  }
}

/// One DIVA step without a run around it: nothing is held that the step does not need.
final class BareStep {
  let objective: DivaObjective
  private let sampling: DivaObjective.Sampling
  private let optimizer: SGD
  private let pixels: Tensor
  private let latents: Tensor
  private var number = 0

  init(_ plan: BenchPlan, _ models: BenchModels) throws {
    let vision = try models.vision()
    let feedback = DiffusionFeedback(denoiser: try models.unet(), schedule: try models.schedule)
    let denoiser = feedback.denoiser
    let projection = try VisualProjection.random(from: vision.projectionWidth, to: denoiser.contextWidth, seed: 1)
    objective = DivaObjective(
      vision: vision,
      recap: DenseRecap(projection: projection, promptEmbedding: try models.prompt(), joining: .tokenByToken),
      feedback: feedback)
    sampling = DivaObjective.Sampling(
      seed: 1, density: try models.density, draws: 1, timesteps: 0..<feedback.schedule.timesteps)
    let trained = vision.parameters + [projection.weight] + (projection.bias.map { [$0] } ?? [])
    trained.forEach { $0.isTrainable = true }
    optimizer = SGD([ParameterGroup(trained)], momentum: 0.9)
    pixels = vision.randomPixels(plan.batch)
    latents = RandomSource(seed: 1, stream: .benchLatents).normal(
      [plan.batch, denoiser.sampleSize, denoiser.sampleSize, denoiser.channels], step: 0)
  }

  var contextTokens: Int { sampling.density.tokenCount(patches: objective.vision.config.patches) }

  func run() {
    number += 1
    let inputs = DivaObjective.Inputs(
      clipPixels: pixels, latents: latents, sampling, patches: objective.vision.config.patches, step: number)
    objective.answer(inputs).loss.backward()
    optimizer.step(learningRate: 1e-4, maximumNorm: 1)
  }

  func memory(batch: Int) -> StepMemory {
    StepMemory(
      tower: objective.vision, denoiser: objective.feedback.denoiser, images: batch, draws: 1,
      contextTokens: contextTokens, moments: 1)
  }

  var operations: Double { objective.operations(images: latents.shape[0], draws: 1, contextTokens: contextTokens) }
}
