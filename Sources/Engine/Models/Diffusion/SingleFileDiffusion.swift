import Foundation

/// Stable Diffusion 1.x or 2.x in a single file, `.safetensors` or `.ckpt`: UNet, autoencoder and text encoder.
///
/// Such a file has no configuration. Sizes come from shapes; what the UNet predicts and at which size it was trained come
/// from the file's metadata or name, as for `v2-1_768-ema-pruned`.
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
          + "cond_stage_model.")
    }
    guard shapes.dims("model.diffusion_model.label_emb.0.0.weight") == nil else {
      throw Problem(
        "cannot use \(path): it is SD-XL in a single file, or takes a class",
        advice: "give SD-XL as a folder in diffusers' layout, or Stable Diffusion 1.x or 2.x")
    }
    let hints =
      ([URL(filePath: path).lastPathComponent] + file.metadata.filter { $0.key.hasPrefix("modelspec.") }.values)
      .joined(separator: " ").lowercased()
    let isLarge = hints.contains("768")
    let predictsVelocity = isLarge || ["v_pred", "vpred", "v-pred"].contains(where: hints.contains)
    unet = try shapes.unet(sampleSize: isLarge ? 96 : 64)
    autoencoder = try shapes.autoencoder()
    // The first version was never published with it.
    prediction = predictsVelocity && unet.usesLinearProjection ? .velocity : .epsilon
  }

  /// What was assumed, for people.
  public var note: String {
    "a single file of Stable Diffusion \(unet.usesLinearProjection ? 2 : 1) at \(8 * unet.sampleSize) pixels, "
      + "predicting \(prediction == .epsilon ? "the noise" : "the velocity") (by its name and metadata)"
  }

  /// The token that fills up texts: "!" in the second version, the end token in the first.
  public var padding: Int { unet.usesLinearProjection ? 0 : 49407 }

  /// The text encoder, frozen: OpenAI's, or open_clip's without its last layer, as the UNet was trained with.
  public func textEncoder() throws -> CLIPTextTower {
    let own = KeyLayout.own.prefixed("cond_stage_model.transformer.")
    let open = KeyLayout.openCLIP.prefixed("cond_stage_model.model.")
    let isOpen = shapes.dims(open.place(of: "text_model.final_layer_norm.weight").key) != nil
    let layout = isOpen ? open : own
    let layers = shapes.count { layout.place(of: "text_model.encoder.layers.\($0).layer_norm1.weight").key }
    guard let mlp = shapes.dims(layout.place(of: "text_model.encoder.layers.0.mlp.fc1.weight").key), mlp.count == 2,
      let words = shapes.dims(layout.place(of: "text_model.embeddings.token_embedding.weight").key),
      let positions = shapes.dims(layout.place(of: "text_model.embeddings.position_embedding.weight").key),
      words.count == 2, positions.count == 2, (2...10_000_000).contains(words[0]), (2...65_536).contains(positions[0]),
      mlp.allSatisfy({ (64...65_536).contains($0) && $0 % 64 == 0 }), (2..<1000).contains(layers)
    else { throw shapes.damaged("a text encoder") }
    let encoder = CLIPEncoderConfig(
      width: mlp[1], layers: layers - (isOpen ? 1 : 0), heads: mlp[1] / 64, hiddenWidth: mlp[0],
      activation: isOpen ? .gelu : .quickGELU)
    let config = CLIPTextConfig(encoder: encoder, vocabulary: words[0], contextLength: positions[0])
    let last = layout.place(of: "text_model.encoder.layers.\(layers - 1).").key
    let unused = ["text_projection", "logit_scale"].map { layout.prefix + $0 }
    return try load(layout, ignoring: { isOpen && ($0.hasPrefix(last) || unused.contains($0)) }) {
      try CLIPTextTower(config, projectionWidth: nil, from: $0)
    }
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
  public init(_ file: SingleFileDiffusion) throws {
    let layout = KeyLayout.singleFileAutoencoder(levels: file.autoencoder.blockChannels.count)
    self.init(
      unet: try file.load(.singleFileUNet(file.unet)) { try UNet2DConditionModel(file.unet, from: $0) },
      autoencoder: try file.load(layout) { try AutoencoderKL(file.autoencoder, from: $0) },
      schedule: NoiseSchedule(prediction: file.prediction))
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
      "cannot use \(path): its tensors are not those of \(part) of Stable Diffusion 1.x or 2.x",
      advice: "the file is incomplete, or another model, such as one for inpainting")
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
    return config
  }

  func autoencoder() throws -> AutoencoderConfig {
    func key(_ name: String) -> String { "first_stage_model." + name }
    let levels = count { key("encoder.down.\($0).block.0.conv2.weight") }
    let channels = (0..<levels).compactMap { dims(key("encoder.down.\($0).block.0.conv2.weight"))?.first }
    let layers = count { key("encoder.down.0.block.\($0).conv2.weight") }
    guard let latents = dims(key("quant_conv.weight"))?.first, latents == 8, (1...8).contains(levels),
      channels.count == levels, channels.allSatisfy({ $0 % 32 == 0 && (32...65_536).contains($0) }),
      (1..<100).contains(layers)
    else { throw damaged("the autoencoder") }
    return AutoencoderConfig(sampleSize: 512, blockChannels: channels, layersPerBlock: layers)
  }
}
