/// Attention with its four projections: softmax(q·kᵀ/√D)·v for each head, then mixed.
///
/// Shape: x (B, T, C), context (B, S, X) → (B, T, C). Keys: four linear layers, called as `Names` says.
public struct MultiHeadAttention {
  /// What a library calls the four projections, and which of them have a bias.
  public struct Names: Sendable {
    let query, key, value, out: String
    let hasInputBias: Bool

    /// transformers' CLIP: `q_proj.weight`, `q_proj.bias`, …
    public static let clip = Names(query: "q_proj", key: "k_proj", value: "v_proj", out: "out_proj", hasInputBias: true)
    /// diffusers' UNet: `to_q.weight`, …, `to_out.0.weight`, `to_out.0.bias`.
    public static let unet = Names(query: "to_q", key: "to_k", value: "to_v", out: "to_out.0", hasInputBias: false)
    /// diffusers' autoencoder: as the UNet, with a bias everywhere.
    public static let autoencoder = Names(
      query: "to_q", key: "to_k", value: "to_v", out: "to_out.0", hasInputBias: true)
  }

  public let query: Linear
  public let key: Linear
  public let value: Linear
  public let out: Linear
  private let heads: Int

  /// `contextWidth` is X, C unless given; `initializer` (of q, k, v) and `outInitializer` replace PyTorch's.
  public init(
    _ width: Int, contextWidth: Int? = nil, heads: Int, names: Names, from weights: Weights,
    initializer: Initializer? = nil, outInitializer: Initializer? = nil
  ) throws {
    func input(_ name: String, _ inputs: Int) throws -> Linear {
      try Linear(inputs, width, hasBias: names.hasInputBias, from: weights[name], initializer: initializer)
    }
    query = try input(names.query, width)
    key = try input(names.key, contextWidth ?? width)
    value = try input(names.value, contextWidth ?? width)
    out = try Linear(width, width, from: weights[names.out], initializer: outInitializer)
    self.heads = heads
  }

  /// Looks at `context`, or at `x` itself when there is none; `causal` hides later tokens from earlier ones.
  public func callAsFunction(_ x: Tensor, context: Tensor? = nil, causal: Bool = false) -> Tensor {
    if let context, context.shape[1] == 1 { return told(context, to: x.shape) }
    let seen = context ?? x
    return out(query(x).attention(keys: key(seen), values: value(seen), heads: heads, causal: causal))
  }

  /// With one token to look at, softmax gives it all the weight: queries and keys do not matter, and every token of
  /// `shape` (B, T, C) hears the same.
  private func told(_ context: Tensor, to shape: Shape) -> Tensor {
    let everyone = Array(repeating: 0, count: shape[1])
    return out(value(context)).gatherTokens(Array(repeating: everyone, count: shape[0]))
  }
}
