/// The hyper-parameters of a UNet, as in the `config.json` of diffusers' `UNet2DConditionModel`.
///
/// A member that a file leaves out has diffusers' default. What this engine does not implement is refused by name:
/// loading it anyway would give a model that runs and is wrong.
public struct UNet2DConfig: Equatable, Sendable {
  public var sampleSize: Int
  public var inChannels: Int
  public var outChannels: Int
  public var blockChannels: [Int]
  /// Which levels attend to the context, from the finest down; the way up mirrors it.
  public var downAttention: [Bool]
  public var upAttention: [Bool]
  public var layersPerBlock: [Int]
  /// Heads by level. The file calls it `attention_head_dim`, a misnomer that diffusers keeps.
  public var heads: [Int]
  /// Attention layers by level.
  public var transformerLayers: [Int]
  public var contextWidth: Int
  public var groups: Int
  public var epsilon: Double
  /// proj_in and proj_out are stored as linear layers (SD 2), not as 1×1 convolutions (SD 1).
  public var usesLinearProjection: Bool
  public var flipsSineToCosine: Bool
  public var frequencyShift: Int
  /// SD-XL's conditioning beside the context; nil in the other versions.
  public var addition: Addition?
  /// Numbers of the vector that is added to the timestep's for each image, as unCLIP's; nil where there is none.
  public var classWidth: Int?

  /// A pooled text, with numbers about the picture as sines and cosines.
  public struct Addition: Equatable, Sendable {
    /// Of each number.
    public var waveWidth: Int
    /// Of all of it.
    public var width: Int

    /// Six numbers: the picture's height and width, where it was cut, and the size wanted.
    static let numbers = 6
    public var textWidth: Int { width - Addition.numbers * waveWidth }
  }

  /// A UNet that attends to the context on the levels named, SD 2 style elsewhere.
  public init(
    sampleSize: Int, channels: Int = 4, blockChannels: [Int], attention: [Bool], layersPerBlock: Int = 2,
    heads: [Int], contextWidth: Int, groups: Int = 32
  ) {
    let levels = blockChannels.count
    precondition(attention.count == levels && heads.count == levels, "one entry for each of the \(levels) levels")
    self.sampleSize = sampleSize
    (inChannels, outChannels) = (channels, channels)
    self.blockChannels = blockChannels
    downAttention = attention
    upAttention = attention.reversed()
    self.layersPerBlock = Array(repeating: layersPerBlock, count: levels)
    self.heads = heads
    transformerLayers = Array(repeating: 1, count: levels)
    self.contextWidth = contextWidth
    self.groups = groups
    epsilon = 1e-5
    usesLinearProjection = true
    (flipsSineToCosine, frequencyShift) = (true, 0)
  }

  /// Throws a `Problem` that names the member which this engine cannot use.
  public init(_ fields: ConfigurationFields) throws {
    try UNet2DConfig.requireImplemented(fields)
    blockChannels = try fields.integers("block_out_channels", default: [320, 640, 1280, 1280], in: 1...65_536)
    let levels = blockChannels.count
    sampleSize = try fields.integer("sample_size", default: 64, in: 1...8192)
    inChannels = try fields.integer("in_channels", default: 4)
    outChannels = try fields.integer("out_channels", default: 4)
    let plain = Array(repeating: true, count: levels - 1) + [false]
    downAttention = try fields.attention("down_block_types", "DownBlock2D", "CrossAttnDownBlock2D", default: plain)
    upAttention = try fields.attention("up_block_types", "UpBlock2D", "CrossAttnUpBlock2D", default: plain.reversed())
    guard levels <= 16 else { throw fields.problem("block_out_channels", "at most 16 levels") }
    layersPerBlock = try fields.integers("layers_per_block", perLevel: levels, default: 2, in: 1...100)
    heads = try fields.integers("attention_head_dim", perLevel: levels, default: 8)
    transformerLayers = try fields.integers("transformer_layers_per_block", perLevel: levels, default: 1, in: 1...100)
    contextWidth = try fields.integer("cross_attention_dim", default: 1280)
    groups = try fields.integer("norm_num_groups", default: 32)
    epsilon = try fields.number("norm_eps", default: 1e-5)
    usesLinearProjection = try fields.flag("use_linear_projection", default: false)
    flipsSineToCosine = try fields.flag("flip_sin_to_cos", default: true)
    frequencyShift = try fields.integer("freq_shift", default: 0, in: 0...1)
    addition = try UNet2DConfig.addition(fields)
    classWidth = try UNet2DConfig.classWidth(fields)
    try requireDivisible(fields)
  }

  private static func addition(_ fields: ConfigurationFields) throws -> Addition? {
    let kind = try fields.text("addition_embed_type", default: "")
    guard !kind.isEmpty else { return nil }
    guard kind == "text_time" else { throw fields.problem("addition_embed_type", "text_time, or none") }
    let addition = Addition(
      waveWidth: try fields.integer("addition_time_embed_dim", in: 2...65_536),
      width: try fields.integer("projection_class_embeddings_input_dim"))
    guard addition.textWidth > 0, addition.waveWidth % 2 == 0 else {
      throw fields.problem(
        "projection_class_embeddings_input_dim", "more than 6 times addition_time_embed_dim, which is even")
    }
    return addition
  }

