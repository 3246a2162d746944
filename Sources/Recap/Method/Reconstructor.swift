import Engine

/// Reconstructs an image from noise, conditioned on the features of a CLIP.
///
/// The image is noised to a timestep and denoised by DDIM under the condition; what the noise has wiped out can only
/// come from the condition, so the difference between two CLIPs is what their features hold.
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
  ///   - image: any image; the diffusion model's square of it is reconstructed.
  ///   - timestep: how far it is noised, 0 ..< 1000.
  ///   - sample: which noise; both CLIPs get the same.
  public func rebuild(
    _ image: Image, timestep: Int, density: RecapDensity, seed: UInt64, sample: Int = 0
  ) -> Result {
    var work = GradualReconstruction(
      self, of: image, timestep: timestep, density: density, seed: seed, sample: sample)
    while true {
      if let result = work.result { return result }
      work.advance()
    }
  }

  /// The UNet's context: a CLIP's condition of the image. Both CLIPs go through the projection as it is now: through two
  /// projections, what the alignment did would look like CLIP's merit.
  func context(
    of image: Image, by model: GradualReconstruction.Model, density: RecapDensity, seed: UInt64
  ) -> Tensor {
    let vision = model == .baseline ? models.baseline.vision : models.tuned
    let chosen = density.chosenPatches(
      images: 1, patches: vision.config.patches, random: RandomSource(seed: seed, stream: .reconstructionPatches),
      step: 0)
    return models.recap.context(
      pixels: preprocessing.pixels([image]), vision: vision, density: density, patches: chosen)
  }

  /// The picture of scaled latents, (1, h, w, c).
  func image(_ latents: Tensor) -> Image { models.diffusion.autoencoder.images(fromScaled: latents)[0] }

  /// The reconstruction of latents, and its errors.
  func rebuilt(_ rebuilt: Tensor, beside latents: Tensor, _ square: Image) -> Rebuilt {
    let image = image(rebuilt)
    let squares = zip(image.pixels, square.pixels).reduce(0.0) { sum, pixels in
      let difference = (Double(pixels.0) - Double(pixels.1)) / 255
      return sum + difference * difference
    }
    return Rebuilt(
      image: image, latentError: Double(rebuilt.meanSquaredError(latents).item),
      pixelError: squares / Double(square.pixels.count))
  }
}
