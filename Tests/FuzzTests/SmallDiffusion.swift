import Foundation

@testable import Engine

/// Stable Diffusion 1, 2 and XL in single files as small as their readers take: of two levels, all numbers zero.
enum SmallDiffusion {
  @Sendable static func files() throws -> [Victim] { try made.get() }

  private static let made = Result { try [1, 2, 3].map(file) }

  private static func file(version: Int) throws -> Victim {
    var unet = UNet2DConfig(
      sampleSize: 64, blockChannels: [64, 64], attention: [version < 3, true], layersPerBlock: 1,
      heads: version == 1 ? [8, 8] : [1, 1], contextWidth: version == 3 ? 128 : 64)
    unet.usesLinearProjection = version > 1
    if version == 3 { unet.addition = UNet2DConfig.Addition(waveWidth: 256, width: 6 * 256 + 64) }
    let autoencoder = AutoencoderConfig(sampleSize: 512, blockChannels: [32, 32], layersPerBlock: 1)
    func text(_ layout: KeyLayout, _ prefix: String, _ projection: Int? = nil) throws -> [(key: String, shape: Shape)] {
      let config = CLIPTextConfig(
        encoder: CLIPEncoderConfig(width: 64, layers: 3, heads: 1), vocabulary: 64, contextLength: 8)
      let tower = try CLIPTextTower(config, projectionWidth: projection, from: .outline())
      return layout.prefixed(prefix).outline(tower.parameters)
    }
    let texts =
      switch version {
      case 1: try text(.own, "cond_stage_model.transformer.")
      case 2: try text(.openCLIP, "cond_stage_model.model.", 64)
      default:
        try text(.own, "conditioner.embedders.0.transformer.")
          + text(.openCLIP, "conditioner.embedders.1.model.", 64)
      }
    var outline = KeyLayout.singleFileUNet(unet).outline(
      try UNet2DConditionModel(unet, from: .outline()).parameters)
    outline += KeyLayout.singleFileAutoencoder(levels: 2).outline(
      try AutoencoderKL(autoencoder, from: .outline()).parameters)
    outline += texts
    let writer = SafetensorsWriter(outline.map { .float16s($0.key, Tensor(zeros: $0.shape)) })
    let bytes = [UInt8](writer.contents)
    // The header alone says what it is.
    let header = bytes.withUnsafeBytes { Int($0.loadUnaligned(as: UInt64.self)) }
    return Victim(name: "sd-\(version).safetensors", bytes: bytes, focus: [0..<8, 8..<8 + header])
  }
}
