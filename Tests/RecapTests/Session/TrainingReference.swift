import Engine
import Foundation
import TestSupport

@testable import Recap

/// Ten optimizer steps as Tests/Reference/ten_losses.py took them in PyTorch: the small models of Tests/Fixtures, the
/// images that were given, and what came of them.
struct TrainingReference {
  let fixture: Fixture
  let plan: TrainConfiguration

  /// - Parameter optimizer: each has a fixture of its own, with other settings.
  init(_ optimizer: TrainConfiguration.OptimizerKind) throws {
    fixture = try Fixture("training_\(optimizer.rawValue)")
    var plan = TrainConfiguration()
    (plan.optimizer, plan.seed, plan.density) = (optimizer, 7, .fraction(4.0 / 9))
    (plan.batch, plan.accumulate, plan.draws) = (3, 2, 2)
    (plan.alignSteps, plan.alignRate, plan.baselineShare) = (4, 1e-3, 0.25)
    (plan.steps, plan.rate, plan.projectionRate, plan.warmUpSteps) = (6, 1e-3, 0, 2)
    (plan.weightDecay, plan.clipNorm) = (0.01, 1)
    if optimizer == .sgd {
      (plan.seed, plan.density) = (1 << 40 + 3, .count(4))
      (plan.rate, plan.projectionRate, plan.clipNorm) = (0.05, 0.02, 0.05)
    }
    self.plan = plan
  }

  func models() throws -> DivaModels {
    let folder = Fixture.folder.appending(path: "models").path
    let projection = try ["weight", "bias"].map { Parameter(name: $0, value: try fixture["begin.visual_proj.\($0)"]) }
    let diffusion = StableDiffusion(
      denoiser: try UNet2DConditionModel(WeightsFolder(folder + "/unet")),
      autoencoder: try AutoencoderKL(WeightsFolder(folder + "/vae")), schedule: NoiseSchedule())
    let shape = projection[0].shape
    let models = try DivaModels(
      baseline: CLIP(WeightsFolder(folder + "/clip")), diffusion: diffusion, prompt: fixture["prompt"],
      projection: Linear(shape[1], shape[0], from: .copying(projection)))
    models.openGenerator = {
      UnclipGenerator(
        unet: try UNet2DConditionModel(WeightsFolder(folder + "/unet-unclip")),
        schedule: NoiseSchedule(prediction: .velocity), emptyText: try fixture["prompt"])
    }
    models.openGenhancer = { try GenhancerDenoiser(WeightsFolder(folder + "/genhancer")) }
    try models.prepare(for: .unclip)
    try models.prepare(for: .genhancer)
    return models
  }

  func images() throws -> GivenImages { GivenImages(pixels: try fixture["pixels"], latents: try fixture["latents"]) }

  func trainer() throws -> Trainer { Trainer(plan, models: try models(), images: try images()) }

  /// The inputs of the run's first micro-batch, as the trainer draws them.
  func firstInputs() throws -> DivaObjective.Inputs {
    let images = try fixture.integers("first.images")
    let patches = try models().tuned.config.patches
    return DivaObjective.Inputs(try self.images().inputs(images, batch: 0), plan.sampling, patches: patches, step: 0)
  }
}

/// Images whose pixels and latents lie ready.
struct GivenImages: TrainingImages {
  let pixels: Tensor
  let latents: Tensor
  /// Micro-batches that cannot be read.
  var broken: Set<Int> = []

  var count: Int { pixels.shape[0] }

  func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs {
    guard !broken.contains(batch) else { throw Problem("batch \(batch) cannot be read") }
    return TrainingInputs(pixels: pixels.gatherImages(indices), latents: latents.gatherImages(indices))
  }
}

extension DivaModels {
  /// Everything that a run may change.
  var learning: [Parameter] { tuned.parameters + projectionParameters }

  var bits: [[UInt32]] { learning.map { $0.value.values.map(\.bitPattern) } }
}
