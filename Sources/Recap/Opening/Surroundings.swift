import Engine
import Foundation

/// What lies beside a CLIP's weights and decides how they are used: its configuration, preprocessing and tokenizer.
///
/// A file is read as its folder is, except for what belongs to another model there.
struct Surroundings {
  /// Something that was found, and the file that says it.
  struct Found<Value> {
    let value: Value
    let file: String
  }

  /// The file or folder as it was given.
  let path: String
  /// The folder of the weights.
  let folder: WeightsFolder
  private let isFile: Bool

  init(_ path: String) {
    isFile = WeightsFolder(path).isFile
    self.path = path
    folder = WeightsFolder(isFile ? URL(filePath: path).deletingLastPathComponent().path : path)
  }

  func weights(_ observer: ReadingObserver? = nil) throws -> any TensorSource {
    let file = try WeightsFile(path)
    return observer.map { ObservedTensors(file, name: path, observer: $0) } ?? file
  }

  /// The names that may tell the maker, with what each is the name of: the file of weights before its folder.
  func names() throws -> [(name: String, of: String)] {
    let file = try isFile ? path : WeightsFile(path).files.first ?? ""
    let origin = folder.has("config.json") ? try folder.configuration().json["_name_or_path"]?.text : nil
    return [
      (URL(filePath: file).lastPathComponent, "its file's name"), (HubCache.name(of: folder.path), "its folder's name"),
      (origin ?? "", "_name_or_path in config.json"),
    ]
  }

  /// The configuration of these weights; `base` has what open_clip's leaves to the shapes. nil where none lies there.
  ///
  /// The library that wrote the weights knows them best.
  func config(_ checkpoint: CLIPWeights, base: CLIPConfig) throws -> Found<CLIPConfig>? {
    func openCLIP() throws -> Found<CLIPConfig>? {
      guard let fields = try openCLIPFields(), !isFile || checkpoint.shapes.areThose(ofOpenCLIP: fields) else {
        return nil
      }
      return Found(value: try base.refined(byOpenCLIP: fields), file: Self.openCLIPName)
    }
    func transformers() throws -> Found<CLIPConfig>? {
      guard let fields = try transformersFields() else { return nil }
      if isFile, CLIPFamily(rawValue: try fields.text("model_type", default: "")) == nil { return nil }
      let config = try CLIPConfig(fields)
      return isFile && config.shapes != checkpoint.shapes ? nil : Found(value: config, file: Self.transformersName)
    }
    return checkpoint.isTransformers ? try transformers() ?? openCLIP() : try openCLIP() ?? transformers()
  }

  /// How the weights' pictures are prepared; nil where nothing says it.
  ///
  /// - Parameters:
  ///   - config: the configuration that was found; without it, what lies beside a file may belong to another model.
  ///   - side: what the image tower looks at.
  func preprocessing(
    _ checkpoint: CLIPWeights, config: Found<CLIPConfig>?, side: Int
  ) throws -> Found<Preprocessing>? {
    guard try config != nil || !holdsAnotherModel else { return nil }
    let found =
      checkpoint.isTransformers
      ? try processor() ?? openCLIPPreprocessing() : try openCLIPPreprocessing() ?? processor()
    return isFile && found?.value.side != side ? nil : found
  }

  /// True where a configuration lies beside a file; queried where it is not the file's.
  private var holdsAnotherModel: Bool {
    get throws { try isFile && (transformersFields() != nil || openCLIPFields() != nil) }
  }

  // MARK: Reading

  private static let transformersName = "config.json"
  private static let openCLIPName = "open_clip_config.json"

  private func transformersFields() throws -> ConfigurationFields? {
    guard folder.has(Self.transformersName) else { return nil }
    let fields = try folder.configuration()
    // timm keeps a config.json of its own beside open_clip's.
    return fields.json["model_type"] == nil ? nil : fields
  }

  private func openCLIPFields() throws -> ConfigurationFields? {
    folder.has(Self.openCLIPName) ? try folder.configuration(Self.openCLIPName) : nil
  }

  /// transformers': the newer file wins, if it holds an image processor.
  private func processor() throws -> Found<Preprocessing>? {
    let newer = "processor_config.json"
    if folder.has(newer) {
      let fields = try folder.configuration(newer)
      if fields.json["image_processor"] != nil {
        return Found(value: try Preprocessing(fields.part("image_processor")), file: newer)
      }
    }
    let name = "preprocessor_config.json"
    return folder.has(name) ? Found(value: try Preprocessing(folder), file: name) : nil
  }

  private func openCLIPPreprocessing() throws -> Found<Preprocessing>? {
    guard let fields = try openCLIPFields() else { return nil }
    let (vision, pixels) = (
      try fields.part("model_cfg").part("vision_cfg"), try fields.part("preprocess_cfg")
    )
    let mode = try pixels.text("resize_mode", default: "shortest")
    let fits: [String: Preprocessing.Fit] = ["shortest": .crop, "squash": .squash]
    guard let fit = fits[mode] else {
      throw Problem("cannot use \(pixels.file): resize_mode is \(mode.shown)", advice: "expected shortest or squash")
    }
    let filter = try pixels.text("interpolation", default: "bicubic")
    guard let filter = Image.Filter(rawValue: filter) else {
      throw Problem(
        "cannot use \(pixels.file): interpolation is \(filter.shown)", advice: "expected bicubic or bilinear")
    }
    let usual = ColorStatistics.openAI
    let preprocessing = Preprocessing(
      side: try vision.integer("image_size", default: 224, in: 1...8192),
      mean: try pixels.channels("mean", usual.mean, isAboveZero: false),
      deviation: try pixels.channels("std", usual.deviation), fit: fit, filter: filter)
    return Found(value: preprocessing, file: Self.openCLIPName)
  }
}
