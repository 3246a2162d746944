import Engine
import Foundation

/// A CLIP opened from a file or folder in any layout, and what it turned out to be: all that it takes to score pairs.
public struct OpenedCLIP {
  /// Where it was opened from.
  public let path: String
  public let clip: CLIP
  public private(set) var backbone: Backbone
  /// How its file names the tensors.
  public let layout: KeyLayout
  public let preprocessing: Preprocessing
  /// True where no other CLIP was named.
  private(set) var isEmbedded = false
  private let foundTokenizer: Result<any Tokenizer, Problem>

  /// The CLIP of a session.
  ///
  /// - Parameters:
  ///   - path: takes the place of the embedded CLIP.
  ///   - name: the backbone that the weights are; by default detected from the contents.
  ///   - diffusion: takes the place of the embedded diffusion model's folder, which may have the tokenizer.
  ///   - observer: called with how far the weights have been read.
  ///
  /// Throws a `Problem` when the file is no CLIP, is not the backbone, or does not fit its configuration.
  public init(
    mini folder: MiniFolder, clip path: String?, backbone name: Backbone.Name? = nil, diffusion: String? = nil,
    observer: ReadingObserver? = nil
  ) throws {
    let diffusion = diffusion.map { WeightsFolder($0) } ?? folder.diffusion
    try self.init(
      path ?? folder.clip.path, as: name ?? (path == nil ? .mini : nil), diffusion: diffusion.path, observer: observer)
    isEmbedded = path == nil
    // An unknown CLIP and the mini world's diffusion model: it was made by `pretrain`.
    if backbone.name == .custom, name != .custom, ConditionStatistics.exist(in: diffusion) {
      backbone = Backbone(.mini)
    }
  }

  init(
    _ path: String, as name: Backbone.Name? = nil, diffusion: String? = nil, observer: ReadingObserver? = nil
  ) throws {
    let files = CLIPFiles(path)
    let checkpoint = try CLIPWeights(files.weights(observer), name: path)
    self.path = path
    // A custom CLIP is treated as its family is.
    backbone = name.flatMap { $0 == .custom ? nil : Backbone($0) } ?? .recognized(checkpoint.shapes, path: path)
    try backbone.require(checkpoint.shapes, path)
    let config = try files.config(checkpoint, backbone)
    clip = try checkpoint.clip(config)
    layout = checkpoint.layout
    preprocessing = try backbone.preprocessing ?? files.preprocessing() ?? .usual(config)
    foundTokenizer = TokenizerSearch(config, near: path, diffusion: diffusion ?? path).result
    guard preprocessing.side == config.vision.imageSize else {
      throw Problem(
        "cannot use \(path): its preprocessing makes \(preprocessing.side) pixels a side, its image tower looks at "
          + "\(config.vision.imageSize)", advice: "the files belong to different models")
    }
  }

  /// The same weights treated as another backbone's: its recap density and benchmark feature.
  func treated(as name: Backbone.Name) -> OpenedCLIP {
    var other = self
    other.backbone = Backbone(name)
    return other
  }

  /// Its tokenizer; throws a `Problem` that says where none was found.
  public func tokenizer() throws -> any Tokenizer { try foundTokenizer.get() }
}

/// What stands beside a CLIP's weights, or in their folder.
struct CLIPFiles {
  let path: String
  private let isFolder: Bool

  init(_ path: String) {
    self.path = path
    var isFolder: ObjCBool = false
    self.isFolder = FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
  }

  private func has(_ name: String) -> Bool {
    isFolder && FileManager.default.fileExists(atPath: path + "/" + name)
  }

  func weights(_ observer: ReadingObserver? = nil) throws -> any TensorSource {
    let file = try WeightsFile(path)
    return observer.map { ObservedTensors(file, name: path, observer: $0) } ?? file
  }

  /// The folder's own configuration; without one the backbone's, or what the shapes say.
  func config(_ checkpoint: CLIPWeights, _ backbone: Backbone) throws -> CLIPConfig {
    let found = try checkpoint.config()
    if let fields = try transformersFields() { return try CLIPConfig(fields) }
    if let fields = try openCLIPFields() { return try (backbone.config ?? found).refined(byOpenCLIP: fields) }
    return backbone.config ?? found
  }

  private func transformersFields() throws -> ConfigurationFields? {
    guard has("config.json") else { return nil }
    let fields = try WeightsFolder(path).configuration()
    // timm keeps a config.json of its own beside open_clip's.
    return fields.json["model_type"] == nil ? nil : fields
  }

  private func openCLIPFields() throws -> ConfigurationFields? {
    try has("open_clip_config.json") ? WeightsFolder(path).configuration("open_clip_config.json") : nil
  }

  /// As the folder says it: transformers' way, or open_clip's.
  func preprocessing() throws -> Preprocessing? {
    if has("preprocessor_config.json") { return try Preprocessing(WeightsFolder(path)) }
    guard let fields = try openCLIPFields() else { return nil }
    let (vision, pixels) = (
      try fields.part("model_cfg").part("vision_cfg"), try fields.part("preprocess_cfg")
    )
    try pixels.require("interpolation", "bicubic")
    let mode = try pixels.text("resize_mode", default: "shortest")
    let fits: [String: Preprocessing.Fit] = ["shortest": .crop, "squash": .squash]
    guard let fit = fits[mode] else {
      throw Problem("cannot use \(pixels.file): resize_mode is \(mode.shown)", advice: "expected shortest or squash")
    }
    let usual = Preprocessing.openAI(side: try vision.integer("image_size", default: 224, in: 1...8192))
    return Preprocessing(
      side: usual.side, mean: try pixels.channels("mean", usual.mean),
      deviation: try pixels.channels("std", usual.deviation), fit: fit)
  }
}

extension ConfigurationFields {
  /// Three numbers above 0, for red, green and blue.
  fileprivate func channels(_ name: String, _ fallback: [Float]) throws -> [Float] {
    guard let value = json[name], value != .null else { return fallback }
    let numbers = (value.elements ?? []).compactMap(\.double).filter { $0 > 0 }
    guard numbers.count == 3 else {
      throw Problem("cannot use \(file): \(name) is \(value.compact.shown)", advice: "expected three numbers above 0")
    }
    return numbers.map(Float.init)
  }
}

extension Preprocessing {
  /// For a CLIP whose files say nothing.
  fileprivate static func usual(_ config: CLIPConfig) -> Preprocessing {
    config.family == .clip ? openAI(side: config.vision.imageSize) : siglip(side: config.vision.imageSize)
  }
}
