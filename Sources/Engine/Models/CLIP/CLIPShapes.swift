/// What the names and shapes of a file's tensors say of the CLIP in it.
///
/// Everything but the numbers of heads, the activation, and (where patches do not fill the image) the image's size.
public struct CLIPShapes: Equatable, Sendable {
  public struct Tower: Equatable, Sendable {
    public let width: Int
    public let layers: Int
    public let hiddenWidth: Int
  }

  public let family: CLIPFamily
  public let isEVA: Bool
  public let vision: Tower
  /// nil where a file holds an image tower alone.
  public let text: Tower?
  public let patchSize: Int
  /// Patches on a side.
  public let grid: Int
  public let channels: Int
  public let projectionWidth: Int
  public let contextLength: Int
  public let vocabulary: Int

  /// Throws a `Problem` that names the tensor which is missing or has an impossible shape.
  init(_ source: any TensorSource, name: String, layout: KeyLayout, family: CLIPFamily) throws {
    let shapes = StoredShapes(source: source, name: name, layout: layout, names: Set(source.tensorNames))
    self.family = family
    isEVA = shapes.has("vision_model.encoder.layers.0.mlp.gate.weight")
    vision = try shapes.tower("vision_model")
    text = shapes.has("text_model.embeddings.token_embedding.weight") ? try shapes.tower("text_model") : nil
    let patches = try shapes.dims("vision_model.embeddings.patch_embedding.weight", rank: 4)
    (channels, patchSize) = (patches[1], patches[3])
    let positions = try shapes.dims("vision_model.embeddings.position_embedding.weight", rank: 2)[0]
    let count = positions - (family == .clip ? 1 : 0)
    grid = Int(Double(count).squareRoot().rounded())
    guard grid > 0, grid * grid == count else {
      throw Problem(
        "cannot load \(name): it has \(positions) positions for an image, which make no square of patches",
        advice: "only models that look at square images can be used")
    }
    guard grid * patchSize <= 8192 else {
      throw Problem(
        "cannot load \(name): it would look at \(grid * patchSize) pixels a side, the limit is 8192",
        advice: "the file is damaged, or no CLIP")
    }
    projectionWidth =
      family == .clip ? try shapes.dims("visual_projection.weight", rank: 2)[0] : vision.width
    contextLength =
      text == nil ? 0 : try shapes.dims("text_model.embeddings.position_embedding.weight", rank: 2)[0]
    guard text == nil || contextLength >= 2 else {
      throw Problem(
        "cannot load \(name): its text tower takes \(contextLength) token, start and end need two",
        advice: "the file is damaged, or no CLIP")
    }
    vocabulary = text == nil ? 0 : try shapes.dims("text_model.embeddings.token_embedding.weight", rank: 2)[0]
  }
}

/// A file's shapes, by the model's own names.
private struct StoredShapes {
  let source: any TensorSource
  let name: String
  let layout: KeyLayout
  let names: Set<String>

  func has(_ own: String) -> Bool { names.contains(layout.place(of: own).key) }

  func dims(_ own: String, rank: Int) throws -> [Int] {
    let place = layout.place(of: own)
    guard let stored = try source.shape(of: place.key) else {
      throw Problem(
        "cannot load \(name): it has no tensor \(place.key), which tells the model's size",
        advice: "the file is incomplete, or no CLIP")
    }
    var dims = stored.dims
    switch place.form {
    case .transposed: dims.reverse()
    case .part(_, let count): dims[0] /= count
    case .batched where dims.count == rank + 1 && dims[0] == 1: dims.removeFirst()
    case .same, .batched, .token, .scalar: break
    }
    guard dims.count == rank, dims.allSatisfy({ (1...1_000_000).contains($0) }) else {
      throw Problem(
        "cannot load \(name): \(place.key) is \(stored), expected \(rank) axes",
        advice: "the file is damaged, or no CLIP")
    }
    return dims
  }

