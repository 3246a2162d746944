import Glibc

/// Where the tokens of text and picture stand: the text's come first.
struct FluxPlaces {
  let rotary: RotaryPositions
  private let textTokens: Int
  private let tokens: Int

  /// Source: diffusers `FluxPosEmbed`, base 10,000.
  init(textTokens: Int, rows: Int, columns: Int, _ config: FluxConfig) {
    (self.textTokens, tokens) = (textTokens, textTokens + rows * columns)
    let text = Array(repeating: [0, 0, 0], count: textTokens)
    let patches = (0..<rows).flatMap { row in (0..<columns).map { [0, row, $0] } }
    let angles = (text + patches).map { place in
      zip(place, config.rotaryWidths).flatMap { at, width in
        (0..<width / 2).map { Float(Double(at) / pow(10_000, Double(2 * $0) / Double(width))) }
      }
    }
    rotary = RotaryPositions(angles: angles, heads: config.heads)
  }

  func text(of x: Tensor) -> Tensor { part(of: x, 0..<textTokens) }
  func patches(of x: Tensor) -> Tensor { part(of: x, textTokens..<tokens) }

  private func part(of x: Tensor, _ range: Range<Int>) -> Tensor {
    x.gatherTokens(Array(repeating: Array(range), count: x.shape[0]))
  }
}

/// Queries, keys and values of one kind of token, each head of queries and keys normed.
private struct FluxProjections {
  private let query: Linear
  private let key: Linear
  private let value: Linear
  private let queryNorm: RMSNorm
  private let keyNorm: RMSNorm

  /// - Parameter names: of query, key, value, and of the norms of query and key.
  init(_ config: FluxConfig, names: [String], from weights: Weights) throws {
    func linear(_ name: String) throws -> Linear { try Linear(config.width, config.width, from: weights[name]) }
    (query, key, value) = (try linear(names[0]), try linear(names[1]), try linear(names[2]))
    queryNorm = try RMSNorm(config.headWidth, epsilon: 1e-6, from: weights[names[3]])
    keyNorm = try RMSNorm(config.headWidth, epsilon: 1e-6, from: weights[names[4]])
  }

  static let own = ["to_q", "to_k", "to_v", "norm_q", "norm_k"]
  static let added = ["add_q_proj", "add_k_proj", "add_v_proj", "norm_added_q", "norm_added_k"]

  func callAsFunction(_ x: Tensor) -> FluxHeads {
    FluxHeads(queries: queryNorm.perHead(query(x)), keys: keyNorm.perHead(key(x)), values: value(x))
  }
}

private struct FluxHeads {
  let queries: Tensor
  let keys: Tensor
  let values: Tensor

  /// Of these tokens and then of others.
  func followed(by other: FluxHeads) -> FluxHeads {
    FluxHeads(
      queries: queries.concatenatedTokens(other.queries), keys: keys.concatenatedTokens(other.keys),
      values: values.concatenatedTokens(other.values))
  }

  func attention(heads: Int, _ rotary: RotaryPositions) -> Tensor {
    rotary.rotated(queries).attention(keys: rotary.rotated(keys), values: values, heads: heads)
  }
}

/// What a double block has of each of its two kinds of token: norms that the vector sets, and a feed-forward network.
private struct FluxStream {
  private let modulation: Linear
  private let out: Linear
  private let widening: Linear
  private let narrowing: Linear

  init(_ width: Int, modulation: Weights, out: Weights, network: Weights) throws {
    self.modulation = try Linear(width, 6 * width, from: modulation["linear"], initializer: .zeros)
    self.out = try Linear(width, width, from: out)
    widening = try Linear(width, 4 * width, from: network["net.0.proj"])
    narrowing = try Linear(4 * width, width, from: network["net.2"])
  }

  /// Shift, scale and gate of attention, then of the network: each (B, C).
  func parts(_ vector: Tensor) -> [Tensor] { modulation(vector).splitLast(into: 6) }

  func normed(_ x: Tensor, _ parts: [Tensor]) -> Tensor {
    x.plainNorm(epsilon: 1e-6).modulated(scale: parts[1], shift: parts[0])
  }

  func finished(_ x: Tensor, attended: Tensor, _ parts: [Tensor]) -> Tensor {
    let y = x + out(attended).scaledPerImage(parts[2])
    let wide = widening(y.plainNorm(epsilon: 1e-6).modulated(scale: parts[4], shift: parts[3]))
    return y + narrowing(wide.activated(.geluTanh)).scaledPerImage(parts[5])
  }
}

/// Attention among the tokens of text and picture together, each kind with weights of its own.
///
/// Shape: (B, T, C), text first, and the vector (B, C) → (B, T, C). Keys: `norm1.linear, norm1_context.linear, attn.…, ff.…,
/// ff_context.…`. Source: diffusers `FluxTransformerBlock`.
struct FluxDoubleBlock {
  private let picture: FluxStream
  private let text: FluxStream
  private let pictureHeads: FluxProjections
  private let textHeads: FluxProjections
  private let heads: Int

  init(_ config: FluxConfig, from weights: Weights) throws {
    let attention = weights["attn"]
    heads = config.heads
    picture = try FluxStream(
      config.width, modulation: weights["norm1"], out: attention["to_out.0"], network: weights["ff"])
    text = try FluxStream(
      config.width, modulation: weights["norm1_context"], out: attention["to_add_out"], network: weights["ff_context"])
    pictureHeads = try FluxProjections(config, names: FluxProjections.own, from: attention)
    textHeads = try FluxProjections(config, names: FluxProjections.added, from: attention)
  }

  func callAsFunction(_ x: Tensor, _ vector: Tensor, _ places: FluxPlaces) -> Tensor {
    let (words, patches) = (places.text(of: x), places.patches(of: x))
    let (ofText, ofPicture) = (text.parts(vector), picture.parts(vector))
    let all = textHeads(text.normed(words, ofText)).followed(by: pictureHeads(picture.normed(patches, ofPicture)))
    let attended = all.attention(heads: heads, places.rotary)
    return text.finished(words, attended: places.text(of: attended), ofText)
      .concatenatedTokens(picture.finished(patches, attended: places.patches(of: attended), ofPicture))
  }
}

/// Attention and a wide layer beside each other, with the same weights for the tokens of text and picture.
///
/// Shape: (B, T, C), text first, and the vector (B, C) → (B, T, C). Keys: `norm.linear, attn.…, proj_mlp, proj_out`.
/// Source: diffusers `FluxSingleTransformerBlock`.
struct FluxSingleBlock {
  private let modulation: Linear
  private let projections: FluxProjections
  private let widening: Linear
  private let out: Linear
  private let heads: Int

  init(_ config: FluxConfig, from weights: Weights) throws {
    let width = config.width
    heads = config.heads
    modulation = try Linear(width, 3 * width, from: weights["norm.linear"], initializer: .zeros)
    projections = try FluxProjections(config, names: FluxProjections.own, from: weights["attn"])
    widening = try Linear(width, 4 * width, from: weights["proj_mlp"])
    out = try Linear(5 * width, width, from: weights["proj_out"])
  }

  func callAsFunction(_ x: Tensor, _ vector: Tensor, _ places: FluxPlaces) -> Tensor {
    let parts = modulation(vector).splitLast(into: 3)
    let normed = x.plainNorm(epsilon: 1e-6).modulated(scale: parts[1], shift: parts[0])
    let attended = projections(normed).attention(heads: heads, places.rotary)
    let wide = widening(normed).activated(.geluTanh)
    return x + out(attended.concatenatedChannels(wide)).scaledPerImage(parts[2])
  }
}
