import Foundation

/// Stable Diffusion 1.x, 2.x or XL in a single file, `.safetensors` or `.ckpt`: UNet, autoencoder and text encoders.
///
/// Such a file has no configuration. Sizes come from shapes; what the UNet predicts and at which size it was trained come
/// from the file's metadata or name, as for `v2-1_768-ema-pruned`. SD-XL's size is 1024 pixels.
public struct SingleFileDiffusion {
  public let path: String
  let unet: UNet2DConfig
  let autoencoder: AutoencoderConfig
  let prediction: NoiseSchedule.Prediction
  private let source: any TensorSource
  private let shapes: Shapes

  /// Throws a `Problem` when the file is none, or is of a kind that this program has no model for.
  public init(_ path: String, observer: ReadingObserver? = nil) throws {
    let file = try WeightsFile(path)
    self.path = path
    source = observer.map { ObservedTensors(file, name: path, observer: $0) } ?? file
    shapes = Shapes(source: file, path: path)
    guard shapes.dims("model.diffusion_model.input_blocks.0.0.weight") != nil else {
      throw Problem(
        "cannot use \(path) as a diffusion model: it is no single file of Stable Diffusion",
        advice: "give a folder in diffusers' layout, or a file with model.diffusion_model., first_stage_model. and "
          + "cond_stage_model. or conditioner.")
    }
    try shapes.refuseRelatives()
    let hints =
      ([URL(filePath: path).lastPathComponent] + file.metadata.filter { $0.key.hasPrefix("modelspec.") }.values)
      .joined(separator: " ").lowercased()
    let isXL = shapes.dims(Shapes.addition) != nil
    let isLarge = !isXL && hints.contains("768")
    let predictsVelocity =
      isLarge || shapes.dims("v_pred") != nil || ["v_pred", "vpred", "v-pred"].contains(where: hints.contains)
    unet = try shapes.unet(sampleSize: isXL ? 128 : isLarge ? 96 : 64)
    autoencoder = try shapes.autoencoder(isXL: isXL)
    // The first version was never published with it.
    prediction = predictsVelocity && unet.usesLinearProjection ? .velocity : .epsilon
  }

  /// What was assumed, for people.
  public var note: String {
    "a single file of Stable Diffusion \(version) at \(8 * unet.sampleSize) pixels, "
      + "predicting \(prediction == .epsilon ? "the noise" : "the velocity") (by its name and metadata)"
  }

  private var version: String { unet.addition != nil ? "XL" : unet.usesLinearProjection ? "2" : "1" }

  /// A text encoder, frozen, and the token that fills up its texts.
  public typealias TextEncoder = (tower: CLIPTextTower, padding: Int)

  /// The text encoders as the UNet was trained with them: OpenAI's, whose texts end tokens fill up; open_clip's without its
  /// last layer, where "!" does; in SD-XL both, whole, the second with its projection.
  public func textEncoders() throws -> [TextEncoder] {
    if unet.addition != nil {
      return [
        (try textEncoder(.openAI, .own.prefixed("conditioner.embedders.0.transformer.")), 49407),
        (try textEncoder(.openCLIP, .openCLIP.prefixed("conditioner.embedders.1.model.")), 0),
      ]
    }
    let open = KeyLayout.openCLIP.prefixed("cond_stage_model.model.")
    let isOpen = shapes.dims(open.place(of: "text_model.final_layer_norm.weight").key) != nil
    return isOpen
      ? [(try textEncoder(.openCLIPCut, open), 0)]
      : [(try textEncoder(.openAI, .own.prefixed("cond_stage_model.transformer.")), 49407)]
  }

  private enum Maker {
    case openAI
    /// With its projection.
    case openCLIP
    /// Without its last layer and its projection.
    case openCLIPCut
  }

