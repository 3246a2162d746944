import Glibc

/// A block of EVA-CLIP's second image tower: rotated queries and keys, a norm inside attention, a gated MLP with a norm.
///
/// Shape: (B, T, C) → (B, T, C). Keys: as `CLIPEncoderBlock`, with `self_attn.inner_norm`, `mlp.gate` and `mlp.norm`.
/// Source: timm `EvaBlock` with `scale_attn_inner`, `swiglu_mlp` and `scale_mlp`; EVA-02 (arXiv 2303.11331).
struct EVABlock: EncoderBlock {
  private let norm1: LayerNorm
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let innerNorm: LayerNorm
  private let out: Linear
  private let norm2: LayerNorm
  private let gate: Linear
  private let fc1: Linear
  private let hiddenNorm: LayerNorm
  private let fc2: Linear
  private let heads: Int
  private let positions: RotaryPositions

  init(_ config: CLIPEncoderConfig, _ positions: RotaryPositions, from weights: Weights) throws {
    let (width, hidden, epsilon) = (config.width, config.hiddenWidth, Float(config.epsilon))
    heads = config.heads
    self.positions = positions
    norm1 = try LayerNorm(width, epsilon: epsilon, from: weights["layer_norm1"])
    let attention = weights["self_attn"]
    query = try Linear(width, width, from: attention["q_proj"])
    key = try Linear(width, width, hasBias: false, from: attention["k_proj"])
    value = try Linear(width, width, from: attention["v_proj"])
    innerNorm = try LayerNorm(width, epsilon: epsilon, from: attention["inner_norm"])
    out = try Linear(width, width, from: attention["out_proj"])
    norm2 = try LayerNorm(width, epsilon: epsilon, from: weights["layer_norm2"])
    let mlp = weights["mlp"]
    gate = try Linear(width, hidden, from: mlp["gate"])
    fc1 = try Linear(width, hidden, from: mlp["fc1"])
    hiddenNorm = try LayerNorm(hidden, epsilon: epsilon, from: mlp["norm"])
    fc2 = try Linear(hidden, width, from: mlp["fc2"])
  }

  func callAsFunction(_ x: Tensor, causal: Bool) -> Tensor {
    let normal = norm1(x)
    let mixed = positions.rotated(query(normal)).attention(
      keys: positions.rotated(key(normal)), values: value(normal), heads: heads, causal: causal)
    let attended = x + out(innerNorm(mixed))
    let tokens = norm2(attended)
    return attended + fc2(hiddenNorm(gate(tokens).activated(.silu) * fc1(tokens)))
  }

  func callAsFunction(_ x: Tensor, wanted: [[Int]]) -> Tensor { self(x, causal: false).gatherTokens(wanted) }
}

extension RotaryPositions {
  /// Patches on a side as EVA was first trained with; other grids are stretched to it.
  private static let referenceGrid = 16

  /// EVA's: turned by the row in the first half of each head, by the column in the second. The class token, which stands
  /// first, is not turned.
  ///
  /// Source: timm `RotaryEmbeddingCat` with `in_pixels=False` and a reference grid of 16 × 16.
  ///
  /// - Parameter headWidth: a multiple of 4.
  init(grid: Int, headWidth: Int, heads: Int) {
    let bands = headWidth / 4
    let frequencies = (0..<bands).map { 1 / powf(10_000, Float($0) / Float(bands)) }
    let angles = (0...grid * grid).map { token -> [Float] in
      guard token > 0 else { return Array(repeating: 0, count: 2 * bands) }
      return [(token - 1) / grid, (token - 1) % grid].flatMap { at -> [Float] in
        let stretched = Float(at) / Float(grid) * Float(Self.referenceGrid)
        return frequencies.map { stretched * $0 }
      }
    }
    self.init(angles: angles, heads: heads)
  }
}
