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

  /// The image tower that transformers assumes where a file is silent.
  static func base(_ family: CLIPFamily) -> CLIPEncoderConfig {
    switch family {
    case .clip: CLIPEncoderConfig(width: 768, layers: 12, heads: 12)
    case .siglip: CLIPEncoderConfig(width: 768, layers: 12, heads: 12, activation: .geluTanh, epsilon: 1e-6)
    }
  }

  init(_ fields: ConfigurationFields, default base: CLIPEncoderConfig) throws {
    width = try fields.integer("hidden_size", default: base.width)
    layers = try fields.integer("num_hidden_layers", default: base.layers, in: 1...1000)
    heads = try fields.integer("num_attention_heads", default: base.heads)
    hiddenWidth = try fields.integer("intermediate_size", default: base.hiddenWidth)
    epsilon = try fields.number("layer_norm_eps", default: base.epsilon)
    let name = try fields.text("hidden_act", default: CLIPEncoderConfig.name(of: base.activation))
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

  private static func name(of activation: Activation) -> String {
    switch activation {
    case .quickGELU: "quick_gelu"
    case .gelu: "gelu"
    case .silu: "silu"
    case .geluTanh: "gelu_pytorch_tanh"
    }
  }

  var members: [JSON.Member] {
    [
      JSON.Member("hidden_size", .integer(width)), JSON.Member("num_hidden_layers", .integer(layers)),
      JSON.Member("num_attention_heads", .integer(heads)), JSON.Member("intermediate_size", .integer(hiddenWidth)),
      JSON.Member("hidden_act", .string(CLIPEncoderConfig.name(of: activation))),
      JSON.Member("layer_norm_eps", .number(epsilon)), JSON.Member("attention_dropout", 0.0),
    ]
  }
}
