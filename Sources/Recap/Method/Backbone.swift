import Engine

/// All that DIVA fixes for one CLIP: its sizes, its pixels, the recap density, how the condition is
/// joined with the prompt, and which feature the benchmark compares.
///
/// ```swift
/// let backbone = Backbone(.siglip224)
/// backbone.reference.tokenCount(patches: 256)   // 43: the summary and 42 means of six patches
/// ```
/// Source: DIVA's `run_DIVA_with_*.py`, `models/SD_with_*.py`, `condition/*.py`; sizes as in open_clip's configurations.
public struct Backbone: Equatable, Sendable {
  /// The names on the command line.
  public enum Name: String, CaseIterable, Codable, Sendable {
    case mini
    case openAIL14 = "openai-vit-l-14"
    case openAIL14At336 = "openai-vit-l-14-336"
    case metaL14 = "metaclip-vit-l-14"
    case metaH14 = "metaclip-vit-h-14"
    case siglip224 = "siglip-so400m-224"
    case siglip384 = "siglip-so400m-384"
    case dfnH14 = "dfn-vit-h-14"
    case dfnH14At378 = "dfn-vit-h-14-378"
    case openAIB32 = "openai-vit-b-32"
    case openAIB16 = "openai-vit-b-16"
    /// A CLIP of other sizes.
    case custom
  }

  public let name: Name
  /// What the reference calls it in its `pred_result.json`.
  public let resultName: String
  /// The model that the name stands for; nil where any will do.
  public let config: CLIPConfig?
  /// As the reference evaluates it; nil where the model's own files say it.
  public let preprocessing: Preprocessing?
  /// The recap density of the reference's code.
  public let reference: RecapDensity
  /// The same as in the paper.
  public let paper: RecapDensity
  public let joining: PromptJoining
  public let benchmark: BenchmarkFeature

  init(
    _ name: Name, _ resultName: String, config: CLIPConfig?, preprocessing: Preprocessing?, reference: RecapDensity,
    paper: RecapDensity? = nil, joining: PromptJoining, benchmark: BenchmarkFeature
  ) {
    self.name = name
    self.resultName = resultName
    self.config = config
    self.preprocessing = preprocessing
    self.reference = reference
    self.paper = paper ?? reference
    self.joining = joining
    self.benchmark = benchmark
  }

  public init(_ name: Name) { self = Backbone.presets[name] ?? .custom(.clip) }

  /// A CLIP that the reference does not know is treated as its nearest relative there: OpenAI's, or SigLIP's at 224.
  static func custom(_ family: CLIPFamily) -> Backbone {
    let relative = Backbone(family == .clip ? .openAIL14 : .siglip224)
    return Backbone(
      .custom, "CLIP", config: nil, preprocessing: nil, reference: relative.reference, paper: relative.paper,
      joining: relative.joining, benchmark: relative.benchmark)
  }
}

extension Backbone {
  /// Which backbone a checkpoint is, and the place in `names` of the name that decided; nil where the sizes did.
  ///
  /// Shapes give the sizes; weights of one size from two makers look alike. Then the first of the names that names a
  /// maker decides, otherwise the first maker in the list: OpenAI before MetaCLIP, MetaCLIP before DFN.
  /// - Parameter names: such as the file's and its folder's, the more telling one first.
  public static func recognized(_ shapes: CLIPShapes, names: [String]) -> (backbone: Backbone, by: Int?) {
    let alike = Name.allCases.map { Backbone($0) }.filter {
      $0.config.map { $0.shapes.isSameModel(as: shapes) } ?? false
    }
    for (place, name) in names.enumerated() {
      let name = name.lowercased()
      let named = alike.first { backbone in backbone.hints.contains { name.contains($0) } }
      if let named { return (named, alike.count > 1 ? place : nil) }
    }
    return (alike.first ?? .custom(shapes.family), nil)
  }

  /// Parts of names under which this maker's files are published.
  private var hints: [String] {
    switch name {
    case .metaL14, .metaH14: ["metaclip", "fullcc"]
    case .dfnH14, .dfnH14At378: ["dfn"]
    case .openAIL14, .openAIL14At336, .openAIB32, .openAIB16: ["openai"]
    case .mini, .siglip224, .siglip384, .custom: []
    }
  }

  /// Throws a `Problem` that says both sizes when a checkpoint is not this backbone.
  func require(_ shapes: CLIPShapes, _ file: String) throws {
    guard let expected = config?.shapes, !expected.isSameModel(as: shapes) else { return }
    throw Problem(
      "\(file) is not \(name.rawValue): it has \(shapes), expected \(expected)",
      advice: "leave --backbone out to take the sizes from the file")
  }
}

extension CLIPShapes {
  /// A file with an image tower alone counts by that tower.
  fileprivate func isSameModel(as other: CLIPShapes) -> Bool {
    other.text == nil ? hasImageTower(of: other) : self == other
  }

  func hasImageTower(of other: CLIPShapes) -> Bool {
    family == other.family && vision == other.vision && patchSize == other.patchSize && grid == other.grid
      && projectionWidth == other.projectionWidth
  }
}
