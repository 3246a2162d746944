import Engine
import Foundation

extension Workspace {
  /// What draws pictures from this CLIP's embeddings: the diffusion model that was given, where it is a Stable unCLIP, or
  /// the mini world's. Throws a `Problem` where neither is.
  func generator() throws -> UnclipGenerator {
    try requireGenerator()
    let text = try Prompt.embedding(in: givenDiffusion.map { WeightsFolder($0) } ?? folder.diffusion, "")
    if givenDiffusion != nil, let unet = diffusion.denoiser as? UNet2DConditionModel {
      return UnclipGenerator(unet: unet, schedule: diffusion.schedule, emptyText: text)
    }
    let place = folder.generator
    return UnclipGenerator(
      unet: try UNet2DConditionModel(place.part("unet")),
      schedule: try NoiseSchedule(place.part("scheduler").configuration("scheduler_config.json")), emptyText: text)
  }

  /// Refuses what `generator` would, before any weights are read.
  func requireGenerator() throws {
    let place = givenDiffusion ?? folder.generator.path
    guard givenDiffusion != nil || folder.hasGenerator else {
      throw UnclipGenerator.missing("\(place) holds none")
    }
    let config =
      givenDiffusion != nil
      ? (diffusion.denoiser as? UNet2DConditionModel)?.config
      : try UNet2DConfig(folder.generator.part("unet").configuration())
    guard let config, let width = config.classWidth else {
      throw UnclipGenerator.missing("\(place) draws them from texts alone")
    }
    let (own, usual) = (2 * clip.vision.projectionWidth, diffusion.denoiser)
    guard width == own, (config.inChannels, config.contextWidth) == (usual.channels, usual.contextWidth) else {
      throw UnclipGenerator.missing("\(place) takes \(width) numbers of an image, this CLIP's make \(own)")
    }
  }
}

extension UnclipGenerator {
  static func missing(_ reason: String) -> Problem {
    Problem(
      "the feedback unclip needs a generator that draws pictures from this CLIP's embeddings: \(reason)",
      advice:
        "give Stable unCLIP 2.1 as --diffusion (its folder in diffusers' layout) with the CLIP that it was trained "
        + "for: OpenAI's ViT-L/14 for the l, OpenCLIP's ViT-H/14 for the h; or make the mini world's with "
        + "diva-tui pretrain")
  }
}
