/// The hyper-parameters of FLUX's transformer, as in the `config.json` of diffusers' `FluxTransformer2DModel`.
public struct FluxConfig: Equatable, Sendable {
  /// Numbers in a token of the picture: a patch of the latents.
  public var channels: Int
  /// Blocks whose text and picture have weights of their own, and blocks with the same weights for both.
  public var doubleBlocks: Int
  public var singleBlocks: Int
  public var heads: Int
  public var headWidth: Int
  /// Numbers in a token of the text.
  public var textWidth: Int
  /// Numbers of the vector that is added to the timestep's.
  public var pooledWidth: Int
  /// A guidance scale is an input, too.
  public var takesGuidance: Bool
  /// Channels of a head that each of a token's three coordinates turns; together the head's width.
  public var rotaryWidths: [Int]

  public var width: Int { heads * headWidth }

  public init(
    channels: Int, doubleBlocks: Int, singleBlocks: Int, heads: Int, headWidth: Int, textWidth: Int, pooledWidth: Int,
    takesGuidance: Bool = true, rotaryWidths: [Int]
  ) {
    (self.channels, self.doubleBlocks, self.singleBlocks) = (channels, doubleBlocks, singleBlocks)
    (self.heads, self.headWidth, self.textWidth) = (heads, headWidth, textWidth)
    (self.pooledWidth, self.takesGuidance, self.rotaryWidths) = (pooledWidth, takesGuidance, rotaryWidths)
  }

  /// Throws a `Problem` that names the member which this engine cannot use.
  public init(_ fields: ConfigurationFields) throws {
    try fields.require("patch_size", 1)
    try fields.refuseUnknown(FluxConfig.understood)
    channels = try fields.integer("in_channels", default: 64, in: 1...4096)
    doubleBlocks = try fields.integer("num_layers", default: 19, in: 0...1000)
    singleBlocks = try fields.integer("num_single_layers", default: 38, in: 0...1000)
    heads = try fields.integer("num_attention_heads", default: 24, in: 1...1024)
    headWidth = try fields.integer("attention_head_dim", default: 128, in: 1...1024)
    textWidth = try fields.integer("joint_attention_dim", default: 4096, in: 1...65_536)
    pooledWidth = try fields.integer("pooled_projection_dim", default: 768, in: 1...65_536)
    takesGuidance = try fields.flag("guidance_embeds", default: false)
    rotaryWidths = try fields.integers("axes_dims_rope", default: [16, 56, 56], in: 0...1024)
    guard try fields.integer("out_channels", default: channels) == channels else {
      throw fields.problem("out_channels", "in_channels")
    }
    guard
      rotaryWidths.count == 3, rotaryWidths.allSatisfy({ $0.isMultiple(of: 2) }),
      rotaryWidths.reduce(0, +) == headWidth
    else { throw fields.problem("axes_dims_rope", "three even numbers whose sum is attention_head_dim") }
  }

  private static let understood: Set<String> = [
    "patch_size", "in_channels", "out_channels", "num_layers", "num_single_layers", "num_attention_heads",
    "attention_head_dim", "joint_attention_dim", "pooled_projection_dim", "guidance_embeds", "axes_dims_rope",
  ]

  public var json: JSON {
    [
      "_class_name": "FluxTransformer2DModel", "_diffusers_version": "0.30.0",
      "attention_head_dim": .integer(headWidth), "axes_dims_rope": .array(rotaryWidths.map { .integer($0) }),
      "guidance_embeds": .bool(takesGuidance), "in_channels": .integer(channels),
      "joint_attention_dim": .integer(textWidth), "num_attention_heads": .integer(heads),
      "num_layers": .integer(doubleBlocks), "num_single_layers": .integer(singleBlocks), "out_channels": .null,
      "patch_size": 1, "pooled_projection_dim": .integer(pooledWidth),
    ]
  }
}
