import Foundation
import TestSupport
import Testing

@testable import Engine

/// Stable Diffusion in a single file. Tests/Reference/single_file.py wrote the hashes of all names, each confirmed by
/// diffusers' conversion; families.py compares whole models.
struct SingleFileTests {
  private static let unet = UNet2DConfig(
    sampleSize: 64, blockChannels: [320, 640, 1280, 1280], attention: [true, true, true, false],
    heads: [5, 10, 20, 20], contextWidth: 1024)
  private static let autoencoder = AutoencoderConfig(sampleSize: 512, blockChannels: [128, 256, 512, 512])

  /// SD-XL's, as its folder has it.
  private static let large: (unet: UNet2DConfig, autoencoder: AutoencoderConfig) = {
    var unet = UNet2DConfig(
      sampleSize: 128, blockChannels: [320, 640, 1280], attention: [false, true, true], heads: [5, 10, 20],
      contextWidth: 2048)
    (unet.transformerLayers, unet.addition) = ([1, 2, 10], UNet2DConfig.Addition(waveWidth: 256, width: 2816))
    var autoencoder = SingleFileTests.autoencoder
    (autoencoder.sampleSize, autoencoder.scalingFactor) = (1024, 0.13025)
    return (unet, autoencoder)
  }()

  /// FNV-1a, 64 bits, of "own name, file's name", sorted.
  private func digest(_ parameters: [Parameter], _ layout: KeyLayout) -> JSON {
    let lines = parameters.map { "\($0.name) \(layout.place(of: $0.name).key)\n" }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let hash = lines.joined().utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    return ["tensors": .integer(lines.count), "hash": .string(String(hash, radix: 16))]
  }

  @Test("every tensor of the published UNet and autoencoder has the name that diffusers' conversion expects")
  func names() throws {
    let expected = try Reference.json("single_file.json")
    let autoencoder = try AutoencoderKL(Self.autoencoder, from: .outline())

    for (name, config) in [("unet", Self.unet), ("unet-xl", Self.large.unet)] {
      let unet = try UNet2DConditionModel(config, from: .outline())
      #expect(digest(unet.parameters, .singleFileUNet(config)) == expected[name])
    }
    #expect(digest(autoencoder.parameters, .singleFileAutoencoder(levels: 4)) == expected["vae"])
  }

  /// A file of the published sizes in F16 whose numbers are a hole, so that it takes no room.
  private func writeHollow(_ path: String, isSecond: Bool, without left: String = "none") throws {
    var config = Self.unet
    (config.usesLinearProjection, config.contextWidth) = (isSecond, isSecond ? 1024 : 768)
    let text = CLIPTextConfig(
      encoder: isSecond
        ? CLIPEncoderConfig(width: 1024, layers: 24, heads: 16) : CLIPEncoderConfig(width: 768, layers: 12, heads: 12),
      vocabulary: 49408, contextLength: 77)
    let layout: KeyLayout =
      isSecond ? .openCLIP.prefixed("cond_stage_model.model.") : .own.prefixed("cond_stage_model.transformer.")
    let tower = try CLIPTextTower(text, projectionWidth: isSecond ? 1024 : nil, from: .outline())
    let outline =
      KeyLayout.singleFileUNet(config).outline(try UNet2DConditionModel(config, from: .outline()).parameters)
      + KeyLayout.singleFileAutoencoder(levels: 4).outline(
        try AutoencoderKL(Self.autoencoder, from: .outline()).parameters) + layout.outline(tower.parameters)
      + [("model_ema.decay", []), ("betas", [1000])]
    try writeHollowSafetensors(outline.filter { !$0.key.hasPrefix(left) }, to: path)
  }

  @Test(
    "sizes come from shapes, prediction and size of pictures from the name",
    arguments: [
      ("v1-5-pruned-emaonly", false, 64, NoiseSchedule.Prediction.epsilon),
      ("v2-1_512-ema-pruned", true, 64, .epsilon), ("v2-1_768-ema-pruned", true, 96, .velocity),
    ])
  func sizes(name: String, isSecond: Bool, side: Int, prediction: NoiseSchedule.Prediction) throws {
    try Reference.withTemporaryFolder { folder in
      let path = "\(folder)/\(name).safetensors"
      try writeHollow(path, isSecond: isSecond)

      let file = try SingleFileDiffusion(path)
      let models = try StableDiffusion(file)
      let encoders = try file.textEncoders()
      let text = try #require(encoders.first).tower

      var wanted = Self.unet
      (wanted.sampleSize, wanted.usesLinearProjection) = (side, isSecond)
      if !isSecond { (wanted.contextWidth, wanted.heads) = (768, [8, 8, 8, 8]) }
      #expect(unet(models)?.config == wanted && models.autoencoder.config == Self.autoencoder)
      #expect(models.schedule == NoiseSchedule(prediction: prediction))
      #expect(text.config.encoder.layers == (isSecond ? 23 : 12) && text.config.encoder.heads == (isSecond ? 16 : 12))
      #expect(text.config.encoder.activation == (isSecond ? .gelu : .quickGELU))
      #expect(encoders.map(\.padding) == [isSecond ? 0 : 49407])
    }
  }

  private func unet(_ models: StableDiffusion) -> UNet2DConditionModel? { models.denoiser as? UNet2DConditionModel }

