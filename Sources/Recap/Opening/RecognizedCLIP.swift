import Engine

/// What a file or folder turned out to be, before its weights are read: what lies beside them decides, then the preset
/// of the backbone, then what is usual in its family.
struct RecognizedCLIP {
  let surroundings: Surroundings
  let checkpoint: CLIPWeights
  let backbone: Backbone
  let config: CLIPConfig
  let preprocessing: Preprocessing
  let reading: ModelReading

  /// Throws a `Problem` when it is no CLIP, is not the backbone, or when its files belong to different models.
  init(_ path: String, as name: Backbone.Name? = nil, observer: ReadingObserver? = nil) throws {
    surroundings = Surroundings(path)
    checkpoint = try CLIPWeights(surroundings.weights(observer), name: path)
    let (backbone, by) = try RecognizedCLIP.backbone(of: checkpoint, named: name, surroundings)
    try backbone.require(checkpoint.shapes, path)
    let base = try backbone.config ?? checkpoint.config()
    let foundConfig = try surroundings.config(checkpoint, base: base)
    let config = foundConfig?.value ?? base
    let side = config.vision.imageSize
    let foundPixels = try surroundings.preprocessing(checkpoint, config: foundConfig, side: side)
    let usual: Preprocessing = config.family == .clip ? .openAI(side: side) : .siglip(side: side)
    preprocessing = (foundPixels?.value ?? backbone.preprocessing ?? usual)
      .cropped(roundingDown: checkpoint.isTransformers)
    guard preprocessing.side == side else {
      throw Problem(
        "cannot use \(path): its preprocessing makes \(preprocessing.side) pixels a side, its image tower looks at \(side)",
        advice: "the files belong to different models")
    }
    (self.backbone, self.config) = (backbone, config)
    let assumed = backbone.config == nil ? "assumed: no file says it" : "assumed by the preset: no file says it"
    reading = ModelReading(
      backbone: ModelReading.Choice(backbone.name.rawValue, by: by),
      activation: ModelReading.Choice(config.vision.encoder.activation.title, by: foundConfig?.file ?? assumed),
      preprocessing: ModelReading.Choice(preprocessing.title, by: foundPixels?.file ?? assumed))
  }

  /// What the weights are treated as, and what says so. A custom CLIP is treated as its family is.
  private static func backbone(
    of checkpoint: CLIPWeights, named name: Backbone.Name?, _ surroundings: Surroundings
  ) throws -> (Backbone, by: String) {
    if let name { return (name == .custom ? .custom(checkpoint.shapes.family) : Backbone(name), "--backbone") }
    let names = try surroundings.names()
    let (backbone, place) = Backbone.recognized(checkpoint.shapes, names: names.map(\.name))
    return (backbone, place.map { names[$0].of } ?? "its sizes")
  }
}

extension ModelReading {
  /// Of a file or folder; throws a `Problem` when it is no CLIP with both towers.
  public init(of path: String) throws { self = try RecognizedCLIP(path).reading }
}
