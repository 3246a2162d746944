/// The hyper-parameters of a CLIP model, as in the `config.json` that transformers' `CLIPModel` reads and writes.
///
/// A member that a file leaves out has the value that `CLIPConfig` of transformers gives it (OpenAI's ViT-B/32).
/// Dropout is not implemented: all published CLIP weights have it at 0.
public struct CLIPConfig: Equatable, Sendable {
  public var vision: CLIPVisionConfig
  public var text: CLIPTextConfig
  /// The width of the space where images and texts meet.
  public var projectionWidth: Int
  /// Where the logarithm of the logit scale begins; ln(1 / 0.07) for OpenAI.
  public var logitScale: Double

  public init(vision: CLIPVisionConfig, text: CLIPTextConfig, projectionWidth: Int, logitScale: Double = 2.6592) {
    self.vision = vision
    self.text = text
    self.projectionWidth = projectionWidth
    self.logitScale = logitScale
  }

  /// Throws a `Problem` that names the member which this program cannot use.
  public init(_ fields: ConfigurationFields) throws {
    try fields.require("model_type", "clip")
    vision = try CLIPVisionConfig(fields.part("vision_config").overridden(by: fields.part("vision_config_dict")))
    text = try CLIPTextConfig(fields.part("text_config").overridden(by: fields.part("text_config_dict")))
    projectionWidth = try fields.integer("projection_dim", default: 512)
    logitScale = try fields.number("logit_scale_init_value", default: 2.6592)
  }

  public var json: JSON {
    [
      "architectures": ["CLIPModel"], "model_type": "clip", "projection_dim": .integer(projectionWidth),
      "logit_scale_init_value": .number(logitScale), "initializer_factor": 1.0, "text_config": text.json,
      "vision_config": vision.json,
    ]
  }
}

/// What the image tower and the text tower have in common.
public struct CLIPEncoderConfig: Equatable, Sendable {
  public var width: Int
  public var layers: Int
  public var heads: Int
  public var hiddenWidth: Int
  public var activation: Activation
  public var epsilon: Double

  public init(
    width: Int, layers: Int, heads: Int, hiddenWidth: Int? = nil, activation: Activation = .quickGELU,
    epsilon: Double = 1e-5
  ) {
    precondition(width % heads == 0, "\(heads) heads do not share a width of \(width)")
    self.width = width
    self.layers = layers
    self.heads = heads
    self.hiddenWidth = hiddenWidth ?? 4 * width
    self.activation = activation
    self.epsilon = epsilon
  }

  fileprivate init(_ fields: ConfigurationFields, default base: CLIPEncoderConfig) throws {
    width = try fields.integer("hidden_size", default: base.width)
    layers = try fields.integer("num_hidden_layers", default: base.layers, in: 1...1000)
    heads = try fields.integer("num_attention_heads", default: base.heads)
    hiddenWidth = try fields.integer("intermediate_size", default: base.hiddenWidth)
    epsilon = try fields.number("layer_norm_eps", default: base.epsilon)
    let name = try fields.text("hidden_act", default: "quick_gelu")
    guard let activation = CLIPEncoderConfig.activations[name] else {
      throw fields.problem(
        "hidden_act", "one of " + CLIPEncoderConfig.activations.keys.sorted().joined(separator: ", "))
    }
    self.activation = activation
    guard width % heads == 0 else {
      throw fields.problem("num_attention_heads", "a divisor of hidden_size \(width)")
    }
  }

  /// transformers' names; the last two are other spellings of the same approximation.
  private static let activations: [String: Activation] = [
    "quick_gelu": .quickGELU, "gelu": .gelu, "silu": .silu, "gelu_pytorch_tanh": .geluTanh, "gelu_new": .geluTanh,
    "gelu_fast": .geluTanh,
  ]

