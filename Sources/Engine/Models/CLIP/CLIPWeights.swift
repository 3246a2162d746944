/// A CLIP in a file or folder of any layout: which library wrote it, and what it is, before any weights are read.
///
/// ```swift
/// let weights = try CLIPWeights(tensors, name: "ViT-L-14.pt")
/// let clip = try weights.clip(weights.config())
/// ```
public struct CLIPWeights {
  /// What the file is called in messages.
  public let name: String
  /// How the file names its tensors, with whatever stands before all of them.
  public let layout: KeyLayout
  public let shapes: CLIPShapes
  /// "OpenAI or open_clip", "timm in open_clip", …
  public let layoutName: String
  /// transformers wrote it, so that its rules for pictures and texts hold.
  public var isTransformers: Bool { layoutName.hasPrefix("transformers") }
  private let source: any TensorSource

  /// Recognises the layout by a tensor that every file of it has; what stands before that name (`module.`,
  /// `class_model.model.`) stands before all others.
  ///
  /// Throws a `Problem` when the tensors are those of no CLIP.
  public init(_ source: any TensorSource, name: String) throws {
    let unwrapped = AdaptedTensors(source) ?? source
    let source = try LongCLIPTensors(unwrapped) ?? unwrapped
    let names = source.tensorNames
    if let foreign = ForeignModel.recognized(names, rank: { source.description(of: $0)?.dims.count }) {
      throw Problem("cannot load \(name): it is \(foreign.name)", advice: foreign.advice)
    }
    let found = Known.all.lazy.compactMap { known in
      known.prefixes(in: names).map { (known, $0) }
    }.first
    guard let (known, prefixes) = found else { throw CLIPWeights.unknown(names, name) }
    guard prefixes.count == 1, let prefix = prefixes.first else {
      throw Problem(
        "cannot load \(name): it holds \(prefixes.count) image towers, "
          + prefixes.prefix(3).map { "\($0)\(known.mark)".shown }.joined(separator: ", "),
        advice: "keep one of them in the file")
    }
    self.name = name
    self.source = source
    layoutName = known.title
    layout = known.layout.prefixed(prefix)
    shapes = try CLIPShapes(source, name: name, layout: layout, family: known.family)
  }

  private static func unknown(_ names: [String], _ name: String) -> Problem {
    let some = names.sorted().prefix(3).map(\.shown).joined(separator: ", ") + (names.count > 3 ? ", …" : "")
    return Problem(
      "cannot load \(name): its \(names.count) tensors (\(some)) are those of no CLIP that this program knows",
      advice: "known are CLIPs and SigLIPs of OpenAI, open_clip, timm in open_clip, and transformers")
  }

  /// What the shapes say; for a file without its own configuration.
  ///
  /// Throws a `Problem` when there is no text tower.
  public func config() throws -> CLIPConfig {
    guard let config = CLIPConfig(shapes) else {
      throw Problem(
        "cannot use \(name) as a CLIP: it holds an image tower alone",
        advice: "give a CLIP with both towers as --clip, and this one as --tuned beside it")
    }
    return config
  }

  /// The whole model, frozen; throws a `Problem` that names all tensors which do not fit.
  public func clip(_ config: CLIPConfig) throws -> CLIP {
    var config = config
    // open_clip's CLIPs have one if they were trained with the sigmoid loss.
    config.hasLogitBias = config.hasLogitBias || source.tensorNames.contains(layout.place(of: "logit_bias").key)
    return try Weights.load(source, name: name, layout: layout, ignoring: isIgnored) { try CLIP(config, from: $0) }
  }

  /// The image tower alone, frozen; a text tower in the file is passed over.
  public func vision(_ config: CLIPVisionConfig, projectionWidth: Int) throws -> CLIPVisionTower {
    let isText = { (key: String) in
      ["text_model.", "text.", "transformer.resblocks.", "token_embedding.", "ln_final.", "positional_embedding"]
        .contains { key.hasPrefix(layout.prefix + $0) }
        || ["text_projection", "text_projection.weight", "logit_scale", "logit_bias"].contains {
          key == layout.prefix + $0
        }
    }
    return try Weights.load(
      source, name: name, layout: layout, ignoring: { isIgnored($0) || isText($0) },
      { try CLIPVisionTower(config, projectionWidth: projectionWidth, from: $0) })
  }

  /// A tensor that the file holds beside the CLIP, by its whole key; nil where there is none.
  public func otherTensor(named key: String) throws -> Tensor? { try source.tensor(named: key) }

  /// Counters, and whatever a file with a prefix holds beside the CLIP, such as the other parts of a larger module.
  private func isIgnored(_ key: String) -> Bool { CLIP.isBuffer(key) || !key.hasPrefix(layout.prefix) }
}

/// A layout and the tensor that gives it away.
private struct Known {
  let title: String
  let layout: KeyLayout
  let family: CLIPFamily
  /// Every file of this layout has it.
  let mark: String
  /// Files of this layout have it too; it distinguishes layouts with the same mark.
  var also: String?

  /// The first that fits is it.
  static let all = [
    Known(title: "timm in open_clip", layout: .timm, family: .siglip, mark: "visual.trunk.attn_pool.latent"),
    Known(
      title: "EVA-CLIP of timm in open_clip", layout: .timmEVA, family: .clip, mark: "visual.trunk.cls_token",
      also: "visual.trunk.blocks.0.mlp.fc1_g.weight"),
    Known(
      title: "open_clip with a text tower of its own", layout: .openCLIPCustomText, family: .clip,
      mark: "visual.conv1.weight", also: "text.transformer.resblocks.0.ln_1.weight"),
    Known(title: "OpenAI or open_clip", layout: .openCLIP, family: .clip, mark: "visual.conv1.weight"),
    Known(title: "transformers SigLIP", layout: .transformers, family: .siglip, mark: "vision_model.head.probe"),
    Known(
      title: "transformers CLIP", layout: .transformers, family: .clip,
      mark: "vision_model.embeddings.class_embedding"),
  ]

  /// What stands before the mark, once for every image tower in the file; nil where there is none.
  func prefixes(in names: [String]) -> [String]? {
    let prefixes = names.filter { $0 == mark || $0.hasSuffix("." + mark) }.map { String($0.dropLast(mark.count)) }
    guard let first = prefixes.first else { return nil }
    if let also, !names.contains(first + also) { return nil }
    return prefixes
  }
}
