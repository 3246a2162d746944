/// CLIP: an image tower and a text tower that meet in one space.
///
/// Parameter names, configuration and files are those of transformers' `CLIPModel`, which opens what `save` writes.
///
/// ```swift
/// let clip = try CLIP(CheckpointFolder("assets/mini/clip"))
/// let images = clip.vision.imageFeatures(clip.vision(pixels))
/// let logits = clip.logits(images: images, texts: clip.text.textFeatures(ids))
/// ```
public struct CLIP {
  public let config: CLIPConfig
  public let vision: CLIPVisionTower
  public let text: CLIPTextTower
  /// The logarithm of the factor on cosines.
  public let logitScale: Parameter

  public init(_ config: CLIPConfig, from weights: Weights) throws {
    self.config = config
    text = try CLIPTextTower(config.text, projectionWidth: config.projectionWidth, from: weights)
    vision = try CLIPVisionTower(config.vision, projectionWidth: config.projectionWidth, from: weights)
    logitScale = try weights.parameter("logit_scale", [], .constant(Float(config.logitScale)))
  }

  /// A folder with `config.json` and safetensors weights; all parameters frozen.
  ///
  /// Throws a `Problem` when the configuration and the weights do not fit each other.
  public init(_ folder: CheckpointFolder) throws {
    let weights = Weights.checkpoint(try folder.weights(), name: folder.path)
    try self.init(CLIPConfig(folder.configuration()), from: weights)
    try weights.requireAllUsed(ignoring: CLIP.isBuffer)
  }

  /// Writes `config.json` and `model.safetensors` (F32) into the folder, which is made if need be.
  public func save(to folder: CheckpointFolder) throws {
    try folder.write(config.json, parameters: parameters)
  }

  /// All weights under their names in the checkpoint.
  public var parameters: [Parameter] { text.parameters + vision.parameters + [logitScale] }

  /// Scaled cosines of every image with every text: features (B, E) and (K, E) → (B, K).
  public func logits(images: Tensor, texts: Tensor) -> Tensor {
    images.normalized().matmul(texts.normalized(), transposed: true).scaled(by: logitScale.value.exponential())
  }

  /// Counters that old files hold beside the weights; they can be made from the sizes.
  static func isBuffer(_ name: String) -> Bool { name.hasSuffix("embeddings.position_ids") }
}
