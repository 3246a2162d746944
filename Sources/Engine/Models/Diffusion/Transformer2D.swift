/// Transformer blocks over the pixels of a feature map, which attend to the context, in a residual branch.
///
/// Shape: (B, H, W, C), context (B, T, X) → (B, H, W, C).
/// Keys: `norm, proj_in, transformer_blocks.{i}, proj_out`. Source: diffusers `Transformer2DModel`.
struct Transformer2D {
  let norm: GroupNorm
  let projectionIn: TokenProjection
  let blocks: [BasicTransformerBlock]
  let projectionOut: TokenProjection

  init(_ channels: Int, heads: Int, layers: Int, _ config: UNet2DConfig, from weights: Weights) throws {
    // 1e-6 here and 1e-5 everywhere else is diffusers' own choice.
    norm = try GroupNorm(groups: config.groups, channels, epsilon: 1e-6, from: weights["norm"])
    let isLinear = config.usesLinearProjection
    projectionIn = try TokenProjection(channels, isLinear: isLinear, from: weights["proj_in"])
    blocks = try (0..<layers).map {
      try BasicTransformerBlock(
        channels, heads: heads, contextWidth: config.contextWidth, from: weights["transformer_blocks"][$0])
    }
    projectionOut = try TokenProjection(channels, isLinear: isLinear, from: weights["proj_out"])
  }

  func callAsFunction(_ x: Tensor, context: Tensor) -> Tensor {
    let (images, pixels, channels) = (x.shape[0], x.shape[1] * x.shape[2], x.shape[3])
    let tokens = projectionIn(norm(x).reshaped([images, pixels, channels]))
    let residual = projectionOut(blocks.reduce(tokens) { tokens, block in block(tokens, context: context) })
    return x + residual.reshaped(x.shape)
  }
}

/// A linear layer over tokens that SD 1 stores as a 1×1 convolution (C, C, 1, 1) and SD 2 as a matrix (C, C).
struct TokenProjection {
  let weight: Parameter
  let bias: Parameter

  init(_ channels: Int, isLinear: Bool, from weights: Weights) throws {
    let standard = Initializer.uniform(bound: 1 / Float(channels).squareRoot())
    weight = try weights.parameter(
      "weight", isLinear ? [channels, channels] : [channels, channels, 1, 1], standard)
    bias = try weights.parameter("bias", [channels], standard)
  }

  func callAsFunction(_ tokens: Tensor) -> Tensor {
    let channels = bias.shape[0]
    return tokens.linear(weight: weight.value.reshaped([channels, channels]), bias: bias.value)
  }
}

/// Self-attention, cross-attention to the context and a feed-forward network, each residual.
///
/// Shape: (B, T, C), context (B, S, X) → (B, T, C).
/// Keys: `norm1, attn1, norm2, attn2, norm3, ff.net.0.proj, ff.net.2`.
struct BasicTransformerBlock {
  let norm1: LayerNorm
  let selfAttention: MultiHeadAttention
  let norm2: LayerNorm
  let crossAttention: MultiHeadAttention
  let norm3: LayerNorm
  let gated: Linear
  let narrowing: Linear

  init(_ channels: Int, heads: Int, contextWidth: Int, from weights: Weights) throws {
    norm1 = try LayerNorm(channels, from: weights["norm1"])
    selfAttention = try MultiHeadAttention(channels, heads: heads, names: .unet, from: weights["attn1"])
    norm2 = try LayerNorm(channels, from: weights["norm2"])
    crossAttention = try MultiHeadAttention(
      channels, contextWidth: contextWidth, heads: heads, names: .unet, from: weights["attn2"])
    norm3 = try LayerNorm(channels, from: weights["norm3"])
    gated = try Linear(channels, 8 * channels, from: weights["ff.net.0.proj"])
    narrowing = try Linear(4 * channels, channels, from: weights["ff.net.2"])
  }

  func callAsFunction(_ x: Tensor, context: Tensor) -> Tensor {
    let attended = x + selfAttention(norm1(x))
    let conditioned = attended + crossAttention(norm2(attended), context: context)
    return conditioned + narrowing(gated(norm3(conditioned)).geglu())
  }
}