  private func textEncoder(_ maker: Maker, _ layout: KeyLayout) throws -> CLIPTextTower {
    let layers = shapes.count { layout.place(of: "text_model.encoder.layers.\($0).layer_norm1.weight").key }
    guard let mlp = shapes.dims(layout.place(of: "text_model.encoder.layers.0.mlp.fc1.weight").key), mlp.count == 2,
      let words = shapes.dims(layout.place(of: "text_model.embeddings.token_embedding.weight").key),
      let positions = shapes.dims(layout.place(of: "text_model.embeddings.position_embedding.weight").key),
      words.count == 2, positions.count == 2, (2...10_000_000).contains(words[0]), (2...65_536).contains(positions[0]),
      mlp.allSatisfy({ (64...65_536).contains($0) && $0 % 64 == 0 }), (2..<1000).contains(layers)
    else { throw shapes.damaged("a text encoder") }
    let projection = maker == .openCLIP ? shapes.dims(layout.prefix + "text_projection")?.last ?? 0 : nil
    guard projection != 0 else { throw shapes.damaged("a text encoder") }
    let encoder = CLIPEncoderConfig(
      width: mlp[1], layers: layers - (maker == .openCLIPCut ? 1 : 0), heads: mlp[1] / 64, hiddenWidth: mlp[0],
      activation: maker == .openAI ? .quickGELU : .gelu)
    let config = CLIPTextConfig(encoder: encoder, vocabulary: words[0], contextLength: positions[0])
    let last = layout.place(of: "text_model.encoder.layers.\(layers - 1).").key
    func isUnused(_ key: String) -> Bool {
      switch maker {
      case .openAI: false
      case .openCLIP: key == layout.prefix + "logit_scale"
      case .openCLIPCut:
        key.hasPrefix(last) || ["text_projection", "logit_scale"].contains { key == layout.prefix + $0 }
      }
    }
    return try load(layout, ignoring: isUnused) { try CLIPTextTower(config, projectionWidth: projection, from: $0) }
  }

  /// One part; what lies outside its prefix is another's.
  fileprivate func load<Model>(
    _ layout: KeyLayout, ignoring isUnused: (String) -> Bool = { _ in false }, _ build: (Weights) throws -> Model
  ) throws -> Model {
    try Weights.load(
      source, name: path, layout: layout,
      ignoring: { !$0.hasPrefix(layout.prefix) || CLIP.isBuffer($0) || isUnused($0) }, build)
  }
}

extension StableDiffusion {
  /// Opens a single file, everything frozen.
  ///
  /// - Parameter pooledText: what SD-XL's UNet takes beside the context; the other versions take none.
  public init(_ file: SingleFileDiffusion, pooledText: Tensor? = nil) throws {
    let layout = KeyLayout.singleFileAutoencoder(levels: file.autoencoder.blockChannels.count)
    let unet = try file.load(.singleFileUNet(file.unet)) { try UNet2DConditionModel(file.unet, from: $0) }
    let autoencoder = try file.load(layout) { try AutoencoderKL(file.autoencoder, from: $0) }
    self.init(
      denoiser: try unet.adding(pooledText, side: file.unet.sampleSize * autoencoder.reduction, of: file.path),
      autoencoder: autoencoder, schedule: NoiseSchedule(prediction: file.prediction))
  }
}

/// The sizes of the parts, by the shapes of their tensors.
private struct Shapes {
  let source: any TensorSource
  let path: String

  func dims(_ key: String) -> [Int]? { source.description(of: key)?.dims }

  /// How many of the keys there are, from 0 on.
  func count(_ key: (Int) -> String) -> Int { (0..<1000).prefix { dims(key($0)) != nil }.count }

  func damaged(_ part: String) -> Problem {
    Problem(
      "cannot use \(path): its tensors are not those of \(part) of Stable Diffusion 1.x, 2.x or XL",
      advice: "the file is incomplete, or another model, such as one for inpainting")
  }

  /// SD-XL has it.
  static let addition = "model.diffusion_model.label_emb.0.0.weight"

