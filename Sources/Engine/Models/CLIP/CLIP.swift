/// CLIP: an image tower and a text tower with a shared embedding space. SigLIP is one too.
///
/// Parameter names, configuration and files are those of transformers' `CLIPModel` and `SiglipModel`, which open what
/// `save` writes; other layouts are opened by `CLIPWeights`.
///
/// ```swift
/// let clip = try CLIP(WeightsFolder("assets/mini/clip"))
/// let images = clip.vision.imageFeatures(clip.vision(pixels))
/// let logits = clip.logits(images: images, texts: clip.text.textFeatures(ids))
/// ```
public struct CLIP {
  public let config: CLIPConfig
  public let vision: CLIPVisionTower
  public let text: CLIPTextTower
  /// The logarithm of the factor on cosines.
  public let logitScale: Parameter
  /// What is added to the logits: SigLIP's, and that of a CLIP trained with its loss.
  public let logitBias: Parameter?

  public init(_ config: CLIPConfig, from weights: Weights) throws {
    self.config = config
    text = try CLIPTextTower(config.text, projectionWidth: config.projectionWidth, from: weights)
    vision = try CLIPVisionTower(config.vision, projectionWidth: config.projectionWidth, from: weights)
    // Each library's own shapes: transformers' SiglipModel has an axis here, its CLIPModel none.
    let shape: Shape = config.family == .siglip ? [1] : []
    logitScale = try weights.parameter("logit_scale", shape, .constant(Float(config.logitScale)))
    logitBias = config.hasLogitBias ? try weights.parameter("logit_bias", shape, .constant(-10)) : nil
  }

  /// A folder with `config.json` and weights under transformers' names; all parameters frozen.
  ///
  /// Throws a `Problem` when the configuration and the weights do not fit each other.
  public init(_ folder: WeightsFolder) throws {
    let config = try CLIPConfig(folder.configuration())
    self = try Weights.load(
      folder.weights(), name: folder.path, layout: .transformers, ignoring: CLIP.isBuffer
    ) { try CLIP(config, from: $0) }
  }

  /// Writes `config.json` and `model.safetensors` (F32) into the folder, which is made if need be.
  public func save(to folder: WeightsFolder) throws {
    try folder.write(config.json, parameters: parameters, layout: .transformers)
  }

  /// All weights, in order.
  public var parameters: [Parameter] {
    text.parameters + vision.parameters + [logitScale] + (logitBias.map { [$0] } ?? [])
  }

  /// Scaled cosines of every image with every text, plus the bias where there is one: features (B, E) and (K, E) →
  /// (B, K).
  public func logits(images: Tensor, texts: Tensor) -> Tensor {
    let cosines = images.normalized().matmul(texts.normalized(), transposed: true)
    let scaled = cosines.scaled(by: logitScale.value.reshaped([]).exponential())
    return logitBias.map { scaled + $0.value.reshaped([]) } ?? scaled
  }

  /// This CLIP's text tower and scale with a copy of another image tower.
  public func replacingVision(with vision: CLIPVisionTower) throws -> CLIP {
    let rest = parameters.filter { parameter in !self.vision.parameters.contains { $0 === parameter } }
    return try CLIP(config, from: .copying(rest + vision.parameters))
  }

  /// What old files hold beside the weights and can be made from the sizes: counters, masks, and the three numbers in
  /// OpenAI's archives.
  static func isBuffer(_ key: String) -> Bool {
    ["embeddings.position_ids", "attn_mask", "input_resolution", "context_length", "vocab_size"]
      .contains { key == $0 || key.hasSuffix("." + $0) }
  }
}
