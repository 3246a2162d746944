import Engine

/// Shows what the diffusion model can rebuild of a picture from what a CLIP told it.
///
/// The picture is noised to a timestep and denoised by DDIM under the condition; what the noise has wiped out can only
/// come from the condition, so the difference between two CLIPs is what they noticed.
public struct Reconstructor {
  public let models: DivaModels
  public let preprocessing: Preprocessing
  /// Steps of the sampler at most.
  public var steps = 12

  public init(models: DivaModels, preprocessing: Preprocessing) {
    self.models = models
    self.preprocessing = preprocessing
  }

  public struct Result: Sendable {
    public let original: Image
    public let noised: Image
    public let baseline: Rebuilt
    public let tuned: Rebuilt
  }

  public struct Rebuilt: Sendable {
    public let image: Image
    /// Mean squared errors: of scaled latents, and of pixels in 0…1.
    public let latentError: Double
    public let pixelError: Double
  }

  /// - Parameters:
  ///   - image: any picture; the diffusion model's square of it is rebuilt.
  ///   - timestep: how far it is noised, 0 ..< 1000.
  ///   - sample: which noise; both CLIPs get the same.
  public func rebuild(
    _ image: Image, timestep: Int, density: RecapDensity, seed: UInt64, sample: Int = 0
  ) -> Result {
    withoutGradient {
      let square = models.diffusion.square(image)
      let latents = models.diffusion.autoencoder.scaledLatents(of: .signedPixels([square]))
      let noise = RandomSource(seed: seed, stream: 30).normal(latents.shape, step: timestep, firstSample: sample)
      let noised = models.feedback.schedule.addNoise(noise, to: latents, timesteps: [timestep])
      func rebuilt(_ vision: CLIPVisionTower, _ recap: DenseRecap) -> Rebuilt {
        let context = context(image, vision, recap, density, seed: seed)
        return compare(denoised(noised, context, from: timestep), with: latents, square)
      }
      return Result(
        original: square, noised: models.diffusion.autoencoder.images(fromScaled: noised)[0],
        baseline: rebuilt(models.baseline.vision, models.baselineRecap), tuned: rebuilt(models.tuned, models.recap))
    }
  }

  private func context(
    _ image: Image, _ vision: CLIPVisionTower, _ recap: DenseRecap, _ density: RecapDensity, seed: UInt64
  ) -> Tensor {
    let hidden = vision(preprocessing.pixels([image]))
    let told = density.chosenPatches(
      images: 1, patches: vision.config.patches, random: RandomSource(seed: seed, stream: 31), step: 0)
    return recap.context(hidden: hidden, vision: vision, density: density, patches: told)
  }

  private func denoised(_ noised: Tensor, _ context: Tensor, from timestep: Int) -> Tensor {
    let sampler = DDIMSampler(models.feedback.schedule)
    return sampler.sample(
      noised, timesteps: sampler.timesteps(steps, from: timestep),
      predict: { latents, t in models.feedback.unet(latents, timesteps: [t], context: context) })
  }

  private func compare(_ rebuilt: Tensor, with latents: Tensor, _ square: Image) -> Rebuilt {
    let image = models.diffusion.autoencoder.images(fromScaled: rebuilt)[0]
    let squares = zip(image.pixels, square.pixels).reduce(0.0) { sum, pixels in
      let difference = (Double(pixels.0) - Double(pixels.1)) / 255
      return sum + difference * difference
    }
    return Rebuilt(
      image: image, latentError: Double(rebuilt.meanSquaredError(latents).item),
      pixelError: squares / Double(square.pixels.count))
  }
}
