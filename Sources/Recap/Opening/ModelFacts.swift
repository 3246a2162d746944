import Engine

/// What a model is, in lines for people: where it lies, how large it is, what it takes in, whether it is trained.
public struct ModelFacts: Equatable, Sendable {
  public struct Fact: Equatable, Sendable {
    public let name: String
    public let value: String

    public init(_ name: String, _ value: String) { (self.name, self.value) = (name, value) }
  }

  public let title: String
  public let facts: [Fact]

  public init(_ title: String, _ facts: [Fact]) { (self.title, self.facts) = (title, facts) }
}

extension OpenedCLIP {
  /// The CLIP as it was opened.
  public var facts: [ModelFacts] {
    let (vision, text) = (clip.config.vision, clip.config.text)
    let size = preprocessing.fit == .crop ? "cut to \(preprocessing.side)" : "squashed to \(preprocessing.side)"
    func words(_ values: [Float]) -> String { values.map { "\($0)" }.joined(separator: " ") }
    let tokenizer: String =
      switch tokenizerSearch.result {
      case .success(let tokenizer): "\(tokenizer.vocabularySize) tokens, context length \(tokenizer.contextLength)"
      case .failure(let problem): problem.message
      }
    return [
      ModelFacts(
        "CLIP, the baseline",
        [
          .init("from", isEmbedded ? "embedded, \(path)" : path),
          .init(
            "backbone",
            reading.backbone.by == "--backbone"
              ? reading.backbone.value : "\(reading.backbone.value), by \(reading.backbone.by)"),
        ] + Self.sizes(clip.parameters) + [
          .init("trained", "no: it stays as it is"),
          .init("activation", "\(vision.encoder.activation.title), by \(reading.activation.by)"),
          .init(
            "image tower",
            "\(Self.words(vision.encoder)), patches of \(vision.patchSize) pixels: \(vision.grid) × \(vision.grid)"),
          .init("text tower", "\(Self.words(text.encoder)), embedding \(clip.config.projectionWidth)"),
          .init("pixels", "\(size), \(preprocessing.filter), by \(reading.preprocessing.by)"),
          .init("mean", words(preprocessing.mean)), .init("deviation", words(preprocessing.deviation)),
          .init("tokenizer", tokenizer),
        ])
    ]
  }

  private static func words(_ encoder: CLIPEncoderConfig) -> String {
    "width \(encoder.width), \(encoder.layers) layers, \(encoder.heads) heads"
  }

  /// How many numbers they are, how they are stored, and what they take of memory.
  fileprivate static func sizes(_ parameters: [Parameter]) -> [ModelFacts.Fact] {
    let types = Dictionary(grouping: parameters) { $0.storedType?.rawValue ?? StoredType.f32.rawValue }
    let shares = types.map { (type: $0.key, count: $0.value.reduce(0) { $0 + $1.shape.count }) }
    let dtype = shares.sorted { ($1.count, $0.type) < ($0.count, $1.type) }.map(\.type).joined(separator: ", ")
    let owned = parameters.reduce(0) { $0 + $1.ownedBytes }
    let mapped = parameters.reduce(0) { $0 + ($1.storedType.map { $0.bits / 8 } ?? 0) * $1.shape.count }
    let memory = [
      owned > 0 ? "\(owned.byteText) of our own" : nil, mapped > 0 ? "\(mapped.byteText) in its file" : nil,
    ]
    return [
      .init(
        "weights", "\(parameters.reduce(0) { $0 + $1.shape.count }.shortText) in \(parameters.count.counted("tensor"))"),
      .init("dtype", dtype), .init("memory", memory.compactMap(\.self).joined(separator: ", ")),
    ]
  }
}

