import Testing

@testable import Engine

struct ConfigurationTests {
  private func fields(_ json: JSON) -> ConfigurationFields { ConfigurationFields(json, file: "some/config.json") }

  @Test("a CLIP configuration without members is OpenAI's ViT-B/32, as in transformers")
  func clipDefaults() throws {
    let config = try CLIPConfig(fields([:]))

    #expect(config.projectionWidth == 512)
    #expect(config.vision.encoder == CLIPEncoderConfig(width: 768, layers: 12, heads: 12))
    #expect((config.vision.imageSize, config.vision.patchSize, config.vision.tokens) == (224, 32, 50))
    #expect(config.text.encoder == CLIPEncoderConfig(width: 512, layers: 12, heads: 8))
    #expect((config.text.vocabulary, config.text.contextLength) == (49408, 77))
    #expect((config.text.startID, config.text.endID, config.text.padID) == (49406, 49407, 1))
  }

  @Test("the older text_config_dict wins over text_config")
  func configurationDict() throws {
    let config = try CLIPConfig(
      fields([
        "text_config": ["hidden_size": 64, "num_attention_heads": 4, "vocab_size": 10],
        "text_config_dict": ["hidden_size": 32], "vision_config_dict": .null,
      ]))

    #expect(config.text.encoder.width == 32)
    #expect(config.text.encoder.heads == 4)
    #expect(config.text.vocabulary == 10)
  }

  @Test(
    "the names of activations are transformers'",
    arguments: [
      ("quick_gelu", Activation.quickGELU), ("gelu", .gelu), ("gelu_pytorch_tanh", .geluTanh), ("gelu_new", .geluTanh),
      ("silu", .silu),
    ])
  func activation(name: String, activation: Activation) throws {
    let config = try CLIPConfig(fields(["vision_config": ["hidden_act": .string(name)]]))

    #expect(config.vision.encoder.activation == activation)
    #expect(config.text.encoder.activation == .quickGELU)
  }

  @Test("configurations survive being written and read")
  func roundTrip() throws {
    let encoder = CLIPEncoderConfig(width: 6, layers: 1, heads: 3, hiddenWidth: 7, activation: .geluTanh, epsilon: 1e-6)
    let clip = CLIPConfig(
      vision: CLIPVisionConfig(encoder: encoder, imageSize: 30, patchSize: 7, channels: 4),
      text: CLIPTextConfig(encoder: encoder, vocabulary: 9, contextLength: 3, startID: 1, endID: 4, padID: 0),
      projectionWidth: 5, logitScale: 1.25)
    var unet = UNet2DConfig(
      sampleSize: 8, channels: 5, blockChannels: [32, 64, 96], attention: [false, true, true], layersPerBlock: 1,
      heads: [1, 2, 3], contextWidth: 12, groups: 16)
    unet.usesLinearProjection = false
    unet.transformerLayers = [1, 2, 3]
    let vae = AutoencoderConfig(
      sampleSize: 64, latentChannels: 8, blockChannels: [16, 32], layersPerBlock: 3, groups: 8, scalingFactor: 1.5,
      hasMidAttention: false)
    let schedule = NoiseSchedule(
      timesteps: 50, betaStart: 0.001, betaEnd: 0.1, betas: .linear, prediction: .velocity, stepsOffset: 0,
      endsWithoutNoise: true, clipping: 2)

    #expect(try CLIPConfig(read(clip.json)) == clip)
    #expect(try UNet2DConfig(read(unet.json)) == unet)
    #expect(try AutoencoderConfig(read(vae.json)) == vae)
    for learnsVariance in [true, false] {
      let dit = DiTConfig(
        sampleSize: 12, channels: 3, learnsVariance: learnsVariance, layers: 2, heads: 3, headWidth: 8, patchSize: 3,
        classes: 7, epsilon: 1e-6)
      #expect(try DiTConfig(read(dit.json)) == dit)
    }
    #expect(try NoiseSchedule(read(schedule.json)) == schedule)
  }

  private func read(_ json: JSON) throws -> ConfigurationFields {
    fields(try JSON(parsing: Array(json.pretty.utf8), file: "written"))
  }

  @Test(
    "a UNet that this engine does not implement is refused by the member's name",
    arguments: [
      ("act_fn", "mish"), ("addition_embed_type", "text_image"), ("class_embed_type", "timestep"),
      ("mid_block_type", "UNetMidBlock2DSimpleCrossAttn"), ("only_cross_attention", true), ("dropout", 0.1),
      ("num_attention_heads", 8), ("resnet_time_scale_shift", "scale_shift"), ("time_cond_proj_dim", 256),
      ("invented_tomorrow", "on"), ("norm_num_groups", 7), ("attention_head_dim", [1, 2]),
      ("down_block_types", ["AttnDownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"]),
      ("block_out_channels", []), ("cross_attention_dim", -1), ("layers_per_block", 2.5), ("sample_size", "64"),
    ] as [(String, JSON)])
  func refusedUNet(name: String, value: JSON) throws {
    let problem = try #require(throws: Problem.self) { try UNet2DConfig(fields(.object([JSON.Member(name, value)]))) }

    #expect(problem.message.hasPrefix("cannot use some/config.json: \(name) is "))
    #expect(problem.advice != nil)
  }

