/// The hyper-parameters of a diffusion transformer, as in the `config.json` of diffusers' `DiTTransformer2DModel`.
///
/// DiT-XL/2 was published when its class was still called `Transformer2DModel`, whose defaults are others: there each
/// member must be said.
public struct DiTConfig: Equatable, Sendable {
  public var sampleSize: Int
  public var channels: Int
  /// The variance of the prediction is predicted too, in as many channels behind the noise's; it is not used here.
  public var learnsVariance: Bool
  public var layers: Int
  public var heads: Int
  public var headWidth: Int
  public var patchSize: Int
  /// ImageNet's 1,000; one more row of the table stands for no class.
  public var classes: Int
  /// Of the norm before the feed-forward network; the others have 1e-6.
  public var epsilon: Double

  public var width: Int { heads * headWidth }
  var outChannels: Int { learnsVariance ? 2 * channels : channels }

  public init(
    sampleSize: Int, channels: Int = 4, learnsVariance: Bool = true, layers: Int, heads: Int, headWidth: Int,
    patchSize: Int = 2, classes: Int = 1000, epsilon: Double = 1e-5
  ) {
    (self.sampleSize, self.channels, self.learnsVariance) = (sampleSize, channels, learnsVariance)
    (self.layers, self.heads, self.headWidth) = (layers, heads, headWidth)
    (self.patchSize, self.classes, self.epsilon) = (patchSize, classes, epsilon)
  }

  /// Throws a `Problem` that names the member which this engine cannot use.
  public init(_ fields: ConfigurationFields) throws {
    if fields.json["_class_name"]?.text == "Transformer2DModel" {
      for name in DiTConfig.changedDefaults where fields.json[name] == nil {
        throw fields.problem(name, "a value, as DiT's configuration has it")
      }
    }
    for (name, value) in DiTConfig.implemented { try fields.require(name, value) }
    try fields.refuseUnknown(DiTConfig.understood.union(DiTConfig.implemented.map(\.0)))
    sampleSize = try fields.integer("sample_size", default: 32, in: 1...8192)
    channels = try fields.integer("in_channels", default: 4, in: 1...1024)
    layers = try fields.integer("num_layers", default: 28, in: 1...1000)
    heads = try fields.integer("num_attention_heads", default: 16, in: 1...1024)
    headWidth = try fields.integer("attention_head_dim", default: 72, in: 1...1024)
    patchSize = try fields.integer("patch_size", default: 2, in: 1...64)
    classes = try fields.integer("num_embeds_ada_norm", default: 1000)
    epsilon = try fields.number("norm_eps", default: 1e-5)
    let outputs = try fields.integer("out_channels", default: channels)
    learnsVariance = outputs == 2 * channels
    guard outputs == channels || learnsVariance else {
      throw fields.problem("out_channels", "in_channels, or twice as many with the variance")
    }
    guard sampleSize % patchSize == 0 else { throw fields.problem("sample_size", "a multiple of patch_size") }
    // A quarter each are sines and cosines of the column and of the row.
    guard width % 4 == 0 else { throw fields.problem("attention_head_dim", "4 to divide the width") }
  }

  private static let changedDefaults = [
    "activation_fn", "norm_type", "norm_elementwise_affine", "attention_bias", "num_layers", "num_attention_heads",
    "attention_head_dim", "in_channels", "sample_size", "patch_size", "num_embeds_ada_norm",
  ]

  private static let understood: Set<String> = [
    "sample_size", "in_channels", "out_channels", "num_layers", "num_attention_heads", "attention_head_dim",
    "patch_size", "num_embeds_ada_norm", "norm_eps",
    // How precisely others compute, and what DiT's blocks have none of.
    "upcast_attention", "norm_num_groups",
  ]

  private static let implemented: [(String, JSON)] = [
    ("activation_fn", "gelu-approximate"), ("norm_type", "ada_norm_zero"), ("norm_elementwise_affine", false),
    ("attention_bias", true), ("attention_type", "default"), ("dropout", 0),
  ]

  public var json: JSON {
    [
      "_class_name": "DiTTransformer2DModel", "_diffusers_version": "0.30.0", "activation_fn": "gelu-approximate",
      "attention_bias": true, "attention_head_dim": .integer(headWidth), "dropout": 0,
      "in_channels": .integer(channels), "norm_elementwise_affine": false, "norm_eps": .number(epsilon),
      "norm_num_groups": 32, "norm_type": "ada_norm_zero", "num_attention_heads": .integer(heads),
      "num_embeds_ada_norm": .integer(classes), "num_layers": .integer(layers), "out_channels": .integer(outChannels),
      "patch_size": .integer(patchSize), "sample_size": .integer(sampleSize), "upcast_attention": false,
    ]
  }
}
