import Engine
import Recap

/// Times the models' parts on the models that a session uses.
final class ModelBench {
  private let workspace: Workspace
  private let models: DivaModels
  private let plan: TrainConfiguration
  private let keepsLatents: Bool

  init(_ options: ModelOptions, _ general: GeneralOptions, batch: Int, _ console: Console) throws {
    workspace = try options.workspace(console)
    var plan = TrainConfiguration()
    plan.seed = general.seed
    plan.density = options.density.density(for: workspace.backbone)
    plan.batch = batch
    plan.alignSteps = 0
    plan.steps = .max / 2
    try workspace.requirePossible(plan)
    self.plan = plan
    models = try workspace.models(tuned: options.tuned, seed: general.seed)
    keepsLatents = general.memory == .fast
  }

  func row(_ part: BenchCommand.Part, repetitions: Int) throws -> BenchRow {
    let fixed = FixedImages(count: plan.batch, models: models)
    let inputs = fixed.inputs(Array(0..<plan.batch), batch: 0)
    switch part {
    case .clip:
      let pixels = inputs.pixels
      let times = timed(repetitions) {
        withoutGradient { _ = models.baseline.vision.imageFeatures(models.baseline.vision(pixels)) }
      }
      return row(part, "image tower, forward", times, clipOperations)
    case .unet:
      let latents = inputs.latents
      let context = Tensor(zeros: [plan.batch, told, models.diffusion.unet.config.contextWidth])
      let timesteps = Array(repeating: 500, count: plan.batch)
      let times = timed(repetitions) {
        withoutGradient { _ = models.diffusion.unet(latents, timesteps: timesteps, context: context) }
      }
      return row(part, "forward", times, unetOperations)
    case .vae:
      let pixels = inputs.pixels
      let times = timed(repetitions) { _ = models.diffusion.autoencoder.scaledLatents(of: pixels) }
      let side = pixels.shape[1]
      return row(
        part, "encode", times, models.diffusion.autoencoder.encodingOperations(images: plan.batch, side: side))
    case .step:
      return try row(
        part, "a training step", steps(workspace.trainingImages(keepsLatents: keepsLatents), repetitions),
        stepOperations)
    default: return try row(part, "a training step, images at hand", steps(fixed, repetitions), stepOperations)
    }
  }

  private func row(_ part: BenchCommand.Part, _ name: String, _ times: [Double], _ flops: Double) -> BenchRow {
    BenchRow(part, name: name, times: times, flops: flops, batch: plan.batch)
  }

  private func steps(_ images: any TrainingImages, _ repetitions: Int) throws -> [Double] {
    let trainer = Trainer(plan, models: models, images: images)
    return try timed(repetitions) { _ = try trainer.step() }
  }

  /// Seconds of each run, after three that prepare kernels and memory.
  private func timed(_ repetitions: Int, _ body: () throws -> Void) rethrows -> [Double] {
    for _ in 0..<3 { try body() }
    let clock = ContinuousClock()
    return try (0..<repetitions).map { _ in try clock.measure(body) / .seconds(1) }
  }

  // MARK: Operations

  private var told: Int { plan.density.tokenCount(patches: models.tuned.config.patches) }

  private var clipOperations: Double { models.tuned.operations(images: plan.batch) }

  private var unetOperations: Double {
    let unet = models.diffusion.unet
    return unet.operations(images: plan.batch, side: unet.config.sampleSize, contextTokens: told)
  }

  /// A gradient through frozen weights costs as much as the forward pass, through weights that learn twice as much.
  private var stepOperations: Double { 3 * clipOperations + 2 * Double(plan.draws) * unetOperations }
}
