import Engine
import Foundation

/// A LoRA adapter of PEFT's for an image tower under transformers' names, merged when it is opened: W + s·B·A.
///
/// GenHancer and DCR train such adapters. Source: peft's `LoraLayer`, s = alpha / r, or alpha / √r with `use_rslora`.
struct LoRAAdapter {
  private let path: String
  private let fields: ConfigurationFields
  private let tensors: any TensorSource
  private static let configuration = "adapter_config.json"

  /// nil for anything but an adapter's folder, or the file in it.
  init?(_ path: String) throws {
    let folder = Surroundings(path).folder
    guard folder.has(Self.configuration) else { return nil }
    let file = try WeightsFile(path)
    guard file.tensorNames.contains(where: { $0.contains(".lora_A.") }) else { return nil }
    (self.path, tensors, fields) = (path, file, try folder.configuration(Self.configuration))
  }

  /// The tower with the adapter added to its weights, frozen.
  ///
  /// Throws a `Problem` for a kind of adapter that this program does not merge, and for tensors without a place.
  func merged(into tower: CLIPVisionTower) throws -> CLIPVisionTower {
    for (name, value) in [("peft_type", "LORA"), ("use_dora", false), ("fan_in_fan_out", false)] as [(String, JSON)] {
      try fields.require(name, value)
    }
    guard fields.json["alpha_pattern"]?.members?.isEmpty ?? true else {
      throw Problem("cannot use \(fields.file): it has an alpha_pattern", advice: Self.advice)
    }
    let alpha = try fields.number("lora_alpha", default: 8)
    let isRankStable = try fields.flag("use_rslora", default: false)
    var values = Dictionary(uniqueKeysWithValues: tower.parameters.map { ($0.name, $0.value.detached()) })
    for key in tensors.tensorNames {
      let own = ownName(key)
      if own.hasSuffix(".lora_B.weight") { continue }
      if own.hasSuffix(".lora_A.weight"), let b = try tensors.tensor(named: key.replacing(".lora_A.", with: ".lora_B."))
      {
        let name = own.replacing(".lora_A.weight", with: ".weight")
        let a = try tensor(key)
        guard let weight = values[name], a.shape.rank == 2, b.shape.rank == 2, a.shape[0] == b.shape[1], a.shape[0] > 0,
          weight.shape == [b.shape[0], a.shape[1]]
        else { throw misplaced(key) }
        let rank = Double(a.shape[0])
        let scale = Float(alpha / (isRankStable ? rank.squareRoot() : rank))
        values[name] = withoutGradient { weight + b.matmul(a).scaled(by: scale) }
      } else {
        let (name, bias) = (own.replacing(".base_layer.", with: "."), try tensor(key))
        guard values[name]?.shape == bias.shape else { throw misplaced(key) }
        values[name] = bias
      }
    }
    return try Weights.load(MergedTensors(values: values), name: path) {
      try CLIPVisionTower(tower.config, projectionWidth: tower.projectionWidth, from: $0)
    }
  }

  /// The module's name in the tower: what stands before is PEFT's, as is the adapter's own name.
  private func ownName(_ key: String) -> String {
    let starts = ["vision_model.", "visual_projection."].compactMap { key.range(of: $0)?.lowerBound }
    return starts.min().map { String(key[$0...]) }?.replacing(".default.weight", with: ".weight") ?? key
  }

  private func tensor(_ key: String) throws -> Tensor {
    guard let tensor = try tensors.tensor(named: key) else { throw misplaced(key) }
    return tensor
  }

  private func misplaced(_ key: String) -> Problem {
    Problem(
      "cannot merge \(path): \(key.shown) has no place in the image tower of --clip, or another shape",
      advice: "give as --clip the model that it was trained on, with transformers' names in the adapter; or "
        + Self.advice)
  }

  private static let advice =
    "merge it: PeftModel.from_pretrained(model, ADAPTER).merge_and_unload().save_pretrained(FOLDER)"
}

private struct MergedTensors: TensorSource {
  let values: [String: Tensor]

  var tensorNames: [String] { values.keys.sorted() }
  func tensor(named name: String) -> Tensor? { values[name] }
}
