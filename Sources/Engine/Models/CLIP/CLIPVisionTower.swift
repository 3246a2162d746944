/// CLIP's eye: an image becomes a class token and one token for each patch.
///
/// Checkpoint: `vision_model.…` and `visual_projection.weight` of transformers' `CLIPModel`; from nothing as OpenAI's
/// `clip/model.py` begins.
public struct CLIPVisionTower {
  public let config: CLIPVisionConfig
  /// All weights of this tower, projection included.
  public let parameters: [Parameter]
  private let classEmbedding: Parameter
  private let patchEmbedding: Parameter
  private let positions: Embedding
  private let normBefore: LayerNorm
  private let encoder: CLIPEncoder
  private let normAfter: LayerNorm
  private let projection: Linear

  /// The width of the space shared with texts.
  public var projectionWidth: Int { projection.weight.shape[0] }

  /// `weights` is the scope of the whole CLIP.
  public init(_ config: CLIPVisionConfig, projectionWidth: Int, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let width = config.encoder.width
    let epsilon = Float(config.encoder.epsilon)
    let small = Initializer.normal(deviation: 1 / Float(width).squareRoot())
    let scope = weights["vision_model"]
    let (p, channels) = (config.patchSize, config.channels)
    classEmbedding = try scope["embeddings"].parameter("class_embedding", [width], small)
    patchEmbedding = try scope["embeddings.patch_embedding"].parameter(
      "weight", [width, channels, p, p], .uniform(bound: 1 / Float(channels * p * p).squareRoot()))
    positions = try Embedding(config.tokens, width, from: scope["embeddings.position_embedding"], initializer: small)
    // The missing letter is in every published checkpoint.
    normBefore = try LayerNorm(width, epsilon: epsilon, from: scope["pre_layrnorm"])
    encoder = try CLIPEncoder(config.encoder, from: scope["encoder"])
    normAfter = try LayerNorm(width, epsilon: epsilon, from: scope["post_layernorm"])
    projection = try Linear(
      width, projectionWidth, hasBias: false, from: weights["visual_projection"], initializer: small)
    parameters = Array(weights.parameters[before...])
  }

  /// All tokens as the last block leaves them, class token first: (B, S, S, 3) → (B, 1 + N, V).
  ///
  /// Pixels are normalised as the model expects (mean and deviation by channel).
  public func callAsFunction(_ pixels: Tensor) -> Tensor {
    let size = config.imageSize
    precondition(
      pixels.shape == [pixels.shape[0], size, size, config.channels],
      "pixels \(pixels.shape), the tower looks at (B, \(size), \(size), \(config.channels))")
    let kernel = patchEmbedding.value
    let patches = pixels.patches(config.patchSize).linear(
      weight: kernel.reshaped([kernel.shape[0], kernel.shape.stride]))
    let tokens = patches.prependingToken(classEmbedding.value) + positions.weight.value
    return encoder(normBefore(tokens), causal: false)
  }

  /// What CLIP compares with texts, not normalised: all tokens (B, T, V) → the projected class token (B, E).
  public func imageFeatures(_ tokens: Tensor) -> Tensor {
    let first = tokens.gatherTokens(Array(repeating: [0], count: tokens.shape[0]))
    return imageTokens(first).reshaped([tokens.shape[0], projection.weight.shape[0]])
  }

  /// Any tokens of the tower, normalised and projected as the class token is: (B, T, V) → (B, T, E).
  public func imageTokens(_ tokens: Tensor) -> Tensor { projection(normAfter(tokens)) }
}
