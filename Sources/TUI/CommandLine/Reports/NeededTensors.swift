import Engine
import Foundation

/// What a folder's configuration needs, from an outline of its model that takes no memory.
struct NeededTensors {
  let family: String
  private let shapes: [String: [Int]]

  /// nil when the folder has no configuration, or one of a kind that this program has no model for.
  init?(_ folder: WeightsFolder) throws {
    guard FileManager.default.fileExists(atPath: folder.path + "/config.json") else { return nil }
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
    case "DiTTransformer2DModel", "Transformer2DModel":
      family = "DiTTransformer2DModel, diffusers' names"
      _ = try DiTTransformer2DModel(DiTConfig(fields), from: outline)
    case "AutoencoderKL":
      family = "AutoencoderKL, diffusers' names"
      _ = try AutoencoderKL(AutoencoderConfig(fields), from: outline)
    case "clip_text_model":
      family = "CLIP text encoder, transformers' names"
      _ = try CLIPTextTower(configuredBy: fields, from: outline)
    default: return nil
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