  @Test(
    "a transformer that this engine does not implement is refused by the member's name",
    arguments: [
      ("norm_type", "ada_norm_single"), ("activation_fn", "geglu"), ("norm_elementwise_affine", true),
      ("attention_bias", false), ("cross_attention_dim", 1152), ("out_channels", 6), ("sample_size", 33),
      ("attention_head_dim", 0), ("num_layers", 1_000_000), ("caption_channels", 4096), ("invented_tomorrow", "on"),
    ] as [(String, JSON)])
  func refusedTransformer(name: String, value: JSON) throws {
    let problem = try #require(throws: Problem.self) { try DiTConfig(fields(.object([JSON.Member(name, value)]))) }

    #expect(problem.message.hasPrefix("cannot use some/config.json: \(name) is "))
  }

  @Test("DiT under the older name of its class must say what that class has other defaults for")
  func olderTransformer() throws {
    let published: JSON = [
      "_class_name": "Transformer2DModel", "activation_fn": "gelu-approximate", "attention_bias": true,
      "attention_head_dim": 72, "cross_attention_dim": .null, "dropout": 0.0, "in_channels": 4,
      "norm_elementwise_affine": false, "norm_num_groups": 32, "norm_type": "ada_norm_zero", "num_attention_heads": 16,
      "num_embeds_ada_norm": 1000, "num_layers": 28, "num_vector_embeds": .null, "only_cross_attention": false,
      "out_channels": 8, "patch_size": 2, "sample_size": 64, "upcast_attention": false, "use_linear_projection": false,
    ]

    #expect(try DiTConfig(fields(published)) == DiTConfig(sampleSize: 64, layers: 28, heads: 16, headWidth: 72))

    let shorter = JSON.object((published.members ?? []).filter { $0.name != "norm_elementwise_affine" })
    let problem = #expect(throws: Problem.self) { try DiTConfig(fields(shorter)) }
    #expect(problem?.message.hasPrefix("cannot use some/config.json: norm_elementwise_affine is missing") == true)
  }

  @Test(
    "an autoencoder that this engine does not implement is refused by the member's name",
    arguments: [
      ("act_fn", "gelu"), ("shift_factor", 0.1159), ("use_quant_conv", false), ("latents_mean", [0.5]),
      ("scaling_factor", 0), ("norm_num_groups", 5), ("down_block_types", ["AttnDownEncoderBlock2D"]),
    ] as [(String, JSON)])
  func refusedAutoencoder(name: String, value: JSON) throws {
    let problem = try #require(throws: Problem.self) {
      try AutoencoderConfig(fields(.object([JSON.Member(name, value)])))
    }

    #expect(problem.message.hasPrefix("cannot use some/config.json: \(name) is "))
  }

  @Test(
    "a schedule that this engine does not implement is refused by the member's name",
    arguments: [
      ("beta_schedule", "exp"), ("prediction_type", "sample"), ("trained_betas", [0.1]),
      ("rescale_betas_zero_snr", true), ("beta_end", 1.5), ("num_train_timesteps", 0),
    ] as [(String, JSON)])
  func refusedSchedule(name: String, value: JSON) throws {
    let problem = try #require(throws: Problem.self) { try NoiseSchedule(fields(.object([JSON.Member(name, value)]))) }

    #expect(problem.message.hasPrefix("cannot use some/config.json: \(name) is "))
  }

  @Test(
    "a CLIP that this engine does not implement is refused by the member's name",
    arguments: [
      ("hidden_act", "relu"), ("num_attention_heads", 7), ("hidden_size", 0), ("image_size", [224, 224]),
      ("patch_size", 300), ("layer_norm_eps", "small"),
    ] as [(String, JSON)])
  func refusedCLIP(name: String, value: JSON) throws {
    let problem = try #require(throws: Problem.self) {
      try CLIPConfig(fields(["vision_config": .object([JSON.Member(name, value)])]))
    }

    #expect(problem.message.hasPrefix("cannot use some/config.json (vision_config): \(name) is "))
  }

  @Test("a scheduler for pixels clips unless told otherwise, one for latents does not")
  func clipping() throws {
    #expect(try NoiseSchedule(fields(["_class_name": "DDIMScheduler"])).clipping == 1)
    #expect(try NoiseSchedule(fields(["_class_name": "DDIMScheduler", "clip_sample": false])).clipping == nil)
    #expect(try NoiseSchedule(fields(["_class_name": "PNDMScheduler"])).clipping == nil)
  }
}
