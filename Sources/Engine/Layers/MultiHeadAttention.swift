/// Attention with its four projections: softmax(q·kᵀ/√D)·v for each head, then mixed.
///
/// Shape: x (B, T, C), context (B, S, X) → (B, T, C). Keys: four linear layers, named as `Names` says.
public struct MultiHeadAttention {
  /// A library's names of the four projections, and which of them have a bias.
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

  /// Cross-attention to `context`, or self-attention when there is none; `causal` masks later tokens.
  public func callAsFunction(_ x: Tensor, context: Tensor? = nil, causal: Bool = false) -> Tensor {
    if let context, context.shape[1] == 1 { return broadcast(context, to: x.shape) }
    let context = context ?? x
    return out(query(x).attention(keys: key(context), values: value(context), heads: heads, causal: causal))
  }

  /// A context of a single token: softmax is 1, so that queries and keys do not matter and the output is the same for
  /// every token of `shape` (B, T, C).
  private func broadcast(_ context: Tensor, to shape: Shape) -> Tensor {
    let first = Array(repeating: 0, count: shape[1])
    return out(value(context)).gatherTokens(Array(repeating: first, count: shape[0]))
  }
}
