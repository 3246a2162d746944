import Engine
import Foundation

/// A CLIP opened from a file or folder in any layout, and what it turned out to be.
struct OpenedCLIP {
  let clip: CLIP
  let backbone: Backbone
  /// How its file names the tensors.
  let layout: KeyLayout
  let preprocessing: Preprocessing

  /// - Parameter name: the backbone that the weights are; told by the contents unless given.
  ///
  /// Throws a `Problem` when the file is no CLIP, is not the backbone, or does not fit its configuration.
  init(_ path: String, as name: Backbone.Name? = nil) throws {
    let files = CLIPFiles(path)
    let checkpoint = try CLIPCheckpoint(files.weights(), name: path)
    // A custom CLIP is treated as its family is.
    backbone = name.flatMap { $0 == .custom ? nil : Backbone($0) } ?? .recognized(checkpoint.shapes, path: path)
    try backbone.require(checkpoint.shapes, path)
    let config = try files.config(checkpoint, backbone)
    clip = try checkpoint.clip(config)
    layout = checkpoint.layout
    preprocessing = try backbone.preprocessing ?? files.preprocessing() ?? .usual(config)
    guard preprocessing.side == config.vision.imageSize else {
      throw Problem(
        "cannot use \(path): its preprocessing makes \(preprocessing.side) pixels a side, its image tower looks at "
          + "\(config.vision.imageSize)", advice: "the files belong to different models")
    }
  }
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

  func weights() throws -> any TensorSource { try CheckpointFile(path) }

  /// The folder's own configuration; without one the backbone's, or what the shapes say.
  func config(_ checkpoint: CLIPCheckpoint, _ backbone: Backbone) throws -> CLIPConfig {
    let told = try checkpoint.config()
    if let fields = try transformersFields() { return try CLIPConfig(fields) }
    if let fields = try openCLIPFields() { return try (backbone.config ?? told).refined(byOpenCLIP: fields) }
    return backbone.config ?? told
  }

  private func transformersFields() throws -> ConfigurationFields? {
    guard has("config.json") else { return nil }
    let fields = try CheckpointFolder(path).configuration()
    // timm keeps a config.json of its own beside open_clip's.
    return fields.json["model_type"] == nil ? nil : fields
  }

  private func openCLIPFields() throws -> ConfigurationFields? {
    try has("open_clip_config.json") ? CheckpointFolder(path).configuration("open_clip_config.json") : nil
  }

  /// As the folder says it: transformers' way, or open_clip's.
  func preprocessing() throws -> Preprocessing? {
    if has("preprocessor_config.json") { return try Preprocessing(CheckpointFolder(path)) }
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
