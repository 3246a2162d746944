/// One level of the way down: residual blocks, each followed by attention where the level has it, then half the size.
///
/// Checkpoint: `resnets.{i}, attentions.{i}, downsamplers.0`. Source: diffusers `(CrossAttn)DownBlock2D`.
struct UNetDownBlock {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2D]
  let downsample: Downsample2D?

  init(level: Int, _ config: UNet2DConfig, from weights: Weights) throws {
    let outputs = config.blockChannels[level]
    let layers = 0..<config.layersPerBlock[level]
    resnets = try layers.map { layer in
      let inputs = layer == 0 ? config.blockChannels[max(0, level - 1)] : outputs
      return try config.resnet(inputs, outputs, from: weights["resnets"][layer])
    }
    attentions = try layers.compactMap { layer in
      guard config.downAttention[level] else { return nil }
      return try config.transformer(level: level, from: weights["attentions"][layer])
    }
    let isLast = level == config.blockChannels.count - 1
    downsample = isLast ? nil : try Downsample2D(outputs, padding: .same(1), from: weights["downsamplers.0"])
  }

  /// Everything that the way up will want back is added to `skips`.
  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor]) -> Tensor {
    var x = x
    for (layer, resnet) in resnets.enumerated() {
      x = resnet(x, time: time)
      if !attentions.isEmpty { x = attentions[layer](x, context: context) }
      skips.append(x)
    }
    guard let downsample else { return x }
    x = downsample(x)
    skips.append(x)
    return x
  }
}

/// The bottom of the UNet: residual block, attention, residual block.
///
/// Checkpoint: `resnets.{0,1}, attentions.0`. Source: diffusers `UNetMidBlock2DCrossAttn`.
struct UNetMidBlock {
  let before: ResnetBlock2D
  let attention: Transformer2D
  let after: ResnetBlock2D

  init(_ config: UNet2DConfig, from weights: Weights) throws {
    let level = config.blockChannels.count - 1
    let channels = config.blockChannels[level]
    before = try config.resnet(channels, channels, from: weights["resnets.0"])
    attention = try config.transformer(level: level, from: weights["attentions.0"])
    after = try config.resnet(channels, channels, from: weights["resnets.1"])
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor) -> Tensor {
    after(attention(before(x, time: time), context: context), time: time)
  }
}

/// One level of the way up: residual blocks that each take back a skip, attention where the level has it, then twice
/// the size.
///
/// Checkpoint: `resnets.{i}, attentions.{i}, upsamplers.0`. Source: diffusers `(CrossAttn)UpBlock2D`.
struct UNetUpBlock {
  let resnets: [ResnetBlock2D]
  let attentions: [Transformer2D]
  let upsample: Upsample2D?

  /// `step` counts from the bottom: step 0 works at the coarsest level.
  init(step: Int, _ config: UNet2DConfig, from weights: Weights) throws {
    let channels = config.blockChannels
    let level = channels.count - 1 - step
    let outputs = channels[level]
    let count = config.layersPerBlock[level] + 1
    resnets = try (0..<count).map { layer in
      let stream = layer == 0 ? channels[min(channels.count - 1, level + 1)] : outputs
      // The last skip of a level was made before its first block widened the stream.
      let skip = layer == count - 1 ? channels[max(0, level - 1)] : outputs
      return try config.resnet(stream + skip, outputs, from: weights["resnets"][layer])
    }
    attentions = try (0..<count).compactMap { layer in
      guard config.upAttention[step] else { return nil }
      return try config.transformer(level: level, from: weights["attentions"][layer])
    }
    upsample = level == 0 ? nil : try Upsample2D(outputs, from: weights["upsamplers.0"])
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor]) -> Tensor {
    var x = x
    for (layer, resnet) in resnets.enumerated() {
      x = resnet(x.concatenatedChannels(skips.removeLast()), time: time)
      if !attentions.isEmpty { x = attentions[layer](x, context: context) }
    }
    return upsample?(x) ?? x
  }
}

extension UNet2DConfig {
  fileprivate func resnet(_ inputs: Int, _ outputs: Int, from weights: Weights) throws -> ResnetBlock2D {
    try ResnetBlock2D(
      inputs, outputs, timeWidth: 4 * blockChannels[0], groups: groups, epsilon: Float(epsilon), from: weights)
  }

  fileprivate func transformer(level: Int, from weights: Weights) throws -> Transformer2D {
    try Transformer2D(
      blockChannels[level], heads: heads[level], layers: transformerLayers[level], self, from: weights)
  }
}
