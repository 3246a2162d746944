/// The two architectures that share this code.
public enum CLIPFamily: String, Sendable {
  /// Class token, causal text read at its end token, projections without bias (OpenAI, MetaCLIP, DFN, LAION).
  case clip
  /// Attention pooling, bidirectional text attention read at its last token, a bias on the logits.
  case siglip
}

/// The hyper-parameters of a CLIP, as in the `config.json` that transformers' `CLIPModel` and `SiglipModel` read and
/// write.
///
/// A member that a file leaves out has the value that `CLIPConfig` of transformers gives it (OpenAI's ViT-B/32), or
/// `SiglipConfig` (SigLIP ViT-B/16). Dropout is not implemented: all published weights have it at 0.
public struct CLIPConfig: Equatable, Sendable {
  public var vision: CLIPVisionConfig
  public var text: CLIPTextConfig
  /// The width of the embedding space that images and texts share.
  public var projectionWidth: Int
  /// Where the logarithm of the logit scale begins; ln(1 / 0.07) for OpenAI.
  public var logitScale: Double
  /// Something is added to the logits: always in SigLIP, in a CLIP that was trained with its loss.
  public var hasLogitBias: Bool

  public var family: CLIPFamily { vision.family }

  public init(vision: CLIPVisionConfig, text: CLIPTextConfig, projectionWidth: Int, logitScale: Double = 2.6592) {
    precondition(vision.family == text.family, "an image tower of \(vision.family), a text tower of \(text.family)")
    self.vision = vision
    self.text = text
    self.projectionWidth = projectionWidth
    self.logitScale = logitScale
    hasLogitBias = vision.family == .siglip
  }

  /// Throws a `Problem` that names the member which this program cannot use.
  public init(_ fields: ConfigurationFields) throws {
    let family = try CLIPConfig.family(fields, ["clip": .clip, "siglip": .siglip], default: .clip)
    vision = try CLIPVisionConfig(
      fields.part("vision_config").overridden(by: fields.part("vision_config_dict")), family: family)
    text = try CLIPTextConfig(
      fields.part("text_config").overridden(by: fields.part("text_config_dict")), family: family)
    switch family {
    case .clip: projectionWidth = try fields.integer("projection_dim", default: 512)
    case .siglip:
      let width = try fields.part("text_config").integer("projection_size", default: vision.encoder.width)
      guard width == vision.encoder.width else {
        throw try fields.part("text_config").problem(
          "projection_size", "the image tower's width, which has no projection")
      }
      projectionWidth = width
    }
    logitScale = try fields.number("logit_scale_init_value", default: 2.6592)
    hasLogitBias = family == .siglip
  }

  fileprivate static func family(
    _ fields: ConfigurationFields, _ kinds: [String: CLIPFamily], default fallback: CLIPFamily
  ) throws -> CLIPFamily {
    guard fields.json["model_type"] != nil else { return fallback }
    guard let family = kinds[try fields.text("model_type", default: "")] else {
      throw fields.problem("model_type", kinds.keys.sorted().joined(separator: " or "))
    }
    return family
  }

  public var json: JSON {
    let own: [JSON.Member] =
      switch family {
      case .clip:
        [
          JSON.Member("architectures", ["CLIPModel"]), JSON.Member("model_type", "clip"),
          JSON.Member("projection_dim", .integer(projectionWidth)),
          JSON.Member("logit_scale_init_value", .number(logitScale)),
        ]
      case .siglip: [JSON.Member("architectures", ["SiglipModel"]), JSON.Member("model_type", "siglip")]
      }
    return .object(
      own + [
        JSON.Member("initializer_factor", 1.0), JSON.Member("text_config", text.json),
        JSON.Member("vision_config", vision.json),
      ])
  }
}

/// The image tower: a vision transformer over square patches.
public struct CLIPVisionConfig: Equatable, Sendable {
  public var encoder: CLIPEncoderConfig
  /// Pixels on a side of the square image.
  public var imageSize: Int
  /// Pixels on a side of a patch; pixels beyond the last whole patch are ignored.
  public var patchSize: Int
  public var channels: Int
  public var family: CLIPFamily
  /// EVA-CLIP's second tower: rotary positions, gated layers and norms inside them.
  public var isEVA: Bool

  public init(
    encoder: CLIPEncoderConfig, imageSize: Int, patchSize: Int, channels: Int = 3, family: CLIPFamily = .clip,
    isEVA: Bool = false
  ) {
    self.isEVA = isEVA
    self.encoder = encoder
    self.imageSize = imageSize
    self.patchSize = patchSize
    self.channels = channels
    self.family = family
  }