  private static func classWidth(_ fields: ConfigurationFields) throws -> Int? {
    let kind = try fields.text("class_embed_type", default: "")
    guard !kind.isEmpty else { return nil }
    guard kind == "projection" else { throw fields.problem("class_embed_type", "projection, or none") }
    return try fields.integer("projection_class_embeddings_input_dim")
  }

  private func requireDivisible(_ fields: ConfigurationFields) throws {
    for (name, counts) in [("norm_num_groups", blockChannels.map { _ in groups }), ("attention_head_dim", heads)] {
      for (channels, count) in zip(blockChannels, counts) where channels % count != 0 {
        throw fields.problem(name, "divisors of the block_out_channels \(blockChannels)")
      }
    }
    // Half of the first level's width are sines of the timestep, half cosines.
    guard blockChannels[0] % 2 == 0 else { throw fields.problem("block_out_channels", "an even number first") }
  }

  private static func requireImplemented(_ fields: ConfigurationFields) throws {
    for (name, value) in implemented { try fields.require(name, value) }
    try fields.refuseUnknown(understood.union(implemented.map(\.0)))
  }

  private static let understood: Set<String> = [
    "sample_size", "in_channels", "out_channels", "block_out_channels", "down_block_types", "up_block_types",
    "layers_per_block", "attention_head_dim", "transformer_layers_per_block", "cross_attention_dim",
    "norm_num_groups", "norm_eps", "use_linear_projection", "flip_sin_to_cos", "freq_shift",
    // How precisely others compute; here everything is float32.
    "upcast_attention",
    "addition_embed_type", "addition_time_embed_dim", "projection_class_embeddings_input_dim", "class_embed_type",
    // Of use only with an addition_embed_type that is refused.
    "addition_embed_type_num_heads",
  ]

  private static let implemented: [(String, JSON)] = [
    ("act_fn", "silu"), ("attention_type", "default"), ("conv_in_kernel", 3), ("conv_out_kernel", 3),
    ("downsample_padding", 1), ("dropout", 0), ("mid_block_scale_factor", 1),
    ("mid_block_type", "UNetMidBlock2DCrossAttn"), ("resnet_out_scale_factor", 1),
    ("resnet_time_scale_shift", "default"), ("time_embedding_type", "positional"),
    ("only_cross_attention", false), ("dual_cross_attention", false), ("center_input_sample", false),
  ]
}

extension ConfigurationFields {
  /// Which blocks of a list have attention, by their type names.
  fileprivate func attention(_ name: String, _ plain: String, _ attending: String, default fallback: [Bool]) throws
    -> [Bool]
  {
    let types = try texts(name, default: fallback.map { $0 ? attending : plain })
    guard types.count == fallback.count, types.allSatisfy({ [plain, attending].contains($0) }) else {
      throw problem(name, "\(fallback.count) times \(plain) or \(attending), one for each of block_out_channels")
    }
    return types.map { $0 == attending }
  }
}

extension UNet2DConfig {
  public var json: JSON {
    let common: JSON = [
      "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.25.0", "act_fn": "silu",
      "attention_head_dim": .perLevel(heads), "block_out_channels": .integers(blockChannels),
      "center_input_sample": false, "cross_attention_dim": .integer(contextWidth),
      "down_block_types": .array(downAttention.map { $0 ? "CrossAttnDownBlock2D" : "DownBlock2D" }),
      "downsample_padding": 1, "flip_sin_to_cos": .bool(flipsSineToCosine), "freq_shift": .integer(frequencyShift),
      "in_channels": .integer(inChannels), "layers_per_block": .perLevel(layersPerBlock),
      "mid_block_scale_factor": 1, "mid_block_type": "UNetMidBlock2DCrossAttn", "norm_eps": .number(epsilon),
      "norm_num_groups": .integer(groups), "out_channels": .integer(outChannels),
      "sample_size": .integer(sampleSize), "transformer_layers_per_block": .perLevel(transformerLayers),
      "up_block_types": .array(upAttention.map { $0 ? "CrossAttnUpBlock2D" : "UpBlock2D" }),
      "use_linear_projection": .bool(usesLinearProjection),
    ]
    let width = (addition?.width ?? classWidth).map {
      JSON.Member("projection_class_embeddings_input_dim", .integer($0))
    }
    let kinds = [
      addition.map { _ in JSON.Member("addition_embed_type", "text_time") },
      addition.map { JSON.Member("addition_time_embed_dim", .integer($0.waveWidth)) },
      classWidth.map { _ in JSON.Member("class_embed_type", "projection") }, width,
    ]
    return .object((common.members ?? []) + kinds.compactMap(\.self))
  }
}

extension JSON {
  static func integers(_ values: [Int]) -> JSON { .array(values.map(JSON.integer)) }

  /// One number where all levels agree, as the published configurations have it; else a list.
  fileprivate static func perLevel(_ values: [Int]) -> JSON {
    Set(values).count == 1 ? .integer(values[0]) : .integers(values)
  }
}
