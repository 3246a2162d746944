/// The hyper-parameters of an autoencoder, as in the `config.json` of diffusers' `AutoencoderKL`.
///
/// A member that a file leaves out has diffusers' default; what this engine does not implement is refused by name.
public struct AutoencoderConfig: Equatable, Sendable {
  /// Pixels on a side that the model was trained for; it takes other sizes too.
  public var sampleSize: Int
  public var inChannels: Int
  public var outChannels: Int
  public var latentChannels: Int
  /// Channels by level, finest first; every level but the last halves the size.
  public var blockChannels: [Int]
  public var layersPerBlock: Int
  public var groups: Int
  /// What latents are multiplied by before diffusion, to give them a deviation of about 1.
  public var scalingFactor: Double
  public var hasMidAttention: Bool

  public init(
    sampleSize: Int, latentChannels: Int = 4, blockChannels: [Int], layersPerBlock: Int = 2, groups: Int = 32,
    scalingFactor: Double = 0.18215, hasMidAttention: Bool = true
  ) {
    self.sampleSize = sampleSize
    (inChannels, outChannels) = (3, 3)
    self.latentChannels = latentChannels
    self.blockChannels = blockChannels
    self.layersPerBlock = layersPerBlock
    self.groups = groups
    self.scalingFactor = scalingFactor
    self.hasMidAttention = hasMidAttention
  }

  /// Throws a `Problem` that names the member which this engine cannot use.
  public init(_ fields: ConfigurationFields) throws {
    for (name, value) in AutoencoderConfig.implemented { try fields.require(name, value) }
    try fields.refuseUnknown(AutoencoderConfig.understood.union(AutoencoderConfig.implemented.map(\.0)))
    blockChannels = try fields.integers("block_out_channels", default: [64], in: 1...65_536)
    guard blockChannels.count <= 16 else { throw fields.problem("block_out_channels", "at most 16 levels") }
    sampleSize = try fields.integer("sample_size", default: 32, in: 1...65_536)
    inChannels = try fields.integer("in_channels", default: 3)
    outChannels = try fields.integer("out_channels", default: 3)
    latentChannels = try fields.integer("latent_channels", default: 4)
    layersPerBlock = try fields.integer("layers_per_block", default: 1, in: 1...100)
    groups = try fields.integer("norm_num_groups", default: 32)
    scalingFactor = try fields.number("scaling_factor", default: 0.18215)
    hasMidAttention = try fields.flag("mid_block_add_attention", default: true)
    for (name, type) in [("down_block_types", "DownEncoderBlock2D"), ("up_block_types", "UpDecoderBlock2D")] {
      let expected = blockChannels.map { _ in type }
      guard try fields.texts(name, default: [type]) == expected else {
        throw fields.problem(name, "\(expected.count) times \(type), one for each of block_out_channels")
      }
    }
    guard blockChannels.allSatisfy({ $0 % groups == 0 }) else {
      throw fields.problem("norm_num_groups", "a divisor of the block_out_channels \(blockChannels)")
    }
    guard scalingFactor > 0 else { throw fields.problem("scaling_factor", "a number above 0") }
  }

  private static let understood: Set<String> = [
    "sample_size", "in_channels", "out_channels", "latent_channels", "block_out_channels", "layers_per_block",
    "norm_num_groups", "scaling_factor", "mid_block_add_attention", "down_block_types", "up_block_types",
    // How precisely others compute; here everything is float32.
    "force_upcast",
  ]

  private static let implemented: [(String, JSON)] = [
    ("act_fn", "silu"), ("use_quant_conv", true), ("use_post_quant_conv", true), ("shift_factor", 0),
  ]

  public var json: JSON {
    [
      "_class_name": "AutoencoderKL", "_diffusers_version": "0.25.0", "act_fn": "silu",
      "block_out_channels": .integers(blockChannels),
      "down_block_types": .array(blockChannels.map { _ in "DownEncoderBlock2D" }),
      "in_channels": .integer(inChannels), "latent_channels": .integer(latentChannels),
      "layers_per_block": .integer(layersPerBlock), "mid_block_add_attention": .bool(hasMidAttention),
      "norm_num_groups": .integer(groups), "out_channels": .integer(outChannels),
      "sample_size": .integer(sampleSize), "scaling_factor": .number(scalingFactor),
      "up_block_types": .array(blockChannels.map { _ in "UpDecoderBlock2D" }),
    ]
  }
}
