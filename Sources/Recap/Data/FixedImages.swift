import Engine

/// One batch of random numbers in the shapes of images, always the same: for timing steps without what makes images.
public struct FixedImages: TrainingImages {
  public let count: Int
  private let pixels: Tensor
  private let latents: Tensor

  public init(count: Int, models: DivaModels, seed: UInt64 = 1) {
    let (vision, denoiser) = (models.tuned.config, models.diffusion.denoiser)
    let random = RandomSource(seed: seed, stream: .fixedImages)
    self.count = count
    pixels = random.normal([count, vision.imageSize, vision.imageSize, vision.channels], step: 0)
    latents = random.normal([count, denoiser.sampleSize, denoiser.sampleSize, denoiser.channels], step: 1)
  }

  public func inputs(_ indices: [Int], batch: Int) -> TrainingInputs {
    TrainingInputs(pixels: pixels.gatherImages(indices), latents: latents.gatherImages(indices))
  }
}
