/// One level of the way down: residual blocks, each followed by attention where the level has it, then half the size.
///
/// Keys: `resnets.{i}, attentions.{i}, downsamplers.0`. Source: diffusers `(CrossAttn)DownBlock2D`.
struct UNetDownBlock {
  let layers: [UNetLayer]
  let downsample: Downsample2D?

  init(level: Int, _ config: UNet2DConfig, from weights: Weights) throws {
    let outputs = config.blockChannels[level]
    let resnets = try (0..<config.layersPerBlock[level]).map { layer in
      let inputs = layer == 0 ? config.blockChannels[max(0, level - 1)] : outputs
      return try config.resnet(inputs, outputs, from: weights["resnets"][layer])
    }
    layers = try config.layers(resnets, level: level, hasAttention: config.downAttention[level], from: weights)
    let isLast = level == config.blockChannels.count - 1
    downsample = isLast ? nil : try Downsample2D(outputs, padding: .same(1), from: weights["downsamplers.0"])
  }

  /// The outputs for the skip connections of the up blocks are added to `skips`.
  func callAsFunction(
    _ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor], memory: MemoryUse
  ) -> Tensor {
    var x = x
    for layer in layers {
      x = layer(x, time: time, context: context, memory: memory)
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
/// Keys: `resnets.{0,1}, attentions.0`. Source: diffusers `UNetMidBlock2DCrossAttn`.
struct UNetMidBlock {
  let before: UNetLayer
  let after: ResnetBlock2D

  init(_ config: UNet2DConfig, from weights: Weights) throws {
    let level = config.blockChannels.count - 1
    let channels = config.blockChannels[level]
    let resnet = try config.resnet(channels, channels, from: weights["resnets.0"])
    before = UNetLayer(
      resnet: resnet, attention: try config.transformer(level: level, from: weights["attentions.0"]))
    after = try config.resnet(channels, channels, from: weights["resnets.1"])
  }

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, memory: MemoryUse) -> Tensor {
    let x = before(x, time: time, context: context, memory: memory)
    return memory == .fast ? after(x, time: time) : .recomputed([x, time]) { after($0[0], time: $0[1]) }
  }
}

/// One level of the way up: residual blocks that each take back a skip, attention where the level has it, then twice
/// the size.
///
/// Keys: `resnets.{i}, attentions.{i}, upsamplers.0`. Source: diffusers `(CrossAttn)UpBlock2D`.
struct UNetUpBlock {
  let layers: [UNetLayer]
  let upsample: Upsample2D?

  /// `step` counts from the bottom: step 0 works at the coarsest level.
  init(step: Int, _ config: UNet2DConfig, from weights: Weights) throws {
    let channels = config.blockChannels
    let level = channels.count - 1 - step
    let outputs = channels[level]
    let count = config.layersPerBlock[level] + 1
    let resnets = try (0..<count).map { layer in
      let stream = layer == 0 ? channels[min(channels.count - 1, level + 1)] : outputs
      // The last skip of a level was made before its first block widened the stream.
      let skip = layer == count - 1 ? channels[max(0, level - 1)] : outputs
      return try config.resnet(stream + skip, outputs, from: weights["resnets"][layer])
    }
    layers = try config.layers(resnets, level: level, hasAttention: config.upAttention[step], from: weights)
    upsample = level == 0 ? nil : try Upsample2D(outputs, from: weights["upsamplers.0"])
  }

  func callAsFunction(
    _ x: Tensor, time: Tensor, context: Tensor, skips: inout [Tensor], memory: MemoryUse
  ) -> Tensor {
    var x = x
    for layer in layers {
      x = layer(x.concatenatedChannels(skips.removeLast()), time: time, context: context, memory: memory)
    }
    return upsample?(x) ?? x
  }
}

/// A residual block and, where the level has it, the attention after it: the smallest piece that is worth computing
/// again instead of keeping.
struct UNetLayer {
  let resnet: ResnetBlock2D
  let attention: Transformer2D?

  func callAsFunction(_ x: Tensor, time: Tensor, context: Tensor, memory: MemoryUse) -> Tensor {
    switch memory {
    case .fast: run(x, time, context)
    case .small: .recomputed([x, time, context]) { run($0[0], $0[1], $0[2]) }
    }
  }

  private func run(_ x: Tensor, _ time: Tensor, _ context: Tensor) -> Tensor {
    let y = resnet(x, time: time)
    return attention?(y, context: context) ?? y
  }
}

extension UNet2DConfig {
  /// Each residual block with its attention, `attentions.{i}` of `weights`.
  fileprivate func layers(
    _ resnets: [ResnetBlock2D], level: Int, hasAttention: Bool, from weights: Weights
  ) throws -> [UNetLayer] {
    try resnets.enumerated().map { layer, resnet in
      let attention = hasAttention ? try transformer(level: level, from: weights["attentions"][layer]) : nil
      return UNetLayer(resnet: resnet, attention: attention)
    }
  }

  fileprivate func resnet(_ inputs: Int, _ outputs: Int, from weights: Weights) throws -> ResnetBlock2D {
    try ResnetBlock2D(
      inputs, outputs, timeWidth: 4 * blockChannels[0], groups: groups, epsilon: Float(epsilon), from: weights)
  }

  fileprivate func transformer(level: Int, from weights: Weights) throws -> Transformer2D {
    try Transformer2D(
      blockChannels[level], heads: heads[level], layers: transformerLayers[level], self, from: weights)
  }
}
