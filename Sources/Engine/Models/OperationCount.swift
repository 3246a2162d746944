/// Floating-point operations of one forward pass, a multiply-add counting as two; norms and activations left out.
///
/// Every weight is multiplied once at every position of its feature map, so that the names and shapes of the
/// parameters say it all but for attention's own products.

extension CLIPVisionTower {
  /// For this number of images.
  public func operations(images: Int) -> Double {
    let (tokens, width) = (Double(config.tokens), Double(config.encoder.width))
    let hidden = Double(config.encoder.hiddenWidth)
    let matrices: Double = config.isEVA ? 3 : 2
    let layer = 2 * tokens * (4 * width * width + matrices * width * hidden) + 4 * tokens * tokens * width
    let ends = patchOperations + 2 * width * Double(projectionWidth)
    return Double(images) * (Double(config.encoder.layers) * layer + ends)
  }

  /// Of the gradients of all weights: of each product those of both sides, but none of the pixels.
  public func gradientOperations(images: Int) -> Double {
    2 * operations(images: images) - Double(images) * patchOperations
  }

  private var patchOperations: Double {
    let patch = Double(config.channels * config.patchSize * config.patchSize)
    return 2 * Double(config.patches) * patch * Double(config.encoder.width)
  }
}

extension UNet2DConditionModel {
  public func operations(images: Int, side: Int, contextTokens: Int) -> Double {
    let levels = config.blockChannels.count
    return Double(images)
      * parameters.reduce(0.0) { sum, parameter in
        let work = work(parameter, levels: levels, side: side, contextTokens: contextTokens)
        return sum + work.weights + work.attention
      }
  }

  public func contextGradientOperations(images: Int, side: Int, contextTokens: Int) -> Double {
    let levels = config.blockChannels.count
    let one = parameters.reduce(0.0) { sum, parameter in
      let work = work(parameter, levels: levels, side: side, contextTokens: contextTokens)
      if parameter.name.hasPrefix(firstHearing + ".transformer_blocks.0.attn2.to_q") {
        // Its queries need no gradient: three products of four.
        return sum + 1.5 * work.attention
      }
      return sum + (isDeaf(parameter) ? 0 : work.weights + 2 * work.attention)
    }
    return Double(images) * one
  }

  /// The first attention block that reads the context.
  private var firstHearing: String {
    config.downAttention.firstIndex(of: true).map { "down_blocks.\($0).attentions.0" } ?? "mid_block.attentions.0"
  }

  /// Nothing before the first cross-attention, and nothing of the timestep, depends on the context.
  private func isDeaf(_ parameter: Parameter) -> Bool {
    let level = config.downAttention.firstIndex(of: true)
    let block = level.map { "down_blocks.\($0)" } ?? "mid_block"
    let before =
      ["conv_in.", "time_embedding.", "class_embedding.", "\(block).resnets.0.", "\(firstHearing).proj_in."]
      + ["\(firstHearing).transformer_blocks.0.attn1."]
      + (0..<(level ?? config.blockChannels.count)).map { "down_blocks.\($0)." }
    return parameter.name.contains("time_emb_proj") || before.contains { parameter.name.hasPrefix($0) }
  }

  /// What one parameter does in a forward pass for one image: against its weights, and in the attention whose queries it
  /// makes.
  private func work(_ parameter: Parameter, levels: Int, side: Int, contextTokens: Int)
    -> (weights: Double, attention: Double)
  {
    // SD-XL's added vector is computed once for all.
    guard parameter.shape.rank >= 2, !parameter.name.hasPrefix("add_embedding.") else { return (0, 0) }
    let name = parameter.name.split(separator: ".").map(String.init)
    let level = FeatureLevel.of(name, levels: levels)
    let positions = Double(side * side) / FeatureLevel.reduction(level)
    let isContext = name.contains("attn2") && (name.contains("to_k") || name.contains("to_v"))
    let isTime = ["time_embedding", "class_embedding", "time_emb_proj"].contains(where: name.contains)
    let met = isTime ? 1 : isContext ? Double(contextTokens) : positions
    let keys = name.contains("attn2") ? Double(contextTokens) : positions
    let attention = name.contains("to_q") ? 4 * positions * keys * Double(parameter.shape[0]) : 0
    return (2 * met * Double(parameter.shape.count), attention)
  }
}

extension AutoencoderKL {
  /// Of encoding images of `side` × `side` pixels.
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
enum FeatureLevel {
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
