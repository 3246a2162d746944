import Engine

extension Backbone {
  static let presets = Dictionary(
    uniqueKeysWithValues: [
      mini, openAIL14, openAIL14At336, metaL14, metaH14, siglip224, siglip384, dfnH14, dfnH14At378, openAIB32,
      openAIB16,
    ].map { ($0.name, $0) })

  /// The embedded CLIP. Its diffusion model was trained on one token.
  private static let mini = Backbone(
    .mini, "mini", config: nil, preprocessing: nil, reference: .classOnly, joining: .mean,
    benchmark: BenchmarkFeature(locals: .none))

  // The paper says about 15 % at 224 pixels and 30 % at 336; the code draws 76 patches, with replacement, at both.
  private static let openAIL14 = openAI(.openAIL14, "openai-ViT-L-14", .vitL14(imageSize: 224), paper: .fraction(0.15))
  private static let openAIL14At336 = openAI(
    .openAIL14At336, "openai-ViT-L-14-336px", .vitL14(imageSize: 336), paper: .fraction(0.3))
  private static let openAIB32 = openAI(.openAIB32, "openai-ViT-B-32", .vitB(patchSize: 32), paper: .fraction(0.15))
  private static let openAIB16 = openAI(.openAIB16, "openai-ViT-B-16", .vitB(patchSize: 16), paper: .fraction(0.15))

  private static func openAI(_ name: Name, _ resultName: String, _ config: CLIPConfig, paper: RecapDensity) -> Backbone
  {
    Backbone(
      name, resultName, config: config, preprocessing: .openAI(side: config.vision.imageSize), reference: .count(76),
      paper: paper, joining: .tokenByToken,
      benchmark: BenchmarkFeature(locals: .random(76), normalizesTokens: false, drawsForEachStatement: true))
  }

  private static let metaL14 = meta(.metaL14, "MetaCLIP-ViT-L-14", .vitL14(imageSize: 224))
  private static let metaH14 = meta(.metaH14, "MetaCLIP-ViT-H-14", .vitH14(imageSize: 224))

  private static func meta(_ name: Name, _ resultName: String, _ config: CLIPConfig) -> Backbone {
    Backbone(
      name, resultName, config: config, preprocessing: .openAI(side: config.vision.imageSize), reference: .all,
      joining: .mean, benchmark: BenchmarkFeature(locals: .all))
  }

  // The reference opens DFN's weights from a local file, for which open_clip cuts out the centre; the published
  // weights' own rule would squash.
  private static let dfnH14 = Backbone(
    .dfnH14, "DFN5B-CLIP-ViT-H-14", config: .vitH14(imageSize: 224), preprocessing: .openAI(side: 224), reference: .all,
    joining: .mean, benchmark: BenchmarkFeature(locals: .none))
  private static let dfnH14At378 = Backbone(
    .dfnH14At378, "DFN5B-CLIP-ViT-H-14-378", config: .vitH14(imageSize: 378), preprocessing: .openAI(side: 378),
    // The paper's half of the patches is int(0.5 · 729) in the code, drawn with replacement.
    reference: .count(364), joining: .mean,
    benchmark: BenchmarkFeature(locals: .random(364), normalizesSum: false))

  private static let siglip224 = siglip(
    .siglip224, "ViT-SO400M-14-SigLIP", .so400m(imageSize: 224, contextLength: 16), window: 6)
  private static let siglip384 = siglip(
    .siglip384, "ViT-SO400M-14-SigLIP-384", .so400m(imageSize: 384, contextLength: 64), window: 10)

  private static func siglip(_ name: Name, _ resultName: String, _ config: CLIPConfig, window: Int) -> Backbone {
    Backbone(
      name, resultName, config: config, preprocessing: .siglip(side: config.vision.imageSize),
      reference: .pooled(window: window), joining: .mean, benchmark: BenchmarkFeature(locals: .none))
  }
}

extension Preprocessing {
  static func openAI(side: Int) -> Preprocessing {
    Preprocessing(
      side: side, mean: [0.481_454_66, 0.457_827_5, 0.408_210_73],
      deviation: [0.268_629_54, 0.261_302_58, 0.275_777_11])
  }

  static func siglip(side: Int) -> Preprocessing {
    Preprocessing(side: side, mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5], fit: .squash)
  }
}

extension CLIPConfig {
  static func vitB(patchSize: Int) -> CLIPConfig {
    openAI(
      vision: CLIPEncoderConfig(width: 768, layers: 12, heads: 12), imageSize: 224, patchSize: patchSize,
      text: CLIPEncoderConfig(width: 512, layers: 12, heads: 8), projectionWidth: 512)
  }

  static func vitL14(imageSize: Int) -> CLIPConfig {
    openAI(
      vision: CLIPEncoderConfig(width: 1024, layers: 24, heads: 16), imageSize: imageSize, patchSize: 14,
      text: CLIPEncoderConfig(width: 768, layers: 12, heads: 12), projectionWidth: 768)
  }

  static func vitH14(imageSize: Int) -> CLIPConfig {
    openAI(
      vision: CLIPEncoderConfig(width: 1280, layers: 32, heads: 16), imageSize: imageSize, patchSize: 14,
      text: CLIPEncoderConfig(width: 1024, layers: 24, heads: 16), projectionWidth: 1024)
  }

  private static func openAI(
    vision: CLIPEncoderConfig, imageSize: Int, patchSize: Int, text: CLIPEncoderConfig, projectionWidth: Int
  ) -> CLIPConfig {
    CLIPConfig(
      vision: CLIPVisionConfig(encoder: vision, imageSize: imageSize, patchSize: patchSize),
      // The end token is the one with the highest id, which is what 2 stands for.
      text: CLIPTextConfig(encoder: text, vocabulary: 49408, contextLength: 77, endID: 2),
      projectionWidth: projectionWidth)
  }

  /// With the exact GELU of timm and open_clip; transformers' configurations name its approximation.
  static func so400m(imageSize: Int, contextLength: Int) -> CLIPConfig {
    let encoder = CLIPEncoderConfig(
      width: 1152, layers: 27, heads: 16, hiddenWidth: 4304, activation: .gelu, epsilon: 1e-6)
    return CLIPConfig(
      vision: CLIPVisionConfig(encoder: encoder, imageSize: imageSize, patchSize: 14, family: .siglip),
      text: CLIPTextConfig(
        encoder: encoder, vocabulary: 32_000, contextLength: contextLength, endID: 2, family: .siglip),
      projectionWidth: 1152)
  }
}
