import Engine
import Foundation
import Recap

/// The models that a benchmark runs, made when they are first needed and only those.
final class BenchModels {
  private let size: BenchPlan.Size
  private let subject: BenchSubject
  private(set) lazy var workspace = Result { try subject.workspace() }

  init(_ size: BenchPlan.Size, of subject: BenchSubject) { (self.size, self.subject) = (size, subject) }

  func vision() throws -> CLIPVisionTower {
    guard let sizes = ModelSizes(size) else { return try workspace.get().clip.vision }
    return try made("an image tower") {
      try CLIPVisionTower(sizes.vision, projectionWidth: sizes.projectionWidth, from: $0)
    }
  }

  func unet() throws -> any Denoiser {
    guard let sizes = ModelSizes(size) else { return try workspace.get().diffusion.denoiser }
    return try opened(made("a UNet") { try UNet2DConditionModel(sizes.unet, from: $0) })
  }

  func autoencoder() throws -> AutoencoderKL {
    guard let sizes = ModelSizes(size) else { return try workspace.get().diffusion.autoencoder }
    return try made("an autoencoder") { try AutoencoderKL(sizes.autoencoder, from: $0) }
  }

  var schedule: NoiseSchedule {
    get throws { size == .given ? try workspace.get().diffusion.schedule : NoiseSchedule() }
  }

  var density: RecapDensity {
    get throws { try ModelSizes(size)?.density ?? subject.density.density(for: workspace.get().backbone) }
  }

  /// (1, tokens, context width)
  func prompt() throws -> Tensor {
    guard let sizes = ModelSizes(size) else { return try workspace.get().prompt }
    return RandomSource(seed: subject.seed, stream: .benchPrompt).normal([1, 77, sizes.unet.contextWidth], step: 0)
  }

  /// The models of a run, for the trainer.
  func diva() throws -> DivaModels { try workspace.get().models(tuned: subject.tuned, seed: subject.seed) }

  /// The training step's settings: the default run's.
  func plan(batch: Int) throws -> TrainConfiguration {
    var plan = TrainConfiguration()
    (plan.seed, plan.batch, plan.density) = (subject.seed, batch, try density)
    (plan.alignSteps, plan.steps) = (0, .max / 2)
    try workspace.get().requirePossible(plan)
    return plan
  }

  /// What a step of these models will take, where that is worth a word.
  func say(_ memory: StepMemory) { memory.note().map(subject.note) }

  var keepsLatents: Bool { ArithmeticPolicy.current.memory == .fast }

  /// The same model as it is when a folder is opened: frozen weights stay in their file, which takes no memory that the
  /// system could not have back. The file is gone with the model.
  private func opened(_ made: UNet2DConditionModel) throws -> UNet2DConditionModel {
    let folder = FileManager.default.temporaryDirectory.appending(path: "diva-tui-bench-\(UUID())")
    defer { try? FileManager.default.removeItem(at: folder) }
    try made.save(to: WeightsFolder(folder.path))
    return try UNet2DConditionModel(WeightsFolder(folder.path))
  }

  private func made<Model>(_ name: String, _ make: (Weights) throws -> Model) throws -> Model {
    subject.note("making \(name) of random weights")
    return try make(.initializing(seed: subject.seed))
  }
}

/// Published configurations, and tiny ones of the same build.
struct ModelSizes {
  let vision: CLIPVisionConfig
  let projectionWidth: Int
  let unet: UNet2DConfig
  let autoencoder: AutoencoderConfig
  let density: RecapDensity

  /// OpenAI's ViT-L/14 and stabilityai/stable-diffusion-2-1-base, with DIVA's recap density for OpenAI's CLIP.
  private static let full = ModelSizes(
    vision: CLIPVisionConfig(
      encoder: CLIPEncoderConfig(width: 1024, layers: 24, heads: 16), imageSize: 224, patchSize: 14),
    projectionWidth: 768,
    unet: UNet2DConfig(
      sampleSize: 64, blockChannels: [320, 640, 1280, 1280], attention: [true, true, true, false],
      heads: [5, 10, 20, 20], contextWidth: 1024),
    autoencoder: AutoencoderConfig(sampleSize: 512, blockChannels: [128, 256, 512, 512]),
    density: .count(76))

  private static let tiny = ModelSizes(
    vision: CLIPVisionConfig(
      encoder: CLIPEncoderConfig(width: 32, layers: 2, heads: 2), imageSize: 32, patchSize: 8),
    projectionWidth: 16,
    unet: UNet2DConfig(
      sampleSize: 8, blockChannels: [32, 64], attention: [true, false], heads: [2, 4], contextWidth: 24, groups: 8),
    autoencoder: AutoencoderConfig(sampleSize: 64, blockChannels: [8, 16, 16, 16], groups: 4),
    density: .count(5))
}

extension ModelSizes {
  /// nil for models that are given.
  init?(_ size: BenchPlan.Size) {
    switch size {
    case .given: return nil
    case .full: self = .full
    case .tiny: self = .tiny
    }
  }
}