  /// SD-XL's base, but for what begins with `left`, and with more.
  private func writeHollowXL(_ path: String, without left: String = "none", with more: String? = nil) throws {
    let first = CLIPEncoderConfig(width: 768, layers: 12, heads: 12)
    let second = CLIPEncoderConfig(width: 1280, layers: 32, heads: 20)
    func text(_ encoder: CLIPEncoderConfig, _ projection: Int?) throws -> [Parameter] {
      let config = CLIPTextConfig(encoder: encoder, vocabulary: 49408, contextLength: 77)
      return try CLIPTextTower(config, projectionWidth: projection, from: .outline()).parameters
    }
    let embedders = "conditioner.embedders."
    let unet = try UNet2DConditionModel(Self.large.unet, from: .outline())
    var outline = KeyLayout.singleFileUNet(Self.large.unet).outline(unet.parameters)
    let autoencoder = try AutoencoderKL(Self.autoencoder, from: .outline())
    outline += KeyLayout.singleFileAutoencoder(levels: 4).outline(autoencoder.parameters)
    outline += KeyLayout.own.prefixed(embedders + "0.transformer.").outline(try text(first, nil))
    outline += KeyLayout.openCLIP.prefixed(embedders + "1.model.").outline(try text(second, 1280))
    outline.append((embedders + "0.transformer.text_model.embeddings.position_ids", [1, 77]))
    outline.append((embedders + "1.model.logit_scale", []))
    outline.append(("denoiser.sigmas", [1000]))
    outline.removeAll { $0.key.hasPrefix(left) }
    if let more { outline.append((more, [2])) }
    try writeHollowSafetensors(outline, to: path)
  }

  @Test(
    "SD-XL has two text encoders, a pooled text, and its own size and scale of latents",
    arguments: [(nil, NoiseSchedule.Prediction.epsilon), ("v_pred", .velocity)] as [(String?, NoiseSchedule.Prediction)]
  )
  func largeModel(more: String?, prediction: NoiseSchedule.Prediction) throws {
    try Reference.withTemporaryFolder { folder in
      // Its name says nothing, for its size is known.
      try writeHollowXL(folder + "/model-768.safetensors", with: more)

      let file = try SingleFileDiffusion(folder + "/model-768.safetensors")
      let encoders = try file.textEncoders()
      let models = try StableDiffusion(file, pooledText: Tensor(zeros: [1, 1280]))

      #expect(unet(models)?.config == Self.large.unet && models.autoencoder.config == Self.large.autoencoder)
      #expect(models.side == 1024 && models.schedule == NoiseSchedule(prediction: prediction))
      #expect(unet(models)?.added?.shape == [1280])
      #expect(encoders.map(\.tower.config.encoder.layers) == [12, 32] && encoders.map(\.padding) == [49407, 0])
      #expect(encoders.map(\.tower.projectionWidth) == [nil, 1280])
      #expect(encoders.map(\.tower.config.encoder.activation) == [.quickGELU, .gelu])
      let problem = #expect(throws: Problem.self) { try StableDiffusion(file, pooledText: Tensor(zeros: [1, 768])) }
      let reason = "takes a pooled text of 1280 numbers, as SD-XL's, its second text encoder gives 768"
      #expect(problem?.message.hasSuffix(reason) == true)
    }
  }

  @Test(
    "SD-XL without a part, and its relatives, are refused",
    arguments: [
      ("conditioner.embedders.1.", nil, "SD-XL's text encoders are not in the file"),
      ("conditioner.embedders.0.", nil, "those of a text encoder"),
      ("conditioner.embedders.1.model.text_projection", nil, "those of a text encoder"),
      ("model.diffusion_model.middle_block.1.transformer_blocks.9.norm3.", nil, "transformer_blocks.9.norm3.weight"),
      ("none", "edm_mean", "Playground v2.5"), ("none", "ztsnr", "zero terminal SNR"),
      ("conditioner.", "conditioner.embedders.0.model.ln_final.weight", "SD-XL's refiner"),
    ] as [(String, String?, String)])
  func largeRefusals(part: String, more: String?, reason: String) throws {
    try Reference.withTemporaryFolder { folder in
      try writeHollowXL(folder + "/model.safetensors", without: part, with: more)

      let problem = #expect(throws: Problem.self) {
        let file = try SingleFileDiffusion(folder + "/model.safetensors")
        _ = try file.textEncoders()
        _ = try StableDiffusion(file, pooledText: Tensor(zeros: [1, 1280]))
      }

      #expect(problem?.message.contains(reason) == true, "\(problem?.message ?? "none")")
    }
  }

  @Test(
    "a file that lacks a part, or is of another kind, is refused",
    arguments: [
      ("model.diffusion_model.out.2.", "it has no tensor model.diffusion_model.out.2.weight"),
      ("model.diffusion_model.input_blocks.0.", "it is no single file of Stable Diffusion"),
      ("first_stage_model.encoder.", "those of the autoencoder"), ("cond_stage_model.", "those of a text encoder"),
    ])
  func refusals(part: String, reason: String) throws {
    try Reference.withTemporaryFolder { folder in
      try writeHollow(folder + "/model.safetensors", isSecond: true, without: part)

      let problem = #expect(throws: Problem.self) {
        let file = try SingleFileDiffusion(folder + "/model.safetensors")
        _ = try file.textEncoders()
        _ = try StableDiffusion(file)
      }

      #expect(problem?.message.contains(reason) == true)
    }
  }
}