extension Workspace {
  /// All that a session has loaded.
  ///
  /// - Parameter tuned: what the tuned tower is now, as text.
  public func facts(_ models: DivaModels, tuned: String) -> [ModelFacts] {
    let (denoiser, autoencoder) = (diffusion.denoiser, diffusion.autoencoder.config)
    let shape = models.recap.projection.weight.shape
    let place = givenDiffusion ?? "embedded, \(folder.diffusion.path)"
    let isTrained = models.tuned.parameters.contains { $0.isTrainable }
    let own: [ModelFacts?] = [
      ModelFacts(
        "CLIP, tuned: the image tower",
        [.init("from", tuned)] + OpenedCLIP.sizes(models.tuned.parameters) + [
          .init(
            "trained", isTrained ? "yes; the text tower is the baseline’s" : "not now; the text tower is the baseline’s"
          )
        ]),
      ModelFacts(
        "Visual projection",
        [
          .init("shape", "\(shape[1]) → \(shape[0])" + (models.recap.projection.bias == nil ? "" : ", with bias")),
          .init(
            "trained",
            models.projectionParameters.contains { $0.isTrainable } ? "yes, alone while aligning" : "not now"),
          .init(
            "prompt",
            denoiser is DiTTransformer2DModel
              ? "none: DiT takes no text" : Prompt.words(givenPrompt, isEmbedded: givenDiffusion == nil)),
        ]),
      ModelFacts(
        "Denoiser",
        [.init("from", place)] + (diffusionNote.map { [.init("taken for", $0)] } ?? [])
          + OpenedCLIP.sizes(denoiser.parameters) + [
            .init("trained", "no: it is frozen"),
            .init("latents", "\(denoiser.sampleSize) × \(denoiser.sampleSize), \(denoiser.channels) channels"),
            .init("sizes", denoiser.sizes),
            .init("context", "width \(denoiser.contextWidth)"),
            .init("schedule", "\(diffusion.schedule.timesteps) timesteps"),
          ]),
      models.generator.map { generator in
        ModelFacts(
          "Generator, of the feedback unclip",
          [.init("from", givenDiffusion ?? "embedded, \(folder.generator.path)")]
            + OpenedCLIP.sizes(generator.denoiser.denoiser.parameters) + [
              .init("trained", "no: it is frozen"),
              .init("class vector", "an embedding of \(generator.width) numbers, and as many of its noise level"),
            ])
      },
      models.genhancer.map { genhancer in
        ModelFacts(
          "Denoiser, of the feedback genhancer",
          [.init("from", "embedded, \(folder.genhancer.path)")] + OpenedCLIP.sizes(genhancer.parameters) + [
            .init("sizes", genhancer.sizes), .init("trained", "no: it is frozen"),
            .init("condition", "an embedding of \(genhancer.width) numbers, as a vector and as a token"),
          ])
      },
      ModelFacts(
        "Autoencoder",
        OpenedCLIP.sizes(diffusion.autoencoder.parameters) + [
          .init("trained", "no: it is frozen"),
          .init("pixels", "\(diffusion.side) × \(diffusion.side)"),
          .init(
            "latents", "\(autoencoder.latentChannels) channels, times \(autoencoder.scalingFactor.text(figures: 4))"),
        ]),
    ]
    return opened.facts + own.compactMap(\.self)
  }
}

extension RunDescription {
  /// What a run began with, where its models cannot be opened.
  public func facts(_ reason: String) -> [ModelFacts] {
    [
      ModelFacts("Not loaded", [.init("why", reason)]),
      ModelFacts(
        "As the run’s run.json says",
        [
          .init("CLIP", clip == Self.embedded ? "embedded" : clip),
          .init("backbone", backbone?.rawValue ?? "not recorded"),
          .init("tuned from", tuned ?? "a copy of the CLIP’s image tower"),
          .init("diffusion", diffusion == Self.embedded ? "embedded" : diffusion),
          .init("prompt", Prompt.words(prompt, isEmbedded: diffusion == Self.embedded)),
          .init("embedded models", embeddedWeights.map { String($0.prefix(8)) } ?? "none, or not recorded"),
          .init("density", "\(configuration.density)"),
        ]),
    ]
  }
}

extension Activation {
  fileprivate var title: String {
    switch self {
    case .silu: "SiLU"
    case .gelu: "GELU"
    case .quickGELU: "QuickGELU"
    case .geluTanh: "GELU, tanh approximation"
    }
  }
}
