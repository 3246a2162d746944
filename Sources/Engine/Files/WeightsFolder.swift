import Foundation

/// A model as Hugging Face libraries keep it: a folder with a configuration and its weights.
///
/// The weights are one file (`model.safetensors` or `pytorch_model.bin` of transformers, `diffusion_pytorch_model.…` of
/// diffusers, `open_clip_model.safetensors` or `open_clip_pytorch_model.bin` of open_clip, any with `.fp16`), or several
/// with an index (`….index.json`), or the only file of weights there is (`ViT-L-14.pt`).
public struct WeightsFolder {
  public let path: String
  private let observer: ReadingObserver?

  /// - Parameters:
  ///   - path: for an entry of the Hub's cache, its snapshot is taken.
  ///   - observer: called as the weights are read.
  public init(_ path: String, observer: ReadingObserver? = nil) {
    (self.path, self.observer) = (HubCache.snapshot(of: path) ?? path, observer)
  }

  /// A model of this folder's, such as `unet`.
  public func part(_ name: String) -> WeightsFolder { WeightsFolder(path + "/" + name, observer: observer) }

  /// In the order of preference: a folder often holds the same weights in several formats.
  private static let weightsFiles =
    ["model", "diffusion_pytorch_model", "open_clip_model"].flatMap { ["\($0).safetensors", "\($0).fp16.safetensors"] }
    + ["pytorch_model", "diffusion_pytorch_model", "open_clip_pytorch_model"].flatMap {
      ["\($0).bin", "\($0).fp16.bin"]
    }

  /// Whether there is a configuration or a file of weights in it, readable or not.
  public var holdsModel: Bool {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    return names.contains { name in
      ["config.json", "model_index.json"].contains { name.hasSuffix($0) }
        || Self.endings.contains(where: name.hasSuffix)
    }
  }

  /// Whether a file of this name is one of weights.
  public static func isWeights(_ name: String) -> Bool { endings.contains(where: name.hasSuffix) }

  private static let endings = [".safetensors", ".pt", ".pth", ".bin"]

  func file(_ name: String) -> String { path + "/" + name }

  /// Whether a file of this name lies here.
  public func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// The configuration in the file `name`.
  public func configuration(_ name: String = "config.json") throws -> ConfigurationFields {
    guard FileManager.default.isFolder(path) == true else {
      throw Problem("cannot open \(path): there is no such folder", advice: "give the folder that holds \(name)")
    }
    let data = try SmallFile.read(file(name), limit: 1 << 22, advice: "a model folder holds \(name) beside its weights")
    return ConfigurationFields(try JSON(parsing: [UInt8](data), file: file(name)), file: file(name))
  }

  /// A file stands in the folder's place.
  public var isFile: Bool { FileManager.default.isFolder(path) == false }

  /// The weights, whichever way they are stored.
  public func weights() throws -> any TensorSource {
    let file = try weightsFile()
    return observer.map { ObservedTensors(file, name: path, observer: $0) } ?? file
  }

  /// The weights with what is known of their files.
  func weightsFile() throws -> WeightsFile {
    for name in Self.weightsFiles {
      let variant = name.replacing(".fp16", with: "")
      for index in ["\(name).index.json", "\(variant).index.fp16.json"] where has(index) && !has(name) {
        return try ShardedTensors(folder: self, index: index).file
      }
      if has(name) { return try opened(name) }
    }
    if has("model_index.json") {
      throw Problem(
        "cannot open \(path): it is a diffusers pipeline of several models",
        advice: "give one of its folders, such as \(path)/unet")
    }
    return try onlyFile()
  }

  /// The weights of a folder without any of the libraries' names in it: as OpenAI's files lie there.
  private func onlyFile() throws -> WeightsFile {
    let names = ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
      .filter { Self.endings.contains(where: $0.hasSuffix) }
    guard let name = names.first else {
      throw Problem(
        "cannot open \(path): it holds no weights",
        advice: has("snapshots")
          ? "it is an entry of the Hub's cache: give one of the folders in \(file("snapshots"))"
          : "expected model.safetensors, pytorch_model.bin, diffusion_pytorch_model.safetensors or the like")
    }
    guard names.count == 1 else {
      throw Problem(
        "cannot open \(path): it holds \(names.count) files of weights",
        advice: "give one of them, such as \(file(name.shown))")
    }
    return try opened(name)
  }

  private func opened(_ name: String) throws -> WeightsFile {
    let opened = try WeightsFile(file: file(name))
    return WeightsFile(path: path, format: opened.format, files: opened.files, source: opened)
  }

  /// Writes a configuration and the parameters as one F32 safetensors file; makes the folder if need be.
  ///
  /// Each file is replaced in one step; the configuration goes last, so that a folder with one is complete.
  public func write(
    _ configuration: JSON, named configurationName: String = "config.json", parameters: [Parameter],
    layout: KeyLayout = .own, weightsName: String = "model.safetensors"
  ) throws {
    let tensors = layout.stored(parameters.map { ($0.name, $0.value) })
    let entries = tensors.map { SafetensorsWriter.Entry.floats($0.key, $0.tensor.detached()) }
    try makeFolder()
    try SafetensorsWriter(entries).write(to: file(weightsName))
    try write(configuration, named: configurationName)
  }

  /// Writes one JSON file; makes the folder if need be.
  public func write(_ json: JSON, named name: String) throws {
    try makeFolder()
    try DurableFile.write(Data(json.pretty.utf8), to: file(name))
  }

  private func makeFolder() throws {
    try FileManager.default.makeFolder(path, advice: "check that the path is free and its parent writable")
  }
}