  func tower(_ scope: String) throws -> CLIPShapes.Tower {
    let layers = (0..<1000).prefix { has("\(scope).encoder.layers.\($0).layer_norm1.weight") }.count
    let mlp = try dims("\(scope).encoder.layers.0.mlp.fc1.weight", rank: 2)
    return CLIPShapes.Tower(width: mlp[1], layers: layers, hiddenWidth: mlp[0])
  }
}

extension CLIPConfig {
  /// The configuration of these shapes by OpenAI's rules (`clip.model.build_model`): heads of 64 numbers, QuickGELU.
  /// A width of 1280 has 16 heads, as every published ViT-H; SigLIP's are timm's, with 16 heads at a width of 1152,
  /// the exact GELU, and 384 pixels in 27 patches of 14.
  ///
  /// nil where there is no text tower.
  public init?(_ shapes: CLIPShapes) {
    guard let text = shapes.text else { return nil }
    self.init(
      vision: CLIPVisionConfig(shapes),
      text: CLIPTextConfig(
        encoder: CLIPEncoderConfig(text, family: shapes.family), vocabulary: shapes.vocabulary,
        // OpenAI and open_clip read a text's feature at its highest id, which is what 2 stands for.
        contextLength: shapes.contextLength, endID: 2, family: shapes.family),
      projectionWidth: shapes.projectionWidth)
    // SigLIP 2's text tower has the approximation in open_clip, too.
    if shapes.family == .siglip, shapes.vocabulary == 256_000 { self.text.encoder.activation = .geluTanh }
    if shapes.isEVA { self.text.encoder.activation = .gelu }
  }

  public var shapes: CLIPShapes { CLIPShapes(self) }
}

extension CLIPVisionConfig {
  public init(_ shapes: CLIPShapes) {
    let leavesMargin = shapes.family == .siglip && shapes.patchSize == 14 && shapes.grid == 27
    self.init(
      encoder: CLIPEncoderConfig(shapes.vision, family: shapes.family),
      imageSize: leavesMargin ? 384 : shapes.grid * shapes.patchSize, patchSize: shapes.patchSize,
      channels: shapes.channels, family: shapes.family, isEVA: shapes.isEVA)
    if isEVA { (encoder.activation, encoder.epsilon) = (.silu, 1e-6) }
  }
}

extension CLIPEncoderConfig {
  fileprivate init(_ tower: CLIPShapes.Tower, family: CLIPFamily) {
    // No published model has a width that 64 does not divide; one head computes at least something that can be compared.
    let usual = tower.width % 64 == 0 ? tower.width / 64 : 1
    let isSixteen = (family == .clip && tower.width == 1280) || (family == .siglip && tower.width == 1152)
    self.init(
      width: tower.width, layers: tower.layers, heads: isSixteen ? 16 : usual, hiddenWidth: tower.hiddenWidth,
      activation: family == .clip ? .quickGELU : .gelu, epsilon: family == .clip ? 1e-5 : 1e-6)
  }
}

extension CLIPShapes {
  /// What a file of this configuration would show.
  init(_ config: CLIPConfig) {
    func tower(_ encoder: CLIPEncoderConfig) -> Tower {
      Tower(width: encoder.width, layers: encoder.layers, hiddenWidth: encoder.hiddenWidth)
    }
    (family, isEVA) = (config.family, config.vision.isEVA)
    vision = tower(config.vision.encoder)
    text = tower(config.text.encoder)
    (patchSize, grid, channels) = (config.vision.patchSize, config.vision.grid, config.vision.channels)
    projectionWidth = config.projectionWidth
    (contextLength, vocabulary) = (config.text.contextLength, config.text.vocabulary)
  }
}

extension CLIPShapes: CustomStringConvertible {
  /// "24 layers of 1024 over 16×16 patches of 14, 12 text layers of 768, projected to 768".
  public var description: String {
    let image = "\(vision.layers) layers of \(vision.width) over \(grid)×\(grid) patches of \(patchSize)"
    let words = text.map { ", \($0.layers) text layers of \($0.width) over \(contextLength) tokens" } ?? ""
    return (family == .siglip ? "SigLIP, " : isEVA ? "EVA-CLIP, " : "") + image + words
      + ", projected to \(projectionWidth)"
  }
}
