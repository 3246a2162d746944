extension CLIPShapes {
  /// False where `open_clip_config.json` gives another size than these tensors have: it belongs to another model.
  public func areThose(ofOpenCLIP fields: ConfigurationFields) -> Bool {
    let model = fields.json["model_cfg"]
    let (vision, text) = (model?["vision_cfg"], model?["text_cfg"])
    return [
      (model?["embed_dim"], projectionWidth), (vision?["width"], self.vision.width),
      (vision?["layers"], self.vision.layers), (vision?["patch_size"], patchSize),
      (text?["width"], self.text?.width), (text?["layers"], self.text?.layers),
      (text?["context_length"], contextLength), (text?["vocab_size"], vocabulary),
    ].allSatisfy { said, found in said?.integer.map { $0 == found } ?? true }
  }
}

extension CLIPConfig {
  /// This configuration with what `open_clip_config.json` says beyond the shapes: activation, heads, image size.
  ///
  /// Members that would change what is computed without changing any tensor are refused unless they are what this
  /// engine does.
  public func refined(byOpenCLIP fields: ConfigurationFields) throws -> CLIPConfig {
    let model = try fields.part("model_cfg")
    let (vision, text) = (try model.part("vision_cfg"), try model.part("text_cfg"))
    let isCLIP = family == .clip
    for name in ["attentional_pool", "global_average_pool", "final_ln_after_pool"] { try vision.require(name, false) }
    for name in ["embed_cls", "final_ln_after_pool"] { try text.require(name, false) }
    if isCLIP { try vision.require("pool_type", "tok") } else { try vision.require("timm_pool", "map") }
    try text.require("pool_type", isCLIP ? "argmax" : "last")
    try text.require("no_causal_mask", .bool(!isCLIP))

    var config = self
    config.vision.imageSize = try vision.integer("image_size", default: self.vision.imageSize, in: 1...8192)
    guard config.vision.grid == self.vision.grid else {
      throw vision.problem("image_size", "one with \(self.vision.grid) patches of \(self.vision.patchSize) on a side")
    }
    if isCLIP {
      let activation: Activation = try model.flag("quick_gelu", default: false) ? .quickGELU : .gelu
      config.text.encoder.activation = activation
    }
    // EVA's tower is timm's, which is known by its name.
    if isCLIP, !config.vision.isEVA {
      config.vision.encoder.activation = config.text.encoder.activation
      let width = try vision.integer("head_width", default: 64)
      guard self.vision.encoder.width % width == 0 else {
        throw vision.problem("head_width", "a divisor of the width \(self.vision.encoder.width)")
      }
      config.vision.encoder.heads = self.vision.encoder.width / width
    } else if !isCLIP, try text.part("act_kwargs").text("approximate", default: "none") == "tanh" {
      config.text.encoder.activation = .geluTanh
    }
    config.text.encoder.heads = try text.integer("heads", default: self.text.encoder.heads)
    guard self.text.encoder.width % config.text.encoder.heads == 0 else {
      throw text.problem("heads", "a divisor of the width \(self.text.encoder.width)")
    }
    return config
  }
}