  /// What has SD-XL's names and is another model.
  func refuseRelatives() throws {
    let kinds = [
      ("conditioner.embedders.0.model.ln_final.weight", "SD-XL's refiner, which goes on where SD-XL's base stops"),
      ("edm_mean", "Playground v2.5, whose noise schedule is another (EDM)"),
      ("ztsnr", "a model with a noise schedule that ends in pure noise (zero terminal SNR)"),
    ]
    for (key, name) in kinds where dims(key) != nil {
      throw Problem("cannot use \(path): it is \(name)", advice: "give SD-XL's base, or Stable Diffusion 1.x or 2.x")
    }
    guard dims(Self.addition) == nil || dims("conditioner.embedders.1.model.ln_final.weight") != nil else {
      throw Problem(
        "cannot use \(path): its UNet takes a pooled text or a class, and SD-XL's text encoders are not in the file",
        advice: "give the whole of SD-XL's base, with conditioner.embedders.0 and .1")
    }
  }

  func unet(sampleSize: Int) throws -> UNet2DConfig {
    func key(_ name: String) -> String { "model.diffusion_model." + name }
    let layers = (1...10).first { dims(key("input_blocks.\($0).0.op.weight")) != nil }.map { $0 - 1 } ?? 0
    // Every block but a change of size begins with a norm.
    let levels = layers == 0 ? 0 : count { key("input_blocks.\(1 + $0 * (layers + 1)).0.in_layers.0.weight") }
    let channels = (0..<levels).compactMap {
      dims(key("input_blocks.\(1 + $0 * (layers + 1)).0.out_layers.3.weight"))?.first
    }
    guard let input = dims(key("input_blocks.0.0.weight")), input.count == 4, input[1] == 4,
      let context = dims(key("middle_block.1.transformer_blocks.0.attn2.to_k.weight")), context.count == 2,
      (1...65_536).contains(context[1]),
      let projection = dims(key("middle_block.1.proj_in.weight")), (1...8).contains(levels), channels.count == levels,
      channels.allSatisfy({ $0 % 64 == 0 && (64...65_536).contains($0) })
    else { throw damaged("the UNet") }
    let isSecond = projection.count == 2
    var config = UNet2DConfig(
      sampleSize: sampleSize, blockChannels: channels,
      attention: (0..<levels).map { dims(key("input_blocks.\(1 + $0 * (layers + 1)).1.norm.weight")) != nil },
      layersPerBlock: layers, heads: channels.map { isSecond ? $0 / 64 : 8 }, contextWidth: context[1])
    config.usesLinearProjection = isSecond
    config.transformerLayers = (0..<levels).map { level in
      let block = "input_blocks.\(1 + level * (layers + 1)).1.transformer_blocks."
      return max(1, count { key("\(block)\($0).norm1.weight") })
    }
    if let width = dims(Self.addition)?.last {
      config.addition = UNet2DConfig.Addition(waveWidth: 256, width: width)
      guard (1...65_536).contains(config.addition?.textWidth ?? 0) else { throw damaged("the UNet") }
    }
    return config
  }

  func autoencoder(isXL: Bool) throws -> AutoencoderConfig {
    func key(_ name: String) -> String { "first_stage_model." + name }
    let levels = count { key("encoder.down.\($0).block.0.conv2.weight") }
    let channels = (0..<levels).compactMap { dims(key("encoder.down.\($0).block.0.conv2.weight"))?.first }
    let layers = count { key("encoder.down.0.block.\($0).conv2.weight") }
    guard let latents = dims(key("quant_conv.weight"))?.first, latents == 8, (1...8).contains(levels),
      channels.count == levels, channels.allSatisfy({ $0 % 32 == 0 && (32...65_536).contains($0) }),
      (1..<100).contains(layers)
    else { throw damaged("the autoencoder") }
    return AutoencoderConfig(
      sampleSize: isXL ? 1024 : 512, blockChannels: channels, layersPerBlock: layers,
      scalingFactor: isXL ? 0.13025 : 0.18215)
  }
}
