/// Attention pooling: a learned query attends to all tokens, then an MLP; SigLIP's summary of an image.
///
/// Shape: (B, T, C) → (B, 1, C). Keys: `probe, attention, layernorm, mlp`.
/// Source: transformers `SiglipMultiheadAttentionPoolingHead`; timm `AttentionPoolLatent`.
struct AttentionPool {
  let probe: Parameter
  let attention: MultiHeadAttention
  let norm: LayerNorm
  let mlp: CLIPMLP

  init(_ config: CLIPEncoderConfig, from weights: Weights) throws {
    let width = config.width
    probe = try weights.parameter("probe", [1, 1, width], .normal(deviation: 1 / Float(width).squareRoot()))
    attention = try MultiHeadAttention(width, heads: config.heads, names: .clip, from: weights["attention"])
    norm = try LayerNorm(width, epsilon: Float(config.epsilon), from: weights["layernorm"])
    mlp = try CLIPMLP(config, from: weights["mlp"])
  }

  func callAsFunction(_ tokens: Tensor) -> Tensor {
    let images = tokens.shape[0]
    let query = probe.value.reshaped([1, probe.shape[2]]).embedding(
      ids: Array(repeating: 0, count: images), shape: [images, 1])
    // A single query takes hardly any time, and its gradient is a small difference, which bfloat16 would blur.
    return ArithmeticPolicy.current.exact.during {
      let pooled = attention(query, context: tokens)
      return pooled + mlp(norm(pooled))
    }
  }
}
