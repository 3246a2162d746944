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

extension Workspace {
  /// The mini world's denoiser that was trained with this CLIP's embeddings; throws a `Problem` where there is none.
  func genhancer() throws -> GenhancerDenoiser {
    try requireGenhancer()
    return try GenhancerDenoiser(folder.genhancer)
  }

  /// Refuses what `genhancer` would, before any weights are read.
  func requireGenhancer() throws {
    let place = folder.genhancer
    guard givenDiffusion == nil else {
      throw GenhancerDenoiser.missing("none was trained on the latents of \(givenDiffusion ?? "")")
    }
    guard place.exists else { throw GenhancerDenoiser.missing("\(folder.path) holds none") }
    let given = try place.part(GenhancerDenoiser.projectorsName).configuration().integer(GenhancerDenoiser.widthName)
    let (own, area) = (clip.vision.projectionWidth, GenhancerDenoiser.patchSize * GenhancerDenoiser.patchSize)
    guard given == own else {
      throw GenhancerDenoiser.missing("\(place.path) takes \(given) numbers of an image, this CLIP's make \(own)")
    }
    guard try FluxConfig(place.configuration()).channels == area * diffusion.denoiser.channels else {
      throw GenhancerDenoiser.missing("\(place.path) was trained on latents of another autoencoder")
    }
  }
}

extension GenhancerDenoiser {
  static func missing(_ reason: String) -> Problem {
    Problem(
      "the feedback genhancer needs a denoiser that was trained from scratch on this CLIP's embeddings: \(reason)",
      advice:
        "GenHancer's first stage, 100,000 steps for each CLIP, is not part of this program; use the embedded models, "
        + "whose denoiser diva-tui pretrain makes, or another --feedback")
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
