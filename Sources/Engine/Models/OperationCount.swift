/// Floating-point operations of one forward pass, a multiply-add counting as two; norms and activations left out.
///
/// Every weight meets every position of the feature map that it works on once, so that the names and shapes of the
/// parameters say it all but for attention's own products.

extension CLIPVisionTower {
  /// For so many images.
  public func operations(images: Int) -> Double {
    let (tokens, width) = (Double(config.tokens), Double(config.encoder.width))
    let hidden = Double(config.encoder.hiddenWidth)
    let layer = 2 * tokens * (4 * width * width + 2 * width * hidden) + 4 * tokens * tokens * width
    let patch = Double(config.channels * config.patchSize * config.patchSize)
    let ends = 2 * (tokens - 1) * patch * width + 2 * width * Double(projectionWidth)
    return Double(images) * (Double(config.encoder.layers) * layer + ends)
  }
}

extension UNet2DConditionModel {
  /// For so many images whose latents are `side` numbers wide and high, told `contextTokens` tokens each.
  public func operations(images: Int, side: Int, contextTokens: Int) -> Double {
    let levels = config.blockChannels.count
    let one = parameters.reduce(0.0) { sum, parameter in
      guard parameter.shape.rank >= 2 else { return sum }
      let name = parameter.name.split(separator: ".").map(String.init)
      let level = FeatureLevel.of(name, levels: levels)
      let positions = Double(side * side) / FeatureLevel.reduction(level)
      let isContext = name.contains("attn2") && (name.contains("to_k") || name.contains("to_v"))
      let isTime = name.contains("time_embedding") || name.contains("time_emb_proj")
      let met = isTime ? 1 : isContext ? Double(contextTokens) : positions
      let keys = name.contains("attn2") ? Double(contextTokens) : positions
      let attention = name.contains("to_q") ? 4 * positions * keys * Double(parameter.shape[0]) : 0
      return sum + 2 * met * Double(parameter.shape.count) + attention
    }
    return Double(images) * one
  }
}

extension AutoencoderKL {
  /// Of encoding so many images of `side` × `side` pixels.
  public func encodingOperations(images: Int, side: Int) -> Double {
    let levels = config.blockChannels.count
    let one = parameters.reduce(0.0) { sum, parameter in
      let name = parameter.name.split(separator: ".").map(String.init)
      guard parameter.shape.rank >= 2, name[0] == "encoder" || name[0] == "quant_conv" else { return sum }
      let isLast = name[0] == "quant_conv" || name[1] == "conv_out"
      let level = isLast ? levels - 1 : FeatureLevel.of(Array(name.dropFirst()), levels: levels)
      let positions = Double(side * side) / FeatureLevel.reduction(level)
      let attention = name.contains("to_q") ? 4 * positions * positions * Double(parameter.shape[0]) : 0
      return sum + 2 * positions * Double(parameter.shape.count) + attention
    }
    return Double(images) * one
  }
}

/// How far down a parameter of a U-shaped network works: 0 at full size, each level half as wide and high.
private enum FeatureLevel {
  static func of(_ name: [String], levels: Int) -> Int {
    let block = name.count > 1 ? Int(name[1]) ?? 0 : 0
    switch name.first {
    case "down_blocks": return block + (name.contains("downsamplers") ? 1 : 0)
    case "mid_block": return levels - 1
    case "up_blocks": return levels - 1 - block - (name.contains("upsamplers") ? 1 : 0)
    default: return 0
    }
  }

  /// How many times fewer positions there are.
  static func reduction(_ level: Int) -> Double { Double(1 << (2 * level)) }
}
