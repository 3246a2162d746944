/// Stable Diffusion's denoiser: noisy latents, a timestep and a context in, the predicted noise out.
///
/// Parameter names, configuration and files are those of diffusers' `UNet2DConditionModel`. The context may have any
/// number of tokens; there is no mask.
public struct UNet2DConditionModel: Denoiser {
  public let config: UNet2DConfig
  public let parameters: [Parameter]
  /// Small computes each block a second time in the backward pass instead of keeping what it made.
  public var memory = ArithmeticPolicy.current.memory
  private let convIn: Conv2D
  private let timeEmbedding: TimestepEmbedding
  private let addedEmbedding: AddedEmbedding?
  private let classEmbedding: ClassEmbedding?
  /// Of SD-XL, which needs it: what is added to the timestep's vector, the same for all images (`addition`).
  public var added: Tensor?
  private let downBlocks: [UNetDownBlock]
  private let midBlock: UNetMidBlock
  private let upBlocks: [UNetUpBlock]
  private let normOut: GroupNorm
  private let convOut: Conv2D

  public init(_ config: UNet2DConfig, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let channels = config.blockChannels
    convIn = try Conv2D(config.inChannels, channels[0], kernel: 3, from: weights["conv_in"])
    timeEmbedding = try TimestepEmbedding(config, from: weights["time_embedding"])
    addedEmbedding = try config.addition.map { try AddedEmbedding($0, config, from: weights["add_embedding"]) }
    classEmbedding = try config.classWidth.map {
      try ClassEmbedding($0, to: 4 * config.blockChannels[0], from: weights["class_embedding"])
    }
    downBlocks = try channels.indices.map {
      try UNetDownBlock(level: $0, config, from: weights["down_blocks"][$0])
    }
    midBlock = try UNetMidBlock(config, from: weights["mid_block"])
    upBlocks = try channels.indices.map { try UNetUpBlock(step: $0, config, from: weights["up_blocks"][$0]) }
    normOut = try GroupNorm(
      groups: config.groups, channels[0], epsilon: Float(config.epsilon), silu: true, from: weights["conv_norm_out"])
    convOut = try Conv2D(channels[0], config.outChannels, kernel: 3, from: weights["conv_out"])
    parameters = Array(weights.parameters[before...])
  }

  /// A folder such as `unet/`: `config.json` and `diffusion_pytorch_model.safetensors`; all parameters frozen.
  public init(_ folder: WeightsFolder) throws {
    let config = try UNet2DConfig(folder.configuration())
    self = try Weights.load(folder.weights(), name: folder.path) { try UNet2DConditionModel(config, from: $0) }
  }

  public var sampleSize: Int { config.sampleSize }
  public var channels: Int { config.inChannels }
  public var granularity: Int { 1 << (config.blockChannels.count - 1) }
  public var contextWidth: Int { config.contextWidth }
  public var sizes: String { "channels " + config.blockChannels.map { "\($0)" }.joined(separator: ", ") }
  public var json: JSON { config.json }

  /// Writes a folder that diffusers opens, F32.
  public func save(to folder: WeightsFolder) throws {
    try folder.write(config.json, parameters: parameters, weightsName: "diffusion_pytorch_model.safetensors")
  }

  /// Of SD-XL: a pooled text, and the numbers of a square picture of `side` pixels that was not cut. nil for the others.
  public func addition(pooledText: Tensor, side: Int) -> Tensor? {
    addedEmbedding?(pooledText: pooledText, numbers: [side, side, 0, 0, side, side])
  }

  /// The same model with what SD-XL's takes; the others stay as they are. Throws a `Problem` where the text does not fit.
  func adding(_ pooledText: Tensor?, side: Int, of path: String) throws -> UNet2DConditionModel {
    guard let addition = config.addition else { return self }
    guard let pooledText, pooledText.shape.count == addition.textWidth else {
      throw Problem(
        "cannot use \(path): its UNet takes a pooled text of \(addition.textWidth) numbers, as SD-XL's, "
          + (pooledText.map { "its second text encoder gives \($0.shape.count)" } ?? "and there is no text_encoder_2"),
        advice: "give the whole of SD-XL, as a folder in diffusers' layout or a single file")
    }
    var unet = self
    unet.added = withoutGradient { unet.addition(pooledText: pooledText, side: side) }
    return unet
  }

  /// Shape: noisy latents (B, H, W, 4), one timestep an image, context (B, T, X) → (B, H, W, 4).
  ///
  /// H and W must be multiples of 2 to the number of downsamplings.
  ///
  /// - Parameter classes: of a UNet with a class width, a vector for each image; nil gives them nothing, a vector of 0.
  public func callAsFunction(_ latents: Tensor, timesteps: [Int], context: Tensor, classes: Tensor?) -> Tensor {
    requireFit(latents, timesteps: timesteps, context: context)
    precondition((added == nil) == (config.addition == nil), "SD-XL takes a pooled text, the others do not")
    precondition(
      classes == nil || classes?.shape == config.classWidth.map { [timesteps.count, $0] },
      "class vectors \(classes?.shape ?? []) for \(timesteps.count) images, each of \(config.classWidth ?? 0) numbers")
    let told = classEmbedding.map { $0(classes ?? Tensor(zeros: [timesteps.count, $0.width])) }
    let time = timeEmbedding(timesteps, added: told ?? added)
    var x = convIn(latents)
    var skips = [x]
    for block in downBlocks { x = block(x, time: time, context: context, skips: &skips, memory: memory) }
    x = midBlock(x, time: time, context: context, memory: memory)
    for block in upBlocks { x = block(x, time: time, context: context, skips: &skips, memory: memory) }
    return convOut(normOut(x))
  }
}
