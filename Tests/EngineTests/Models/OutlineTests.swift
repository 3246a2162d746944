import Testing

@testable import Engine

/// Against the real models on PyTorch's meta device; Tests/Reference/outlines.py wrote the fixture.
struct OutlineTests {
  private static let json = Result { try Reference.json("outlines.json") }

  private func fields(_ model: String) throws -> (expected: JSON, fields: ConfigurationFields) {
    let expected = try #require(try OutlineTests.json.get()[model])
    return (expected, ConfigurationFields(try #require(expected["config"]), file: model))
  }

  private func expectOutline(_ parameters: [Parameter], _ expected: JSON, layout: KeyLayout = .own) {
    let outline = layout.outline(parameters)
    let lines = outline.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { "\($0.key) \($0.shape.dims)\n" }
    // FNV-1a, 64 bits.
    let hash = lines.joined().utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }
    #expect(outline.count == expected["tensors"]?.integer)
    #expect(parameters.reduce(0) { $0 + $1.shape.count } == expected["numbers"]?.integer)
    #expect(String(hash, radix: 16) == expected["hash"]?.text?.drop { $0 == "0" }.description)
  }

  @Test("the UNets of Stable Diffusion have diffusers' names and shapes", arguments: ["SD-2-1-base", "SD-1-4"])
  func unet(model: String) throws {
    let (expected, fields) = try fields(model)

    let unet = try UNet2DConditionModel(UNet2DConfig(fields), from: .outline())

    expectOutline(unet.parameters, expected)
  }

  @Test("DiT-XL/2 has diffusers' names and shapes")
  func transformer() throws {
    let (expected, fields) = try fields("DiT-XL-2-256")

    let transformer = try DiTTransformer2DModel(DiTConfig(fields), from: .outline())

    expectOutline(transformer.parameters, expected)
    #expect(transformer.contextWidth == 1152 && transformer.config.learnsVariance)
  }

  @Test("the autoencoder of Stable Diffusion has diffusers' names and shapes")
  func autoencoder() throws {
    let (expected, fields) = try fields("AutoencoderKL")

    let autoencoder = try AutoencoderKL(AutoencoderConfig(fields), from: .outline())

    expectOutline(autoencoder.parameters, expected)
    #expect(autoencoder.config.scalingFactor == 0.18215)
  }

  @Test("CLIP ViT-L/14 has transformers' names and shapes")
  func clip() throws {
    let (expected, fields) = try fields("ViT-L-14")

    let clip = try CLIP(CLIPConfig(fields), from: .outline())

    expectOutline(clip.parameters, expected)
    #expect(clip.vision.config.tokens == 257)
  }

  @Test("SigLIP SO400M has transformers' names and shapes")
  func siglip() throws {
    let (expected, fields) = try fields("SigLIP SO400M 384")

    let clip = try CLIP(CLIPConfig(fields), from: .outline())

    expectOutline(clip.parameters, expected, layout: .transformers)
    #expect(clip.vision.config.patches == 729)
    #expect(clip.config.vision.encoder.activation == .geluTanh)
  }

  @Test("the text encoder of Stable Diffusion 2 has transformers' names and shapes")
  func textEncoder() throws {
    let (expected, fields) = try fields("SD-2 text encoder")

    let tower = try CLIPTextTower(CLIPTextConfig(fields), projectionWidth: nil, from: .outline())

    expectOutline(tower.parameters, expected)
  }
}
