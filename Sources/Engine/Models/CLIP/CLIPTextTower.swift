/// CLIP's text transformer: token ids become one vector per token, with causal attention (in SigLIP: bidirectional).
///
/// Keys: `text_model.…` and `text_projection.weight` of transformers' `CLIPModel`, `text_model.…` of its
/// `SiglipModel`; from nothing as OpenAI's `clip/model.py` begins. Without projection this is the text encoder of
/// Stable Diffusion (`CLIPTextModel`).
public struct CLIPTextTower {
  public let config: CLIPTextConfig
  /// All weights of this tower, projection included.
  public let parameters: [Parameter]
  private let tokenEmbedding: Embedding
  private let positions: Embedding
  private let encoder: CLIPEncoder
  private let finalNorm: LayerNorm
  private let projection: Linear?

  /// The width of the space shared with images; nil without projection.
  public var projectionWidth: Int? { projection?.weight.shape[0] }

  /// `weights` is the scope of the whole model; `projectionWidth` nil makes a tower without projection.
  public init(_ config: CLIPTextConfig, projectionWidth: Int?, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let width = config.encoder.width
    let scope = weights["text_model"]
    let isCLIP = config.family == .clip
    tokenEmbedding = try Embedding(
      config.vocabulary, width, from: scope["embeddings.token_embedding"], initializer: .normal(deviation: 0.02))
    positions = try Embedding(
      config.contextLength, width, from: scope["embeddings.position_embedding"],
      initializer: .normal(deviation: 0.01))
    encoder = try CLIPEncoder(config.encoder, from: scope["encoder"])
    finalNorm = try LayerNorm(width, epsilon: Float(config.encoder.epsilon), from: scope["final_layer_norm"])
    projection = try projectionWidth.map {
      try Linear(
        width, $0, hasBias: !isCLIP, from: isCLIP ? weights["text_projection"] : scope["head"],
        initializer: .normal(deviation: 1 / Float(width).squareRoot()))
    }
    parameters = Array(weights.parameters[before...])
  }

  /// Stable Diffusion's text encoder from its folder, frozen.
  public init(textEncoder folder: WeightsFolder) throws {
    try self.init(folder) { _ in nil }
  }

  /// A folder that holds a text tower alone; `projectionWidth` is in its configuration.
  init(_ folder: WeightsFolder, projectionWidth: (ConfigurationFields) throws -> Int?) throws {
    let fields = try folder.configuration()
    let (config, width) = (try CLIPTextConfig(fields), try projectionWidth(fields))
    let source = try folder.weights()
    // transformers 5 leaves the prefix out where the text tower is the whole model.
    let isPrefixed = try source.shape(of: "text_model.final_layer_norm.weight") != nil
    self = try Weights.load(
      source, name: folder.path, layout: isPrefixed ? .own : .unprefixedText, ignoring: CLIP.isBuffer
    ) { try CLIPTextTower(config, projectionWidth: width, from: $0) }
  }

  /// All tokens after the final layer norm: ids, one row of at most `contextLength` a text → (B, T, C).
  ///
  /// Padding is not masked: in CLIP the causal mask hides it from the tokens that matter, SigLIP learned with it.
  public func callAsFunction(_ ids: [[Int]]) -> Tensor {
    finalNorm(encoder(stream(ids), causal: config.family == .clip))
  }

  /// All tokens before the last layer, without the final norm, as SD-XL was trained with them: (B, T, C).
  public func penultimate(_ ids: [[Int]]) -> Tensor { encoder.beforeLast(stream(ids), causal: config.family == .clip) }

  private func stream(_ ids: [[Int]]) -> Tensor {
    let length = ids.first?.count ?? 0
    precondition(
      (1...config.contextLength).contains(length),
      "texts of \(length) tokens, the tower takes 1 to \(config.contextLength)")
    return tokenEmbedding(ids) + positions.positions(length)
  }

  /// What CLIP compares with images, not normalised: the projected end token of each text, in SigLIP its last
  /// one whatever it is: (B, E).
  public func textFeatures(_ ids: [[Int]]) -> Tensor {
    let read = ids.map { pooledPosition(in: $0) }
    // CLIP's end token attends to nothing behind it: the padding of most texts, five sixths of the work.
    let length = (read.max() ?? 0) + 1
    let tokens = self(ids.map { Array($0.prefix(length)) })
    let last = tokens.gatherTokens(read.map { [$0] }).reshaped([ids.count, config.encoder.width])
    return projection.map { $0(last) } ?? last
  }

  /// All tokens, projected as the end token is: (B, T, E).
  public func textTokens(_ ids: [[Int]]) -> Tensor {
    let tokens = self(ids)
    return projection.map { $0(tokens) } ?? tokens
  }

  private func pooledPosition(in ids: [Int]) -> Int {
    config.family == .siglip ? ids.count - 1 : endPosition(in: ids)
  }

  /// The place of the first end token, 0 when there is none, as transformers has it.
  func endPosition(in ids: [Int]) -> Int {
    let end = config.endID == 2 ? ids.max() ?? 0 : config.endID
    return ids.firstIndex(of: end) ?? 0
  }
}
