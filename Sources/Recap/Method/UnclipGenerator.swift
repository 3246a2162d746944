import Engine

/// A diffusion model that draws pictures from CLIP's embeddings of them (unCLIP), as Stable unCLIP 2.1 does it.
///
/// Its UNet takes an image's embedding as a class vector, added to the timestep's, beside an empty text: the projected
/// class token, not normalised, and as many sines and cosines of how much noise was added to it (its level).
public struct UnclipGenerator {
  public let denoiser: DiffusionFeedback
  /// The tokens of the empty text, (1, tokens, context width).
  private let emptyText: Tensor
  /// Numbers of an embedding.
  public let width: Int

  public init(unet: UNet2DConditionModel, schedule: NoiseSchedule, emptyText: Tensor) {
    denoiser = DiffusionFeedback(denoiser: unet, schedule: schedule)
    (self.emptyText, width) = (emptyText, (unet.config.classWidth ?? 0) / 2)
  }

  /// The class vectors of embeddings, (B, E) → (B, 2·E), with the level of each.
  public func classes(_ embeddings: Tensor, levels: [Int]) -> Tensor {
    embeddings.concatenatedChannels(TimeWaves(width: width)(levels))
  }

  /// The denoiser's prediction and its error, given what the class vectors say.
  ///
  /// - Parameters:
  ///   - latents: (B, h, w, c), scaled.
  ///   - classes: (B, 2·E); shared by the draws of an image.
  func answer(latents: Tensor, classes: Tensor, draw: NoiseDraw) -> DiffusionFeedback.Answer {
    let text = emptyText.gatherImages(Array(repeating: 0, count: latents.shape[0]))
    return denoiser.answer(latents: latents, context: text, classes: classes, draw: draw)
  }
}

/// un²CLIP's feedback: the frozen generator's error at drawing an image from the embedding that the trained tower gives it.
///
/// loss = mean (v̂(z_t, t, E(x)) − v)², and the gradient flows through the class vector into the tower alone: nothing is
/// projected, as the generator was trained with CLIP's own embeddings. They enter without noise, as level 0.
public struct GeneratorInversion {
  public let vision: CLIPVisionTower
  public let generator: UnclipGenerator

  func answer(_ inputs: DivaObjective.Inputs) -> DiffusionFeedback.Answer {
    let images = inputs.clipPixels.shape[0]
    let embeddings = vision.classEmbeddings(of: inputs.clipPixels)
    let told = inputs.conditionOrder.map(embeddings.gatherImages) ?? embeddings
    return generator.answer(
      latents: inputs.latents, classes: generator.classes(told, levels: Array(repeating: 0, count: images)),
      draw: inputs.draw)
  }
}

extension CLIPVisionTower {
  /// The class tokens as CLIP compares them with texts, not normalised: pixels (B, S, S, 3) → (B, E).
  func classEmbeddings(of pixels: Tensor) -> Tensor {
    let images = pixels.shape[0]
    return imageTokens(of: pixels, patches: Array(repeating: [], count: images)).reshaped([images, projectionWidth])
  }
}
