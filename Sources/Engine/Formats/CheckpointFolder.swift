import Foundation

/// A model as Hugging Face libraries keep it: a folder with a configuration and its weights.
///
/// The weights are one safetensors file (`model.safetensors` of transformers, `diffusion_pytorch_model.safetensors`
/// of diffusers, either with `.fp16`) or several with an index (`….safetensors.index.json`).
public struct CheckpointFolder {
  public let path: String

  public init(_ path: String) { self.path = path }

  private static let stems = ["model", "diffusion_pytorch_model"]

  func file(_ name: String) -> String { path + "/" + name }

  private func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name)) }

  /// The configuration in the file `name`.
  public func configuration(_ name: String = "config.json") throws -> ConfigurationFields {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue else {
      throw Problem("cannot open \(path): there is no such folder", advice: "give the folder that holds \(name)")
    }
    guard let data = FileManager.default.contents(atPath: file(name)) else {
      throw Problem(
        "cannot open \(path): it has no readable \(name)",
        advice: "a model folder holds \(name) beside its weights")
    }
    return ConfigurationFields(try JSON(parsing: [UInt8](data), file: file(name)), file: file(name))
  }

  /// The weights, whichever way they are stored.
  public func weights() throws -> any TensorSource {
    for stem in Self.stems {
      for name in ["\(stem).safetensors", "\(stem).fp16.safetensors"] where has(name) {
        return try SafetensorsFile(file(name))
      }
      let index = "\(stem).safetensors.index.json"
      if has(index) { return try ShardedTensors(folder: self, index: index) }
    }
    throw Problem(
      "cannot open \(path): it holds no safetensors weights",
      advice: "expected " + Self.stems.map { "\($0).safetensors" }.joined(separator: " or "))
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
    try writeAtomically(to: file(name)) { try $0.write(contentsOf: Data(json.pretty.utf8)) }
  }

  private func makeFolder() throws {
    do {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    } catch {
      throw Problem(
        "cannot make the folder \(path): \(error.localizedDescription)",
        advice: "check that the path is free and its parent writable")
    }
  }
}

/// Weights spread over several safetensors files, with an index that says which tensor is where.
struct ShardedTensors: TensorSource {
  private let files: [String: SafetensorsFile]
  private let place: [String: String]
  let tensorNames: [String]

  init(folder: CheckpointFolder, index: String) throws {
    let path = folder.file(index)
    guard let data = FileManager.default.contents(atPath: path) else {
      throw Problem("cannot read \(path)", advice: "check its permissions")
    }
    guard let map = try JSON(parsing: [UInt8](data), file: path)["weight_map"]?.members else {
      throw Problem("cannot read \(path): it has no weight_map", advice: "download the folder again")
    }
    var place: [String: String] = [:]
    var files: [String: SafetensorsFile] = [:]
    for member in map {
      guard let name = member.value.text, ShardedTensors.isPlain(name) else {
        throw Problem(
          "cannot read \(path): \(member.name) is said to be in \(member.value.compact)",
          advice: "a weight_map may only name files in its own folder")
      }
      if files[name] == nil { files[name] = try SafetensorsFile(folder.file(name)) }
      guard files[name]?.description(of: member.name) != nil else {
        throw Problem(
          "cannot read \(path): \(name) holds no tensor \(member.name)", advice: "download the folder again")
      }
      place[member.name] = name
    }
    (self.files, self.place, tensorNames) = (files, place, map.map(\.name))
  }

  /// An index comes from strangers: it must not point outside its folder.
  private static func isPlain(_ name: String) -> Bool {
    !name.isEmpty && !name.contains("/") && !name.contains("\\") && name != "." && name != ".." && !name.contains("\0")
  }

  func tensor(named name: String) throws -> Tensor? {
    try place[name].flatMap { files[$0] }?.tensor(named: name)
  }

  func shape(of name: String) throws -> Shape? { try place[name].flatMap { files[$0] }?.shape(of: name) }
}
