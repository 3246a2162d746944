import Engine
import Foundation

/// Models and benchmarks, opened and ready: the embedded mini world unless paths say otherwise.
public struct Workspace {
  public let folder: MiniFolder
  public let clip: CLIP
  /// Where it was opened from.
  public let clipPath: String
  public let tokenizer: CLIPTokenizer
  public let preprocessing: Preprocessing
  public let diffusion: StableDiffusion
  /// Embedding of the empty prompt, (1, tokens, context width).
  public let prompt: Tensor
  public let conditions: ConditionStatistics
  public let world = MiniWorld()

  /// - Parameters: folders that take the place of the embedded CLIP and of the embedded diffusion model.
  public init(mini folder: MiniFolder, clip clipPath: String? = nil, diffusion diffusionPath: String? = nil) throws {
    self.folder = folder
    let clipFolder = clipPath.map(CheckpointFolder.init) ?? folder.clip
    let diffusionFolder = diffusionPath.map(CheckpointFolder.init) ?? folder.diffusion
    clip = try CLIP(clipFolder)
    self.clipPath = clipFolder.path
    preprocessing = try Preprocessing(clipFolder)
    tokenizer = try CLIPTokenizer(folder: URL(filePath: clipFolder.path))
    diffusion = try StableDiffusion(diffusionFolder)
    let encoder = try CLIPTextTower(projectedTextEncoder: CheckpointFolder(diffusionFolder.path + "/text_encoder"))
    let promptTokenizer = try CLIPTokenizer(folder: URL(filePath: diffusionFolder.path + "/tokenizer"))
    // Start and end alone: the empty prompt has no words, and this text tower was never trained on padding.
    prompt = withoutGradient { encoder.textTokens([[promptTokenizer.start, promptTokenizer.end]]) }
    conditions = try ConditionStatistics(contentsOf: MiniFolder.conditionStatistics(in: diffusionFolder))
    try requireFit()
  }

  private func requireFit() throws {
    let (width, wanted) = (clip.vision.projectionWidth, diffusion.unet.config.contextWidth)
    guard width == wanted, conditions.mean.count == wanted, prompt.shape.last == wanted else {
      throw Problem(
        "this CLIP's features have \(width) numbers, the diffusion model's conditions \(wanted)",
        advice: "the embedded diffusion model listens to features of CLIPs made by diva-tui pretrain")
    }
  }

  /// The models of a run: a copy of the CLIP to tune, and a visual projection that matches moments.
  ///
  /// - Parameter tuned: a tuned CLIP to begin with: its folder, a checkpoint, or a run.
  public func models(tuned path: String? = nil) throws -> DivaModels {
    let scenes = (0..<512).map { world.scene(.unlabelled, $0) }
    let features = FeatureRule.classToken.features(
      of: Scene.render(scenes), by: clip.vision, preprocessing: preprocessing)
    let promptMean = prompt.meanOverTokens().reshaped([prompt.shape[2]])
    let projection = try VisualProjection.matchingMoments(images: features, conditions: conditions, prompt: promptMean)
    let models = try DivaModels(
      baseline: clip, tuned: path.map(tower), diffusion: diffusion, prompt: prompt, projection: projection)
    // A run's own projections go with its tower.
    if let checkpoint = try path.flatMap(Workspace.checkpoint) { try models.restore(from: checkpoint) }
    return models
  }

  /// The mini world's pictures without words; latents are kept once encoded, unless memory is short.
  public func trainingImages(count: Int = 16_384, keepsLatents: Bool = true) -> MiniWorldImages {
    MiniWorldImages(
      world: world, count: count, preprocessing: preprocessing, autoencoder: diffusion.autoencoder,
      keepsLatents: keepsLatents)
  }

  public func pairLists() throws -> PairLists { try PairLists(contentsOf: folder.pairLists) }

  /// Pairs that the baseline's twin is blind to.
  public func minedPairs(_ split: MiniWorld.Split) throws -> PairBenchmark {
    PairBenchmark(try pairLists().pairs(split, in: world), clip: clip, tokenizer: tokenizer)
  }

  /// Pairs as they come, nobody's choice.
  public func unminedPairs(_ split: MiniWorld.Split, perPattern: Int = 100) -> PairBenchmark {
    PairBenchmark(world.pairs(split, perPattern: perPattern), clip: clip, tokenizer: tokenizer)
  }

  /// The embedded pairs to browse, or any folder in MMVP's layout.
  public func benchmark(_ path: String? = nil, statementPrefix: String = "") throws -> PairBenchmark {
    let folder = try MMVPFolder(url: path.map { URL(filePath: $0) } ?? folder.benchmark)
    return try PairBenchmark(folder, clip: clip, tokenizer: tokenizer, prefix: statementPrefix)
  }

  public func zeroShot(perKind: Int = 40) -> ZeroShotBenchmark {
    ZeroShotBenchmark(world, perKind: perKind, clip: clip, tokenizer: tokenizer)
  }

  public func sideBySide(_ pairs: PairBenchmark) -> SideBySide {
    SideBySide(pairs: pairs, zeroShot: zeroShot(), preprocessing: preprocessing, baseline: clip.vision)
  }
}
