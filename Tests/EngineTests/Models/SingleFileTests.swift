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
    let (unet, autoencoder) = (
      try UNet2DConditionModel(Self.unet, from: .outline()), try AutoencoderKL(Self.autoencoder, from: .outline())
    )

    #expect(digest(unet.parameters, .singleFileUNet(Self.unet)) == expected["unet"])
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
      let text = try file.textEncoder()

      var wanted = Self.unet
      (wanted.sampleSize, wanted.usesLinearProjection) = (side, isSecond)
      if !isSecond { (wanted.contextWidth, wanted.heads) = (768, [8, 8, 8, 8]) }
      #expect(models.unet.config == wanted && models.autoencoder.config == Self.autoencoder)
      #expect(models.schedule == NoiseSchedule(prediction: prediction))
      #expect(text.config.encoder.layers == (isSecond ? 23 : 12) && text.config.encoder.heads == (isSecond ? 16 : 12))
      #expect(text.config.encoder.activation == (isSecond ? .gelu : .quickGELU))
      #expect(file.padding == (isSecond ? 0 : 49407))
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
        _ = try file.textEncoder()
        _ = try StableDiffusion(file)
      }

      #expect(problem?.message.contains(reason) == true)
    }
  }
}
