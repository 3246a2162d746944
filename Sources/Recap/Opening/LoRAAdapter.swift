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
    // Trainers leave other files of weights beside it: their optimizer's, the model's own.
    let own = ["adapter_model.safetensors", "adapter_model.bin"].first(where: folder.has)
    let file = try WeightsFile(folder.path == path ? own.map { folder.path + "/" + $0 } ?? path : path)
    guard file.tensorNames.contains(where: { $0.contains(".lora_A.") }) else { return nil }
    (self.path, tensors, fields) = (path, file, try folder.configuration(Self.configuration))
  }

  /// The tower with the adapter added to its weights, frozen.
  ///
  /// Throws a `Problem` for a kind of adapter that this program does not merge, and for tensors without a place.
  func merged(into tower: CLIPVisionTower) throws -> CLIPVisionTower {
    let scaling = try LoRAScaling(fields, advice: Self.advice)
    var values = Dictionary(uniqueKeysWithValues: tower.parameters.map { ($0.name, $0.value.detached()) })
    for key in tensors.tensorNames {
      let own = ownName(key)
      if own.hasSuffix(".lora_B.weight") { continue }
      if own.hasSuffix(".lora_A.weight"), let b = try tensors.tensor(named: key.replacing(".lora_A.", with: ".lora_B."))
      {
        let module = String(own.dropLast(".lora_A.weight".count))
        let a = try tensor(key)
        guard let weight = values[module + ".weight"], let change = LoRAAdapter.product(b, a),
          change.shape == [weight.shape[0], weight.shape.count / weight.shape[0]]
        else { throw misplaced(key) }
        let scale = scaling.scale(of: module, rank: a.shape[0])
        values[module + ".weight"] = withoutGradient { weight + change.scaled(by: scale).reshaped(weight.shape) }
      } else {
        let (name, whole) = (own.replacing(".base_layer.", with: "."), try tensor(key))
        guard values[name]?.shape == whole.shape else { throw misplaced(key) }
        values[name] = whole
      }
    }
    return try Weights.load(MergedTensors(values: values), name: path) {
      try CLIPVisionTower(tower.config, projectionWidth: tower.projectionWidth, from: $0)
    }
  }

  /// B·A as a matrix; of a convolution the kernel's places are columns, as in its weight. nil where the two do not fit.
  private static func product(_ b: Tensor, _ a: Tensor) -> Tensor? {
    guard a.shape.rank >= 2, b.shape.rank == a.shape.rank, a.shape[0] > 0, b.shape.count == b.shape[0] * a.shape[0],
      b.shape[1] == a.shape[0]
    else { return nil }
    let matrices = (b.reshaped([b.shape[0], b.shape[1]]), a.reshaped([a.shape[0], a.shape.count / a.shape[0]]))
    return withoutGradient { matrices.0.matmul(matrices.1) }
  }

  /// The module's name in the tower: what stands before is PEFT's, as is the adapter's own name. transformers 5 leaves out
  /// the scope where an image tower is the whole model.
  private func ownName(_ key: String) -> String {
    let starts = ["vision_model.", "visual_projection."].compactMap { key.range(of: $0)?.lowerBound }
    let whole = Self.whole.contains { key.hasPrefix($0) } ? "vision_model." + key.dropFirst(Self.front.count) : nil
    return (starts.min().map { String(key[$0...]) } ?? whole)?.replacing(".default.weight", with: ".weight") ?? key
  }

  private static let front = "base_model.model."
  private static let whole = ["embeddings.", "encoder.", "pre_layrnorm.", "post_layernorm.", "head."].map { front + $0 }

  private func tensor(_ key: String) throws -> Tensor {
    guard let tensor = try tensors.tensor(named: key) else { throw misplaced(key) }
    return tensor
  }

  private func misplaced(_ key: String) -> Problem {
    if key.contains("text_model.") || key.contains("text_projection.") {
      return Problem(
        "cannot merge \(path): it changes the text tower, too (\(key.shown)); only image towers are tuned here",
        advice: Self.advice + ", and give that folder as --clip")
    }
    return Problem(
      "cannot merge \(path): \(key.shown) has no place in the image tower of --clip, or another shape",
      advice: "give as --clip the model that it was trained on, with transformers' names in the adapter; or "
        + Self.advice)
  }

  private static let advice =
    "merge it: PeftModel.from_pretrained(model, ADAPTER).merge_and_unload().save_pretrained(FOLDER)"
}

/// What an adapter's changes are multiplied by, module by module.
///
/// Source: peft's `LoraConfig`, `get_pattern_key` and `LoraLayer.update_layer`.
private struct LoRAScaling {
  private let alpha: Double
  private let isRankStable: Bool
  /// By the end of a module's name.
  private let alphas: [(module: String, alpha: Double)]

  /// Throws a `Problem` that names the first setting which would make the merged weights others.
  init(_ fields: ConfigurationFields, advice: String) throws {
    func refuse(_ name: String, _ reason: String) -> Problem {
      Problem("cannot use \(fields.file): \(name) \(reason)", advice: advice)
    }
    try fields.require("peft_type", "LORA")
    try fields.require("fan_in_fan_out", false)
    let off: [JSON] = [.null, .bool(false), .object([]), .array([])]
    for member in fields.json.members ?? [] where !Self.known.contains(member.name) && !off.contains(member.value) {
      throw refuse(member.name.shown, "is \(member.value.compact.shown), which this program does not merge")
    }
    // Others take the adapter's beginning out of the weights beside it.
    if let start = fields.json["init_lora_weights"]?.text, !["gaussian", "eva", "default"].contains(start) {
      throw refuse("init_lora_weights", "is \(start.shown), which changes the weights that the adapter belongs to")
    }
    alpha = try fields.number("lora_alpha", default: 8)
    isRankStable = try fields.flag("use_rslora", default: false)
    alphas = try (fields.json["alpha_pattern"]?.members ?? []).map { member in
      guard let alpha = member.value.double, member.name.allSatisfy({ $0.isLetter || $0.isNumber || "._".contains($0) })
      else { throw refuse("alpha_pattern", "has \(member.name.shown), which is no module's name with its alpha") }
      return (member.name, alpha)
    }
  }

  /// What other settings say stands in the tensors, or tells only how the adapter was trained.
  private static let known: Set<String> = [
    "peft_type", "peft_version", "base_model_name_or_path", "revision", "task_type", "auto_mapping", "inference_mode",
    "r", "rank_pattern", "lora_alpha", "alpha_pattern", "use_rslora", "lora_dropout", "bias", "fan_in_fan_out",
    "target_modules", "exclude_modules", "modules_to_save", "layers_to_transform", "layers_pattern",
    "init_lora_weights", "megatron_core", "qalora_group_size", "runtime_config", "eva_config", "ensure_weight_tying",
  ]

  func scale(of module: String, rank: Int) -> Float {
    let own = alphas.first { module == $0.module || module.hasSuffix("." + $0.module) }?.alpha ?? alpha
    let rank = Double(rank)
    return Float(own / (isRankStable ? rank.squareRoot() : rank))
  }
}

private struct MergedTensors: TensorSource {
  let values: [String: Tensor]

  var tensorNames: [String] { values.keys.sorted() }
  func tensor(named name: String) -> Tensor? { values[name] }
}
