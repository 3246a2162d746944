import Engine

/// The embedded models' sizes: ordinary configurations of the classes that carry the real weights.
enum MiniModels {
  static let contextLength = 32
  static let preprocessing = Preprocessing(side: 64, mean: [0.55, 0.53, 0.5], deviation: [0.3, 0.3, 0.3])

  static func clip(_ tokenizer: CLIPTokenizer) -> CLIPConfig {
    CLIPConfig(
      vision: CLIPVisionConfig(
        encoder: CLIPEncoderConfig(width: 128, layers: 4, heads: 4), imageSize: 64, patchSize: 8),
      text: CLIPTextConfig(
        encoder: CLIPEncoderConfig(width: 128, layers: 3, heads: 4), vocabulary: tokenizer.vocabularySize,
        contextLength: contextLength, startID: tokenizer.start, endID: tokenizer.end, padID: tokenizer.padding),
      projectionWidth: 128)
  }

  /// 64×64 pixels to 8×8 latents of 8 numbers.
  static let autoencoder = AutoencoderConfig(
    sampleSize: 64, latentChannels: 8, blockChannels: [16, 32, 64, 64], layersPerBlock: 1, groups: 8)

  static let unet = UNet2DConfig(
    sampleSize: 8, channels: 8, blockChannels: [64, 96], attention: [true, true], layersPerBlock: 1, heads: [4, 4],
    contextWidth: 128, groups: 8)

  static let schedule = NoiseSchedule()

  /// un²CLIP's: its class vector is an embedding and as many waves of its level. As the text says nothing, attention is on
  /// the coarse level only.
  static let generator: UNet2DConfig = {
    var config = UNet2DConfig(
      sampleSize: 8, channels: 8, blockChannels: [64, 96], attention: [false, true], layersPerBlock: 1, heads: [4, 4],
      contextWidth: 128, groups: 8)
    config.classWidth = 2 * 128
    return config
  }()

  /// GenHancer's: two double and four single blocks, as the authors'; patches of 2 × 2 latents.
  static let genhancer = FluxConfig(
    channels: 32, doubleBlocks: 2, singleBlocks: 4, heads: 4, headWidth: 32, textWidth: 128, pooledWidth: 128,
    rotaryWidths: [8, 12, 12])

  static let generatorSchedule = NoiseSchedule(prediction: .velocity)
  /// Of the noise on embeddings.
  static let levelSchedule = NoiseSchedule(
    betaStart: 0.0001, betaEnd: 0.02, betas: .squaredCosine, stepsOffset: 0, endsWithoutNoise: true)
}
