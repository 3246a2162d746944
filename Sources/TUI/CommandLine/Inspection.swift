import Engine
import Foundation

/// What a file or folder of weights turned out to be.
struct Inspection: Encodable {
  struct TensorFact: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
  }

  let path: String
  /// "safetensors" or "safetensors folder".
  let format: String
  let family: String
  let parameters: Int
  let tensors: [TensorFact]
  /// What the configuration needs and the weights lack, or have in another shape; nil where there is no configuration.
  let missing: [String]?
  let unexpected: [String]?
  let metadata: [String: String]
  /// The parts of a diffusers folder.
  let parts: [String: Inspection]

  init(_ path: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
      throw Problem("cannot open \(path): there is no such file or folder", advice: "check the path")
    }
    if !isFolder.boolValue {
      try self.init(path, format: "safetensors", files: [SafetensorsFile(path)], needed: nil, family: nil)
    } else if FileManager.default.fileExists(atPath: path + "/model_index.json") {
      try self.init(pipeline: path)
    } else {
      let needed = try NeededTensors(CheckpointFolder(path))
      try self.init(
        path, format: "safetensors folder", files: Inspection.weightFiles(path), needed: needed, family: needed.family)
    }
  }

  private init(_ path: String, format: String, files: [SafetensorsFile], needed: NeededTensors?, family: String?) throws
  {
    let found = files.flatMap { file in
      file.tensorNames.compactMap { name in
        file.description(of: name).map { TensorFact(name: name, dtype: $0.type.rawValue, shape: $0.dims) }
      }
    }
    self.path = path
    self.format = format
    self.family = family ?? Inspection.family(of: Set(found.map(\.name)))
    tensors = found
    parameters = found.reduce(0) { $0 + $1.shape.reduce(1, *) }
    missing = needed?.missing(in: found)
    unexpected = needed?.unexpected(in: found)
    metadata = files.first?.metadata ?? [:]
    parts = [:]
  }

  /// A diffusers folder: its parts that have weights.
  private init(pipeline path: String) throws {
    var parts: [String: Inspection] = [:]
    for name in ["unet", "vae", "text_encoder"]
    where FileManager.default.fileExists(atPath: "\(path)/\(name)/config.json") {
      parts[name] = try Inspection("\(path)/\(name)")
    }
    self.path = path
    format = "diffusers folder"
    family = "Stable Diffusion"
    parameters = parts.values.reduce(0) { $0 + $1.parameters }
    (tensors, missing, unexpected, metadata) = ([], nil, nil, [:])
    self.parts = parts
  }

  private static func weightFiles(_ path: String) throws -> [SafetensorsFile] {
    let names = try FileManager.default.contentsOfDirectory(atPath: path).filter { $0.hasSuffix(".safetensors") }
    guard !names.isEmpty else {
      throw Problem("cannot inspect \(path): it holds no safetensors weights", advice: "expected model.safetensors")
    }
    return try names.sorted().map { try SafetensorsFile(path + "/" + $0) }
  }

  /// Told by the names of the tensors alone.
  private static func family(of names: Set<String>) -> String {
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
    if has("post_quant_conv.") { return "AutoencoderKL, diffusers' names" }
    if has("text_model.") { return "CLIP text encoder, transformers' names" }
    return "unknown"
  }

  var text: String {
    let head = [
      "\(path): \(format), \(family)",
      "\(tensors.count) tensors, \(parameters) numbers"
        + (parts.isEmpty ? "" : " in \(parts.count) parts"),
    ]
    let rows = tensors.map { [$0.name, $0.dtype, "(" + $0.shape.map(String.init).joined(separator: ", ") + ")"] }
    let inside = parts.sorted { $0.key < $1.key }.map { "\n" + $0.value.text }
    return (head + complaints + (rows.isEmpty ? [] : [TextTable.text(rows)]) + inside).joined(separator: "\n")
  }

  private var complaints: [String] {
    guard let missing, let unexpected else { return [] }
    if missing.isEmpty && unexpected.isEmpty { return ["complete: it fits its configuration"] }
    return missing.map { "missing: \($0)" } + unexpected.map { "unexpected: \($0)" }
  }
}

/// What a folder's configuration needs, from an outline of its model that takes no memory.
struct NeededTensors {
  let family: String
  private let shapes: [String: [Int]]

  init(_ folder: CheckpointFolder) throws {
    let fields = try folder.configuration()
    let kind = try fields.text("_class_name", default: fields.text("model_type", default: "unknown"))
    let outline = Weights.outline()
    switch kind {
    case "clip":
      family = "CLIP, transformers' names"
      _ = try CLIP(CLIPConfig(fields), from: outline)
    case "UNet2DConditionModel":
      family = "UNet2DConditionModel, diffusers' names"
      _ = try UNet2DConditionModel(UNet2DConfig(fields), from: outline)
    case "AutoencoderKL":
      family = "AutoencoderKL, diffusers' names"
      _ = try AutoencoderKL(AutoencoderConfig(fields), from: outline)
    case "clip_text_model":
      family = "CLIP text encoder, transformers' names"
      _ = try CLIPTextTower(configuredBy: fields, from: outline)
    default:
      throw Problem(
        "cannot inspect \(fields.file): it describes a model of the kind \(kind)",
        advice: "known are clip, clip_text_model, UNet2DConditionModel and AutoencoderKL")
    }
    shapes = Dictionary(
      outline.parameters.map { ($0.name, $0.shape.dims) }, uniquingKeysWith: { first, _ in first })
  }

  func missing(in found: [Inspection.TensorFact]) -> [String] {
    let known = Dictionary(found.map { ($0.name, $0.shape) }, uniquingKeysWith: { first, _ in first })
    return shapes.sorted { $0.key < $1.key }.compactMap { name, shape in
      guard let other = known[name] else { return "\(name) \(shape)" }
      return other == shape ? nil : "\(name) \(shape), but it is \(other)"
    }
  }

  func unexpected(in found: [Inspection.TensorFact]) -> [String] {
    found.map(\.name).filter { shapes[$0] == nil && !$0.hasSuffix("position_ids") }
  }
}
