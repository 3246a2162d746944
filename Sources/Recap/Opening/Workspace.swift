import Engine
import Foundation

/// Models and benchmarks, opened and ready: the embedded mini world unless paths say otherwise.
public struct Workspace {
  public let folder: MiniFolder
  public let opened: OpenedCLIP
  public let diffusion: StableDiffusion
  /// Identifies the latents that are kept.
  let autoencoderPath: String
  /// What a diffusion model in a single file was taken for, or how DiT takes the condition; nil for other folders.
  public let diffusionNote: String?
  /// The folder and the prompt that were named; nil where the embedded model and the reference's prompt are used.
  let givenDiffusion: String?
  let givenPrompt: String?
  /// Embedding of the prompt, (1, tokens, context width); computed once.
  public let prompt: Tensor
  /// Of the mini world's diffusion model only.
  public let conditions: ConditionStatistics?
  public let world = MiniWorld()

  /// - Parameters: paths that take the place of the embedded CLIP (a file or folder in any layout) and of the embedded
  ///   diffusion model (a diffusers folder); `backbone` says what the CLIP is where its contents leave a choice; `prompt`
  ///   takes the place of the reference's.
  public init(
    mini folder: MiniFolder, clip clipPath: String? = nil, backbone name: Backbone.Name? = nil,
    diffusion diffusionPath: String? = nil, prompt text: String? = nil
  ) throws {
    let opened = try OpenedCLIP(mini: folder, clip: clipPath, backbone: name, diffusion: diffusionPath)
    try self.init(mini: folder, clip: opened, diffusion: diffusionPath, prompt: text)
  }

  /// With a CLIP that was opened before, and the diffusion model beside it.
  ///
  /// - Parameter observer: called with how far the diffusion model's weights have been read, part by part.
  public init(
    mini folder: MiniFolder, clip opened: OpenedCLIP, diffusion path: String? = nil, prompt text: String? = nil,
    observer: ReadingObserver? = nil
  ) throws {
    self.folder = folder
    self.opened = opened
    (givenDiffusion, givenPrompt) = (path, text)
    let diffusionFolder = WeightsFolder(path ?? folder.diffusion.path, observer: observer)
    conditions = try ConditionStatistics.besideDenoiser(in: diffusionFolder)
    if diffusionFolder.isFile {
      let file = try SingleFileDiffusion(diffusionFolder.path, observer: observer)
      (diffusionNote, autoencoderPath) = (file.note, file.path)
      let embedded = try Prompt.embedding(in: file, text)
      prompt = embedded.tokens
      diffusion = try StableDiffusion(file, pooledText: embedded.pooled)
    } else {
      try StableDiffusion.requireKnown(diffusionFolder)
      diffusionNote = StableDiffusion.holdsTransformer(diffusionFolder) ? Self.transformerNote : nil
      autoencoderPath = diffusionFolder.path + "/vae"
      prompt = try Prompt.embedding(in: diffusionFolder, text)
      diffusion = try StableDiffusion(diffusionFolder, pooledText: Prompt.pooled(in: diffusionFolder))
    }
    guard prompt.shape.last == diffusion.denoiser.contextWidth else {
      throw Problem(
        "cannot use \(diffusionFolder.path): its text encoder gives \(prompt.shape.last) numbers a token, its UNet "
          + "takes \(diffusion.denoiser.contextWidth)", advice: "the parts belong to different models")
    }
  }

  private static let transformerNote =
    "DiT, with the mean of the projected tokens in the place of a class: our reading of the paper's Table 8"

  public var clip: CLIP { opened.clip }
  public var backbone: Backbone { opened.backbone }
  /// Where the CLIP was opened from.
  public var clipPath: String { opened.path }
  /// The same; nil for the embedded one.
  var givenCLIP: String? { opened.isEmbedded ? nil : clipPath }

  /// What training the embedded models with each density comes to; nil with other models. Cost: reads their weights once.
  public var densityResults: DensityResults? {
    opened.isEmbedded && givenDiffusion == nil ? DensityResults(of: folder) : nil
  }
  /// How its file names the tensors.
  public var layout: KeyLayout { opened.layout }
  public var preprocessing: Preprocessing { opened.preprocessing }

  /// The CLIP's tokenizer; throws a `Problem` that says where none was found.
  public func tokenizer() throws -> any Tokenizer { try opened.tokenizer() }

  /// The models of a run: a copy of the CLIP to tune, and a visual projection.
  ///
  /// The projection begins at random from the seed, as the reference's. Where CLIP and the diffusion model share a space
  /// (the mini world) it matches moments instead.
  /// - Parameter tuned: a tuned CLIP to begin with: a file or folder, a checkpoint, or a run.
  public func models(tuned path: String? = nil, seed: UInt64 = 1) throws -> DivaModels {
    try models(from: path.map { try opened.tuned(at: $0) }, seed: seed)
  }

  /// The same from a tuned CLIP that was opened before.
  public func models(from tuned: TunedCLIP?, seed: UInt64 = 1) throws -> DivaModels {
    let models = try DivaModels(
      baseline: clip, tuned: tuned?.tower, diffusion: diffusion, prompt: prompt, projection: projection(seed: seed),
      joining: backbone.joining)
    try tuned?.restoreProjections(of: models)
    models.openGenerator = generator
    models.openGenhancer = genhancer
    return models
  }

  private func projection(seed: UInt64) throws -> Linear {
    let (width, contextWidth) = (clip.vision.projectionWidth, diffusion.denoiser.contextWidth)
    guard let conditions, width == contextWidth, conditions.mean.count == contextWidth else {
      return try VisualProjection.random(from: width, to: contextWidth, seed: seed)
    }
    let scenes = (0..<512).map { world.scene(.unlabelled, $0) }
    let features = clip.vision.classTokens(of: Scene.render(scenes), preprocessing: preprocessing)
    let promptMean = prompt.meanOverTokens().reshaped([prompt.shape[2]])
    return try VisualProjection.matchingMoments(images: features, conditions: conditions, prompt: promptMean)
  }

  /// Scaled latents of the diffusion model's squares, (B, h, w, c).
  public func latents(_ pictures: [Image]) -> Tensor {
    diffusion.autoencoder.scaledLatents(of: .signedPixels(pictures.map(diffusion.square)))
  }
}
