/// CLIP's vision transformer: an image becomes one token for each patch, and a summary of them all.
///
/// OpenAI's CLIP keeps the summary as a class token before the patches; SigLIP makes it at the end, with a learned
/// query (`AttentionPool`), and has no projection.
///
/// Keys: `vision_model.…` and `visual_projection.weight` of transformers' `CLIPModel`, `vision_model.…` of its
/// `SiglipModel`; from nothing as OpenAI's `clip/model.py` begins.
public struct CLIPVisionTower {
  public let config: CLIPVisionConfig
  /// All weights of this tower, projection included.
  public let parameters: [Parameter]
  /// Small computes each block a second time in the backward pass instead of keeping what it made.
  public var memory = ArithmeticPolicy.current.memory
  private let classEmbedding: Parameter?
  private let patchEmbedding: Parameter
  private let patchBias: Parameter?
  private let positions: Embedding
  private let normBefore: LayerNorm?
  private let encoder: CLIPEncoder
  private let normAfter: LayerNorm
  private let pool: AttentionPool?
  private let projection: Linear?

  /// The width of the space shared with texts.
  public var projectionWidth: Int { projection?.weight.shape[0] ?? config.encoder.width }

  /// `weights` is the scope of the whole CLIP. SigLIP's projection width is the tower's own.
  public init(_ config: CLIPVisionConfig, projectionWidth: Int, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let width = config.encoder.width
    let epsilon = Float(config.encoder.epsilon)
    let small = Initializer.normal(deviation: 1 / Float(width).squareRoot())
    let scope = weights["vision_model"]
    let (isCLIP, isEVA) = (config.family == .clip, config.isEVA)
    let (p, channels) = (config.patchSize, config.channels)
    classEmbedding = isCLIP ? try scope["embeddings"].parameter("class_embedding", [width], small) : nil
    let filters = Initializer.uniform(bound: 1 / Float(channels * p * p).squareRoot())
    let patches = scope["embeddings.patch_embedding"]
    patchEmbedding = try patches.parameter("weight", [width, channels, p, p], filters)
    patchBias = isCLIP && !isEVA ? nil : try patches.parameter("bias", [width], filters)
    positions = try Embedding(config.tokens, width, from: scope["embeddings.position_embedding"], initializer: small)
    // The missing letter is in every published file.
    normBefore = isCLIP && !isEVA ? try LayerNorm(width, epsilon: epsilon, from: scope["pre_layrnorm"]) : nil
    let encoding = config.encoder
    let rotation =
      isEVA ? RotaryPositions(grid: config.grid, headWidth: width / encoding.heads, heads: encoding.heads) : nil
    encoder = try CLIPEncoder(encoding, rotation: rotation, from: scope["encoder"])
    normAfter = try LayerNorm(width, epsilon: epsilon, from: scope["post_layernorm"])
    pool = isCLIP ? nil : try AttentionPool(config.encoder, from: scope["head"])
    projection =
      isCLIP
      ? try Linear(width, projectionWidth, hasBias: isEVA, from: weights["visual_projection"], initializer: small)
      : nil
    parameters = Array(weights.parameters[before...])
  }

  /// All tokens as the last block leaves them: (B, S, S, 3) → (B, T, V); T = 1 + N with a class token, which is first,
  /// N without.
  ///
  /// Pixels are normalised as the model expects (mean and deviation by channel).
  public func callAsFunction(_ pixels: Tensor) -> Tensor {
    encoder(stream(pixels), causal: false, memory: memory)
  }

  /// What goes into the blocks.
  private func stream(_ pixels: Tensor) -> Tensor {
    let size = config.imageSize
    precondition(
      pixels.shape == [pixels.shape[0], size, size, config.channels],
      "pixels \(pixels.shape), the tower looks at (B, \(size), \(size), \(config.channels))")
    let filters = patchEmbedding.value
    let patches = pixels.patches(config.patchSize).linear(
      weight: filters.reshaped([filters.shape[0], filters.shape.stride]), bias: patchBias?.value)
    let tokens = (classEmbedding.map { patches.prependingToken($0.value) } ?? patches) + positions.weight.value
    return normBefore?(tokens) ?? tokens
  }

  /// What CLIP compares with texts, not normalised: hidden states (B, T, V) → the summary (B, E).
  public func imageFeatures(_ hidden: Tensor) -> Tensor {
    summaries(hidden).reshaped([hidden.shape[0], projectionWidth])
  }

  /// The summary and all patches as CLIP embeds them: hidden states (B, T, V) → (B, 1 + N, E), the summary first.
  public func imageTokens(_ hidden: Tensor) -> Tensor {
    guard let pool else { return embedded(hidden) }
    let tokens = normAfter(hidden)
    return pool(tokens).concatenatedTokens(tokens)
  }

  /// The summary and chosen patches, numbers 0 ..< N, as many for each image: hidden states (B, T, V) → (B, 1 + n, E).
  ///
  /// Equal to the same rows of `imageTokens(_:)` up to rounding; bit for bit with our own products (`GemmBackend`).
  public func imageTokens(_ hidden: Tensor, patches: [[Int]]) -> Tensor {
    guard let pool else {
      // Chosen before the norm and the projection: nothing is computed for the others.
      return embedded(hidden.gatherTokens(patches.map { [0] + $0.map { $0 + 1 } }))
    }
    let tokens = normAfter(hidden)
    let summary = pool(tokens)
    return patches.allSatisfy(\.isEmpty) ? summary : summary.concatenatedTokens(tokens.gatherTokens(patches))
  }

  /// The same from pixels (B, S, S, 3): the last block computes the selected tokens only, which saves a fifth of a tower
  /// of four blocks where that is the class token alone.
  public func imageTokens(of pixels: Tensor, patches: [[Int]]) -> Tensor {
    guard pool == nil, 1 + (patches.first?.count ?? 0) < config.tokens else {
      return imageTokens(self(pixels), patches: patches)
    }
    let wanted = patches.map { [0] + $0.map { $0 + 1 } }
    return embedded(encoder(stream(pixels), causal: false, memory: memory, wanted: wanted))
  }

  private func summaries(_ hidden: Tensor) -> Tensor {
    imageTokens(hidden, patches: Array(repeating: [], count: hidden.shape[0]))
  }

  /// Tokens of OpenAI's tower, normalised and projected as the class token is: (B, T, V) → (B, T, E).
  private func embedded(_ tokens: Tensor) -> Tensor {
    let normal = normAfter(tokens)
    return projection.map { $0(normal) } ?? normal
  }
}
