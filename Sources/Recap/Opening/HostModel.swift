import Engine
import Foundation

/// A model of transformers' that looks through a CLIP's image tower: LLaVA, CLIPSeg. Its folder can be copied with
/// another tower in its place.
///
/// ```swift
/// try HostModel("llava-1.5-7b-hf").write(tunedTower, to: "llava-tuned")
/// ```
public struct HostModel {
  /// Its `model_type`: "llava", "clipseg".
  public let kind: String
  private let folder: WeightsFolder
  private let config: CLIPVisionConfig
  private let weights: WeightsFile
  /// What stands before the names of the image tower's tensors.
  private let prefix: String

  private static let mark = "embeddings.patch_embedding.weight"

  /// Throws a `Problem` where there is no such tower, or it cannot be replaced.
  public init(_ path: String) throws {
    folder = WeightsFolder(path)
    let fields = try folder.configuration()
    kind = try fields.text("model_type", default: "model")
    weights = try WeightsFile(folder.path)
    let marks = weights.tensorNames.filter { $0 == Self.mark || $0.hasSuffix("." + Self.mark) }
    guard let mark = marks.first, marks.count == 1 else {
      let apart = fields.json["mm_vision_tower"]?.text
      throw Problem(
        "cannot export into \(path): it holds \(marks.isEmpty ? "no" : "\(marks.count)") image tower\(marks.count > 1 ? "s" : "") of CLIP's",
        advice: apart == nil
          ? "give a folder of transformers' LlavaForConditionalGeneration or CLIPSegForImageSegmentation"
          : "this LLaVA opens its tower from a folder: export with --format hf, and name that folder in its config.json as "
            + "mm_vision_tower")
    }
    guard weights.format == "safetensors" else {
      throw Problem(
        "cannot export into \(path): its weights are stored as \(weights.format)",
        advice: "save them as safetensors: from_pretrained(FOLDER).save_pretrained(OTHER) in transformers")
    }
    prefix = String(mark.dropLast(Self.mark.count))
    config = try CLIPVisionConfig(inside: fields)
  }

  /// Copies the folder with another image tower, in the precision of its weights. Returns the files.
  ///
  /// Throws a `Problem` where the towers differ in anything but weights, or the folder to write holds something.
  public func write(_ tower: CLIPVisionTower, to path: String) throws -> [String] {
    try FileManager.default.export(to: path) {
      guard config == tower.config else {
        throw Problem(
          "cannot export into \(folder.path): its image tower is another one (\(config.sizes), here \(tower.config.sizes))",
          advice: "give as --clip the CLIP that it was made with")
      }
      let replaced = try replacements(by: tower)
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for name in try FileManager.default.contentsOfDirectory(atPath: folder.path).sorted() {
        let (from, to) = (folder.path + "/" + name, path + "/" + name)
        if weights.files.contains(from) {
          try copyWeights(from, to: to, replacing: replaced)
        } else if !WeightsFolder.isWeights(name) {
          try copy(from, to: to)
        }
      }
    }
  }

  /// The tower's tensors under the names of this model; what it has no use for, such as a projection, is left out.
  private func replacements(by tower: CLIPVisionTower) throws -> [String: Tensor] {
    let scope = "vision_model."
    let root = prefix.hasSuffix(scope) ? String(prefix.dropLast(scope.count)) : prefix
    let own = KeyLayout.transformers.stored(tower.parameters.map { ($0.name, $0.value.detached()) })
    var found: [String: Tensor] = [:]
    for (key, tensor) in own {
      let name = key.hasPrefix(scope) ? prefix + key.dropFirst(scope.count) : root + key
      guard let there = try weights.shape(of: name) else {
        if key.hasPrefix(scope + "encoder.") || key.hasPrefix(scope + "embeddings.") {
          throw misfit(name, "is missing")
        }
        continue
      }
      guard there.dims == tensor.shape.dims else { throw misfit(name, "is \(there), the tower has \(tensor.shape)") }
      found[name] = tensor
    }
    return found
  }

  private func misfit(_ name: String, _ what: String) -> Problem {
    Problem(
      "cannot export into \(folder.path): \(name.shown) \(what)", advice: "its weights and config.json do not fit")
  }

  /// A file, not a folder beside it; links of the Hub's cache are followed, so that the copy stands alone.
  private func copy(_ from: String, to path: String) throws {
    let file = URL(filePath: from).resolvingSymlinksInPath().path
    if FileManager.default.isFolder(file) == false { try FileManager.default.copyItem(atPath: file, toPath: path) }
  }

  private func copyWeights(_ from: String, to path: String, replacing replaced: [String: Tensor]) throws {
    let file = try WeightsFile(from)
    guard file.tensorNames.contains(where: { replaced[$0] != nil }) else {
      try copy(from, to: path)
      return
    }
    let entries = try file.tensorNames.compactMap { name -> SafetensorsWriter.Entry? in
      guard let stored = try file.stored(named: name) else { return nil }
      guard let tensor = replaced[name] else { return .stored(name, stored) }
      switch stored.type {
      case .f32: return .floats(name, tensor)
      case .f16: return .float16s(name, tensor)
      case .bf16: return .brainFloats(name, tensor)
      default: throw misfit(name, "is stored as \(stored.type.rawValue), and can be replaced in F32, F16 and BF16")
      }
    }
    try SafetensorsWriter(entries, metadata: file.metadata).write(to: path)
  }
}

extension CLIPVisionConfig {
  /// "24 layers of 1024 with 16 heads over 336 pixels in patches of 14, QuickGELU".
  fileprivate var sizes: String {
    "\(encoder.layers) layers of \(encoder.width) with \(encoder.heads) heads over \(imageSize) pixels in patches of "
      + "\(patchSize), \(encoder.activation.title)"
  }
}
