/// The transformer of either CLIP tower: pre-norm blocks, one after the other.
///
/// Shape: (B, T, C) → (B, T, C). Keys: `encoder.layers.{i}` of transformers' CLIP.
struct CLIPEncoder {
  let blocks: [any EncoderBlock]

  /// - Parameter rotation: of EVA's blocks, which know no other positions.
  init(_ config: CLIPEncoderConfig, rotation: RotaryPositions? = nil, from weights: Weights) throws {
    blocks = try (0..<config.layers).map { layer -> any EncoderBlock in
      let scope = weights["layers"][layer]
      guard let rotation else { return try CLIPEncoderBlock(config, from: scope) }
      return try EVABlock(config, rotation, from: scope)
    }
  }

  /// - Parameter wanted: numbers of the tokens that the last block is to give of each image, (B, n) → (B, n, C); all of
  ///   them, in order, when there are none.
  func callAsFunction(_ x: Tensor, causal: Bool, memory: MemoryUse = .fast, wanted: [[Int]]? = nil) -> Tensor {
    blocks.indices.reduce(x) { x, index in
      let wanted = index == blocks.count - 1 ? wanted : nil
      func run(_ x: Tensor) -> Tensor {
        wanted.map { blocks[index](x, wanted: $0) } ?? blocks[index](x, causal: causal)
      }
      return memory == .fast ? run(x) : .recomputed(x, run)
    }
  }
}

extension CLIPEncoder {
  /// What the last block would read.
  func beforeLast(_ x: Tensor, causal: Bool) -> Tensor { blocks.dropLast().reduce(x) { $1($0, causal: causal) } }
}

/// One block of a transformer's tower.
protocol EncoderBlock {
  func callAsFunction(_ x: Tensor, causal: Bool) -> Tensor
  /// Of some tokens only, (B, n), which look at all of them: nothing else of the last block reaches anybody.
  func callAsFunction(_ x: Tensor, wanted: [[Int]]) -> Tensor
}

/// Attention, then MLP; each reads a normalised copy and adds its answer to the stream.
///
/// Shape: (B, T, C) → (B, T, C). Keys: `layer_norm1, self_attn, layer_norm2, mlp`.
struct CLIPEncoderBlock: EncoderBlock {
  let norm1: LayerNorm
  let attention: MultiHeadAttention
  let norm2: LayerNorm
  let mlp: CLIPMLP

  init(_ config: CLIPEncoderConfig, from weights: Weights) throws {
    norm1 = try LayerNorm(config.width, epsilon: Float(config.epsilon), from: weights["layer_norm1"])
    attention = try MultiHeadAttention(
      config.width, heads: config.heads, names: .clip, from: weights["self_attn"],
      initializer: .normal(deviation: config.inwardDeviation),
      outInitializer: .normal(deviation: config.outwardDeviation))
    norm2 = try LayerNorm(config.width, epsilon: Float(config.epsilon), from: weights["layer_norm2"])
    mlp = try CLIPMLP(config, from: weights["mlp"])
  }

  func callAsFunction(_ x: Tensor, causal: Bool) -> Tensor {
    let x = x + attention(norm1(x), causal: causal)
    return x + mlp(norm2(x))
  }

  func callAsFunction(_ x: Tensor, wanted: [[Int]]) -> Tensor {
    let normal = norm1(x)
    let few = x.gatherTokens(wanted) + attention(normal.gatherTokens(wanted), context: normal)
    return few + mlp(norm2(few))
  }
}

/// Two linear layers with the model's activation between.
///
/// Shape: (B, T, C) → (B, T, C). Keys: `fc1, fc2`.
struct CLIPMLP {
  let fc1: Linear
  let fc2: Linear
  let activation: Activation

  init(_ config: CLIPEncoderConfig, from weights: Weights) throws {
    fc1 = try Linear(
      config.width, config.hiddenWidth, from: weights["fc1"], initializer: .normal(deviation: config.hiddenDeviation))
    fc2 = try Linear(
      config.hiddenWidth, config.width, from: weights["fc2"], initializer: .normal(deviation: config.outwardDeviation))
    activation = config.activation
  }

  func callAsFunction(_ x: Tensor) -> Tensor { fc2(fc1(x).activated(activation)) }
}

/// How blocks begin: OpenAI's `clip/model.py`, `initialize_parameters`.
///
/// OpenAI uses it for the text tower and leaves the image tower's blocks at PyTorch's defaults; here it serves both,
/// because it keeps the stream's size as depth grows. Biases begin at 0.
extension CLIPEncoderConfig {
  /// For what reads the stream into attention.
  fileprivate var inwardDeviation: Float { 1 / Float(width).squareRoot() }
  /// For what writes into the stream: smaller the more blocks write.
  fileprivate var outwardDeviation: Float { 1 / Float(width * 2 * layers).squareRoot() }
  fileprivate var hiddenDeviation: Float { 1 / Float(2 * width).squareRoot() }
}
