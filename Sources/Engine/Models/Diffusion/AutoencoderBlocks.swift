/// Image to the parameters of its latents.
///
/// Shape: (B, H, W, 3) → (B, H/f, W/f, 2·L), f = 2 to the number of levels less one.
/// Keys: `conv_in, down_blocks.{i}, mid_block, conv_norm_out, conv_out`. Source: diffusers `Encoder`.
struct AutoencoderEncoder {
  let convIn: Conv2D
  let levels: [(resnets: [ResnetBlock2D], downsample: Downsample2D?)]
  let midBlock: AutoencoderMidBlock
  let normOut: GroupNorm
  let convOut: Conv2D

  init(_ config: AutoencoderConfig, from weights: Weights) throws {
    let channels = config.blockChannels
    let last = channels.count - 1
    convIn = try Conv2D(config.inChannels, channels[0], kernel: 3, from: weights["conv_in"])
    levels = try channels.indices.map { level in
      let scope = weights["down_blocks"][level]
      let resnets = try (0..<config.layersPerBlock).map { layer in
        let inputs = layer == 0 ? channels[max(0, level - 1)] : channels[level]
        return try config.resnet(inputs, channels[level], from: scope["resnets"][layer])
      }
      guard level < last else { return (resnets, nil) }
      // One pixel more on the right and at the bottom only, so that even sizes halve exactly.
      let padding = Padding(top: 0, left: 0, bottom: 1, right: 1)
      return (resnets, try Downsample2D(channels[level], padding: padding, from: scope["downsamplers.0"]))
    }
    midBlock = try AutoencoderMidBlock(config, from: weights["mid_block"])
    normOut = try config.norm(channels[last], silu: true, from: weights["conv_norm_out"])
    convOut = try Conv2D(channels[last], 2 * config.latentChannels, kernel: 3, from: weights["conv_out"])
  }

  func callAsFunction(_ image: Tensor) -> Tensor {
    var x = convIn(image)
    for level in levels {
      for resnet in level.resnets { x = resnet(x) }
      x = level.downsample?(x) ?? x
    }
    return convOut(normOut(midBlock(x)))
  }
}

/// Latents to image.
///
/// Shape: (B, h, w, L) → (B, f·h, f·w, 3). Keys: `conv_in, mid_block, up_blocks.{i}, conv_norm_out, conv_out`.
/// Source: diffusers `Decoder`.
struct AutoencoderDecoder {
  let convIn: Conv2D
  let midBlock: AutoencoderMidBlock
  let levels: [(resnets: [ResnetBlock2D], upsample: Upsample2D?)]
  let normOut: GroupNorm
  let convOut: Conv2D

  init(_ config: AutoencoderConfig, from weights: Weights) throws {
    let channels = Array(config.blockChannels.reversed())
    let last = channels.count - 1
    convIn = try Conv2D(config.latentChannels, channels[0], kernel: 3, from: weights["conv_in"])
    midBlock = try AutoencoderMidBlock(config, from: weights["mid_block"])
    levels = try channels.indices.map { step in
      let scope = weights["up_blocks"][step]
      let resnets = try (0...config.layersPerBlock).map { layer in
        let inputs = layer == 0 ? channels[max(0, step - 1)] : channels[step]
        return try config.resnet(inputs, channels[step], from: scope["resnets"][layer])
      }
      return (resnets, step < last ? try Upsample2D(channels[step], from: scope["upsamplers.0"]) : nil)
    }
    normOut = try config.norm(channels[last], silu: true, from: weights["conv_norm_out"])
    convOut = try Conv2D(channels[last], config.outChannels, kernel: 3, from: weights["conv_out"])
  }

  func callAsFunction(_ latents: Tensor) -> Tensor {
    var x = midBlock(convIn(latents))
    for level in levels {
      for resnet in level.resnets { x = resnet(x) }
      x = level.upsample?(x) ?? x
    }
    return convOut(normOut(x))
  }
}

/// The bottom of encoder and decoder: residual block, one head of attention over all pixels, residual block.
///
/// Keys: `resnets.{0,1}, attentions.0`. Source: diffusers `UNetMidBlock2D`.
struct AutoencoderMidBlock {
  let before: ResnetBlock2D
  let attention: (norm: GroupNorm, heads: MultiHeadAttention)?
  let after: ResnetBlock2D

  init(_ config: AutoencoderConfig, from weights: Weights) throws {
    let channels = config.blockChannels[config.blockChannels.count - 1]
    before = try config.resnet(channels, channels, from: weights["resnets.0"])
    let scope = weights["attentions.0"]
    if config.hasMidAttention {
      attention = (
        try config.norm(channels, silu: false, from: scope["group_norm"]),
        try MultiHeadAttention(channels, heads: 1, names: .autoencoder, from: scope)
      )
    } else {
      attention = nil
    }
    after = try config.resnet(channels, channels, from: weights["resnets.1"])
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    let x = before(x)
    guard let attention else { return after(x) }
    let tokens = attention.norm(x).reshaped([x.shape[0], x.shape[1] * x.shape[2], x.shape[3]])
    return after(x + attention.heads(tokens).reshaped(x.shape))
  }
}

extension AutoencoderConfig {
  fileprivate func resnet(_ inputs: Int, _ outputs: Int, from weights: Weights) throws -> ResnetBlock2D {
    try ResnetBlock2D(inputs, outputs, timeWidth: nil, groups: groups, epsilon: 1e-6, from: weights)
  }

  fileprivate func norm(_ channels: Int, silu: Bool, from weights: Weights) throws -> GroupNorm {
    try GroupNorm(groups: groups, channels, epsilon: 1e-6, silu: silu, from: weights)
  }
}
