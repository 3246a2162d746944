import Engine
import Foundation
import Recap
import Terminal

/// What a file or folder of weights turned out to be.
struct Inspection: Encodable {
  struct TensorFact: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
  }

  let path: String
  /// "safetensors", "PyTorch state dict", "TorchScript module", …; with "folder" behind it when `path` is one.
  let format: String
  let family: String
  /// What a CLIP is taken for; nil for everything else.
  let model: ModelReading?
  /// The files that hold the weights: several when they are sharded.
  let files: [String]
  let parameters: Int
  /// How much the numbers take as they are stored.
  let bytes: Int
  private(set) var tensors: [TensorFact] = []
  /// What the configuration needs and the weights lack, or have in another shape; nil where there is no configuration.
  private(set) var missing: [String]?
  private(set) var unexpected: [String]?
  private(set) var metadata: [String: String] = [:]
  /// The parts of a diffusers folder.
  private(set) var parts: [String: Inspection] = [:]

  init(_ path: String) throws {
    let isFolder = FileManager.default.isFolder(path) == true
    if isFolder && WeightsFolder(path).has("model_index.json") {
      try self.init(pipeline: WeightsFolder(path).path)
    } else {
      let weights = try WeightsFile(path)
      let needed = isFolder ? try NeededTensors(WeightsFolder(path)) : nil
      self.init(weights, isFolder: isFolder, needed: needed)
    }
  }

  private init(_ weights: WeightsFile, isFolder: Bool, needed: NeededTensors?) {
    let found = weights.tensorNames.compactMap { name in
      weights.description(of: name).map { (name: name, description: $0) }
    }
    path = weights.path
    format = weights.format + (isFolder ? " folder" : "")
    family = needed?.family ?? Inspection.family(of: found)
    model = try? ModelReading(of: weights.path)
    files = weights.files
    parameters = found.reduce(0) { $0 + $1.description.count }
    bytes = found.reduce(0) { $0 + $1.description.byteCount }
    tensors = found.map {
      TensorFact(name: $0.name, dtype: $0.description.type.rawValue, shape: $0.description.dims)
    }
    missing = needed?.missing(in: tensors)
    unexpected = needed?.unexpected(in: tensors)
    metadata = weights.metadata
  }

  /// A diffusers folder: its parts that have weights.
  private init(pipeline path: String) throws {
    for name in ["unet", "transformer", "vae", "text_encoder"]
    where FileManager.default.fileExists(atPath: "\(path)/\(name)/config.json") {
      parts[name] = try Inspection("\(path)/\(name)")
    }
    self.path = path
    (format, family) = (
      "diffusers folder", StableDiffusion.holdsTransformer(WeightsFolder(path)) ? "DiT" : "Stable Diffusion"
    )
    model = nil
    files = parts.sorted { $0.key < $1.key }.flatMap(\.value.files)
    parameters = parts.values.reduce(0) { $0 + $1.parameters }
    bytes = parts.values.reduce(0) { $0 + $1.bytes }
  }

  /// By the names of the tensors alone.
  private static func family(of tensors: [(name: String, description: TensorDescription)]) -> String {
    let names = tensors.map(\.name)
    let ranks = Dictionary(
      tensors.map { ($0.name, $0.description.dims.count) }, uniquingKeysWith: { first, _ in first })
    if let foreign = ForeignModel.recognized(names, rank: { ranks[$0] }) { return foreign.name }
    func has(_ part: String) -> Bool { names.contains { $0.contains(part) } }
    if has("vision_model.head.probe") { return "SigLIP, transformers' names" }
    if has("vision_model.") {
      return names.contains { $0.hasPrefix("text_model.") }
        ? "CLIP, transformers' names" : "CLIP image tower, transformers' names"
    }
    if has("class_model.model.") { return "DIVA's whole module" }
    if has("visual.trunk.") { return "SigLIP, timm's names" }
    if has("visual.conv1.weight") { return "CLIP, OpenAI's or open_clip's names" }
    if has("mid_block.attentions.0.transformer_blocks.") { return "UNet2DConditionModel, diffusers' names" }
    if has("norm1.emb.class_embedder.") { return "DiTTransformer2DModel, diffusers' names" }
    if has("post_quant_conv.") { return "AutoencoderKL, diffusers' names" }
    if has("text_model.") { return "CLIP text encoder, transformers' names" }
    return "unknown"
  }

}

/// The same for people.
extension Inspection {
  private static let mostRemarks = 20

  var text: String {
    let rows = tensors.map {
      [$0.name.shown, $0.dtype, "(" + $0.shape.map(String.init).joined(separator: ", ") + ")"]
    }
    let inside = parts.sorted { $0.key < $1.key }.map { "\n" + $0.value.text }
    let remarks = metadata.sorted { $0.key < $1.key }.prefix(Self.mostRemarks).map {
      "\($0.key.shown): \($0.value.shown)"
    }
    return
      (head + (model.map { [$0.text] } ?? []) + remarks + complaints + (rows.isEmpty ? [] : [TextTable.text(rows)])
      + inside)
      .joined(separator: "\n")
  }

  private var head: [String] {
    let place = !parts.isEmpty ? " in \(parts.count) parts" : files.count > 1 ? " in \(files.count) files" : ""
    let counts = Dictionary(grouping: tensors, by: \.dtype).mapValues(\.count).sorted { $0.key < $1.key }
    let types = counts.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    return [
      "\(path.withoutControlCharacters()): \(format), \(family)",
      "\(tensors.count + parts.values.reduce(0) { $0 + $1.tensors.count }) tensors, \(parameters) numbers, \(bytes.byteText)\(place)"
        + (types.isEmpty ? "" : ": \(types)"),
    ]
  }

  private var complaints: [String] {
    guard let missing, let unexpected else { return [] }
    if missing.isEmpty && unexpected.isEmpty { return ["complete: it fits its configuration"] }
    return missing.map { "missing: \($0)" } + unexpected.map { "unexpected: \($0.shown)" }
  }
}