  private var activationName: String {
    switch activation {
    case .quickGELU: "quick_gelu"
    case .gelu: "gelu"
    case .silu: "silu"
    case .geluTanh: "gelu_pytorch_tanh"
    }
  }

  fileprivate var members: [JSON.Member] {
    [
      JSON.Member("hidden_size", .integer(width)), JSON.Member("num_hidden_layers", .integer(layers)),
      JSON.Member("num_attention_heads", .integer(heads)), JSON.Member("intermediate_size", .integer(hiddenWidth)),
      JSON.Member("hidden_act", .string(activationName)), JSON.Member("layer_norm_eps", .number(epsilon)),
      JSON.Member("attention_dropout", 0.0),
    ]
  }
}

/// The image tower: a vision transformer over square patches.
public struct CLIPVisionConfig: Equatable, Sendable {
  public var encoder: CLIPEncoderConfig
  /// Pixels on a side of the square image.
  public var imageSize: Int
  /// Pixels on a side of a patch; pixels beyond the last whole patch are not seen.
  public var patchSize: Int
  public var channels: Int

  public init(encoder: CLIPEncoderConfig, imageSize: Int, patchSize: Int, channels: Int = 3) {
    self.encoder = encoder
    self.imageSize = imageSize
    self.patchSize = patchSize
    self.channels = channels
  }

  init(_ fields: ConfigurationFields) throws {
    encoder = try CLIPEncoderConfig(fields, default: CLIPEncoderConfig(width: 768, layers: 12, heads: 12))
    imageSize = try fields.integer("image_size", default: 224, in: 1...8192)
    channels = try fields.integer("num_channels", default: 3, in: 1...64)
    patchSize = try fields.integer("patch_size", default: 32, in: 1...imageSize)
  }

  /// Patches on a side.
  public var grid: Int { imageSize / patchSize }
  /// Tokens of an image: the class token and all patches.
  public var tokens: Int { 1 + grid * grid }

  var json: JSON {
    .object(
      encoder.members + [
        JSON.Member("model_type", "clip_vision_model"), JSON.Member("image_size", .integer(imageSize)),
        JSON.Member("patch_size", .integer(patchSize)), JSON.Member("num_channels", .integer(channels)),
      ])
  }
}

/// The text tower: a causal transformer over token ids.
public struct CLIPTextConfig: Equatable, Sendable {
  public var encoder: CLIPEncoderConfig
  public var vocabulary: Int
  /// The longest text in tokens, start and end included.
  public var contextLength: Int
  public var startID: Int
  /// The token whose place holds the text's feature. 2 is a mistake in old files and means the highest id.
  public var endID: Int
  public var padID: Int

  public init(
    encoder: CLIPEncoderConfig, vocabulary: Int, contextLength: Int, startID: Int = 49406, endID: Int = 49407,
    padID: Int = 1
  ) {
    self.encoder = encoder
    self.vocabulary = vocabulary
    self.contextLength = contextLength
    self.startID = startID
    self.endID = endID
    self.padID = padID
  }

  /// Also reads the configuration of Stable Diffusion's `text_encoder`, whose members stand at the top level.
  init(_ fields: ConfigurationFields) throws {
    encoder = try CLIPEncoderConfig(
      fields, default: CLIPEncoderConfig(width: 512, layers: 12, heads: 8, hiddenWidth: 2048))
    vocabulary = try fields.integer("vocab_size", default: 49408, in: 1...10_000_000)
    contextLength = try fields.integer("max_position_embeddings", default: 77, in: 1...65_536)
    startID = try fields.integer("bos_token_id", default: 49406, in: 0...10_000_000)
    endID = try fields.integer("eos_token_id", default: 49407, in: 0...10_000_000)
    padID = try fields.integer("pad_token_id", default: 1, in: 0...10_000_000)
  }

  var json: JSON {
    .object(
      encoder.members + [
        JSON.Member("model_type", "clip_text_model"), JSON.Member("vocab_size", .integer(vocabulary)),
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
