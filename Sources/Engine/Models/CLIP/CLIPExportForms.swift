/// What can be exported to other libraries, and the configuration that they expect.
extension CLIPConfig {
  /// Throws a `Problem` where OpenAI's loader would compute something else: it takes all but the sizes for granted.
  ///
  /// Source: `clip/model.py`, `build_model`.
  public func requireOpenAI() throws {
    func refuse(_ reason: String) -> Problem {
      Problem(
        "OpenAI's loader cannot open this CLIP: \(reason)", advice: "use --format openclip, or hf for transformers")
    }
    guard family == .clip else { throw refuse("it is a SigLIP") }
    guard !vision.isEVA else { throw refuse("it is an EVA-CLIP") }
    guard !hasLogitBias else { throw refuse("it adds a bias to its logits") }
    for (tower, encoder) in [("image", vision.encoder), ("text", text.encoder)] {
      guard encoder.heads * 64 == encoder.width else {
        throw refuse("its \(tower) tower has heads of \(encoder.width / encoder.heads), the loader makes them 64 wide")
      }
      guard encoder.activation == .quickGELU else { throw refuse("its \(tower) tower has no QuickGELU") }
      guard encoder.hiddenWidth == 4 * encoder.width, encoder.epsilon == 1e-5 else {
        throw refuse("its \(tower) tower has another width between its layers, or another ε, than OpenAI's")
      }
    }
    guard vision.channels == 3, readsHighestToken else { throw refuse("it reads pictures or texts in another way") }
  }

  /// OpenAI's and open_clip's text towers are read at the highest id; 2 in a configuration means the same.
  private var readsHighestToken: Bool { text.endID == 2 || text.endID == text.vocabulary - 1 }

  /// The `model_cfg` of `open_clip_config.json`. Throws a `Problem` for what open_clip cannot express.
  public func openCLIP() throws -> JSON {
    vision.isEVA ? try openCLIPEVA() : try family == .clip ? openCLIPModel() : openCLIPSigLIP()
  }

  /// Around a trunk of timm's, which is known by its name.
  private func openCLIPEVA() throws -> JSON {
    let image = vision.encoder
    let trunks = [
      "eva02_base_patch16_clip_224": [768, 12, 12, 2048, 16, 224],
      "eva02_large_patch14_clip_224": [1024, 24, 16, 2730, 14, 224],
      "eva02_large_patch14_clip_336": [1024, 24, 16, 2730, 14, 336],
    ]
    let sizes = [image.width, image.layers, image.heads, image.hiddenWidth, vision.patchSize, vision.imageSize]
    guard let trunk = trunks.first(where: { $0.value == sizes })?.key else {
      throw refuse(
        "timm has no trunk of EVA with \(image.layers) layers of \(image.width) over \(vision.imageSize) pixels")
    }
    return [
      "embed_dim": .integer(projectionWidth), "custom_text": true,
      "quick_gelu": .bool(text.encoder.activation == .quickGELU),
      "vision_cfg": [
        "image_size": .integer(vision.imageSize), "timm_model_name": .string(trunk), "timm_model_pretrained": false,
        "timm_pool": "token", "timm_proj": .null,
      ],
      "text_cfg": .object(
        members(of: text.encoder) + [JSON.Member("heads", .integer(text.encoder.heads))] + textSizes),
    ]
  }

  private func refuse(_ reason: String) -> Problem {
    Problem("open_clip has no model like this one: \(reason)", advice: "use --format hf, which transformers opens")
  }

  private func openCLIPModel() throws -> JSON {
    let activation = vision.encoder.activation
    guard text.encoder.activation == activation, [.gelu, .quickGELU].contains(activation) else {
      throw refuse("its activations are \(activation) and \(text.encoder.activation)")
    }
    guard readsHighestToken else { throw refuse("its text tower is read at token \(text.endID)") }
    let image = vision.encoder
    var words = members(of: text.encoder) + [JSON.Member("heads", .integer(text.encoder.heads))] + textSizes
    if text.vocabulary != 49408 { words.append(JSON.Member("hf_tokenizer_name", "tokenizer")) }
    let bias = hasLogitBias ? [JSON.Member("init_logit_bias", -10)] : []
    let model: JSON = [
      "embed_dim": .integer(projectionWidth), "quick_gelu": .bool(activation == .quickGELU),
      "vision_cfg": .object(
        members(of: image) + [
          JSON.Member("image_size", .integer(vision.imageSize)), JSON.Member("patch_size", .integer(vision.patchSize)),
          JSON.Member("head_width", .integer(image.width / image.heads)),
        ]),
      "text_cfg": .object(words),
    ]
    return .object(bias + (model.members ?? []))
  }

  /// Around a trunk of timm's, which is known by its name.
  private func openCLIPSigLIP() throws -> JSON {
    let image = vision.encoder
    let trunks = [1152: ("so400m", 27, 16, 4304), 768: ("base", 12, 12, 3072)]
    guard let (size, layers, heads, hidden) = trunks[image.width], [224, 256, 384, 512].contains(vision.imageSize)
    else {
      throw refuse("timm has no trunk of \(image.width) over \(vision.imageSize) pixels")
    }
    guard image.layers == layers, image.heads == heads, image.hiddenWidth == hidden else {
      throw refuse(
        "timm's trunk of \(image.width) has \(layers) layers, \(heads) heads and \(hidden) hidden numbers, this one "
          + "\(image.layers), \(image.heads) and \(image.hiddenWidth)")
    }
    guard vision.encoder.activation == .gelu else {
      throw refuse("its image tower has GELU's approximation, as transformers' has; timm's trunk has GELU itself")
    }
    let approximation: [JSON.Member] =
      text.encoder.activation == .geluTanh ? [JSON.Member("act_kwargs", ["approximate": "tanh"])] : []
    return [
      "embed_dim": .integer(projectionWidth), "init_logit_bias": -10, "custom_text": true,
      "vision_cfg": [
        "image_size": .integer(vision.imageSize),
        "timm_model_name": .string("vit_\(size)_patch\(vision.patchSize)_siglip_\(vision.imageSize)"),
        "timm_model_pretrained": false, "timm_pool": "map", "timm_proj": "none",
      ],
      "text_cfg": .object(
        members(of: text.encoder) + [JSON.Member("heads", .integer(text.encoder.heads))] + textSizes + approximation + [
          JSON.Member("hf_tokenizer_name", "timm/ViT-B-16-SigLIP"),
          JSON.Member("tokenizer_kwargs", ["clean": "canonicalize"]), JSON.Member("no_causal_mask", true),
          JSON.Member("proj_bias", true), JSON.Member("pool_type", "last"),
        ]),
    ]
  }

  private var textSizes: [JSON.Member] {
    [
      JSON.Member("context_length", .integer(text.contextLength)), JSON.Member("vocab_size", .integer(text.vocabulary)),
    ]
  }

  private func members(of encoder: CLIPEncoderConfig) -> [JSON.Member] {
    [
      JSON.Member("width", .integer(encoder.width)), JSON.Member("layers", .integer(encoder.layers)),
      JSON.Member("mlp_ratio", .number(Double(encoder.hiddenWidth) / Double(encoder.width))),
    ] + (encoder.epsilon == 1e-5 ? [] : [JSON.Member("norm_kwargs", ["eps": .number(encoder.epsilon)])])
  }
}