  init(_ fields: ConfigurationFields, family: CLIPFamily) throws {
    self.family = family
    isEVA = false
    encoder = try CLIPEncoderConfig(fields, default: .base(family))
    imageSize = try fields.integer("image_size", default: 224, in: 1...8192)
    channels = try fields.integer("num_channels", default: 3, in: 1...64)
    patchSize = try fields.integer("patch_size", default: family == .clip ? 32 : 16, in: 1...imageSize)
    try fields.require("vision_use_head", true)
  }

  /// Patches on a side.
  public var grid: Int { imageSize / patchSize }
  /// N, the patches of an image.
  public var patches: Int { grid * grid }
  /// Tokens that run through the tower: all patches, and the class token where there is one.
  public var tokens: Int { patches + (family == .clip ? 1 : 0) }

  /// As transformers' `CLIPVisionConfig` and `SiglipVisionConfig` read and write it.
  public var json: JSON {
    .object(
      encoder.members + [
        JSON.Member("model_type", .string("\(family.rawValue)_vision_model")),
        JSON.Member("image_size", .integer(imageSize)), JSON.Member("patch_size", .integer(patchSize)),
        JSON.Member("num_channels", .integer(channels)),
      ])
  }
}

extension CLIPVisionConfig {
  /// An image tower alone, as transformers' `CLIPVisionModelWithProjection` is configured; its projection width too.
  static func alone(_ fields: ConfigurationFields) throws -> (config: CLIPVisionConfig, projectionWidth: Int) {
    let config = try CLIPVisionConfig(fields, family: .clip)
    return (config, try fields.integer("projection_dim", default: 512))
  }
}

extension CLIPVisionConfig {
  /// The image tower that another model of transformers' looks through (LLaVA, CLIPSeg): its `vision_config`.
  ///
  /// Throws a `Problem` that names the member which is not that of such a tower.
  public init(inside fields: ConfigurationFields) throws {
    let vision = try fields.part("vision_config")
    let kinds: [String: CLIPFamily] = [
      "clip_vision_model": .clip, "clipseg_vision_model": .clip, "siglip_vision_model": .siglip,
    ]
    guard let family = kinds[try vision.text("model_type", default: "clip_vision_model")] else {
      throw vision.problem("model_type", kinds.keys.sorted().joined(separator: " or "))
    }
    try self.init(vision, family: family)
  }
}

/// The text tower: a transformer over token ids, causal in CLIP.
public struct CLIPTextConfig: Equatable, Sendable {
  public var encoder: CLIPEncoderConfig
  public var vocabulary: Int
  /// The longest text in tokens, start and end included.
  public var contextLength: Int
  public var startID: Int
  /// The token whose place holds the text's feature. 2 is a mistake in old files and means the highest id.
  public var endID: Int
  public var padID: Int
  public var family: CLIPFamily

  public init(
    encoder: CLIPEncoderConfig, vocabulary: Int, contextLength: Int, startID: Int = 49406, endID: Int = 49407,
    padID: Int = 1, family: CLIPFamily = .clip
  ) {
    self.encoder = encoder
    self.vocabulary = vocabulary
    self.contextLength = contextLength
    self.startID = startID
    self.endID = endID
    self.padID = padID
    self.family = family
  }

  /// Also reads the configuration of Stable Diffusion's `text_encoder`, whose members stand at the top level.
  init(_ fields: ConfigurationFields, family: CLIPFamily = .clip) throws {
    self.family = family
    let isCLIP = family == .clip
    let base = CLIPEncoderConfig(width: 512, layers: 12, heads: 8, hiddenWidth: 2048)
    encoder = try CLIPEncoderConfig(fields, default: isCLIP ? base : .base(.siglip))
    vocabulary = try fields.integer("vocab_size", default: isCLIP ? 49408 : 32000, in: 1...10_000_000)
    contextLength = try fields.integer("max_position_embeddings", default: isCLIP ? 77 : 64, in: 2...65_536)
    startID = try fields.integer("bos_token_id", default: 49406, in: 0...10_000_000)
    endID = try fields.integer("eos_token_id", default: 49407, in: 0...10_000_000)
    padID = try fields.integer("pad_token_id", default: 1, in: 0...10_000_000)
  }

  var json: JSON {
    .object(
      encoder.members + [
        JSON.Member("model_type", .string("\(family.rawValue)_text_model")),
        JSON.Member("vocab_size", .integer(vocabulary)),
        JSON.Member("max_position_embeddings", .integer(contextLength)), JSON.Member("bos_token_id", .integer(startID)),
        JSON.Member("eos_token_id", .integer(endID)), JSON.Member("pad_token_id", .integer(padID)),
      ])
  }
}

extension ConfigurationFields {
  /// The members of `other` before one's own: transformers lets the older `…_config_dict` win.
  fileprivate func overridden(by other: ConfigurationFields) -> ConfigurationFields {
    let winning = other.json.members ?? []
    let rest = (json.members ?? []).filter { other.json[$0.name] == nil }
    return ConfigurationFields(.object(winning + rest), file: file)
  }
}
