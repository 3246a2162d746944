import Engine

/// A reconstruction taken piece by piece: each is one pass through one network, so that progress can be
/// shown and the work cancelled.
///
/// ```swift
/// var work = GradualReconstruction(reconstructor, of: image, timestep: 600, density: .classOnly, seed: 1)
/// while work.result == nil { work.advance() }
/// ```
public struct GradualReconstruction {
  public enum Model: Int, Sendable { case baseline, tuned }

  public enum Piece: Equatable, Sendable {
    /// The image becomes latents.
    case encoding
    /// The noised latents become an image.
    case decodingNoised
    /// CLIP encodes the image into a context.
    case looking(Model)
    /// Step number `step`, from 0, of `of` ones of the sampler.
    case denoising(Model, step: Int, of: Int)
    /// The denoised latents become an image.
    case decoding(Model)
  }

  public let timestep: Int
  public let density: RecapDensity
  /// In the order in which they are done.
  public let pieces: [Piece]
  public private(set) var done = 0
  /// Known after the first piece, the second one, and each model's last.
  public private(set) var original: Image?
  public private(set) var noisedImage: Image?
  public private(set) var baseline: Reconstructor.Rebuilt?
  private var tuned: Reconstructor.Rebuilt?

  private let reconstructor: Reconstructor
  private let picture: Image
  private let seed: UInt64
  private let sample: Int
  private let timesteps: [Int]
  private let sampler: DDIMSampler
  /// Scaled, clean and noised; what the sampler has made of them so far; the context that it works with.
  private var latents: Tensor?
  private var noised: Tensor?
  private var current: Tensor?
  private var context: Tensor?

  /// Parameters as in `Reconstructor.rebuild`, which gives the same numbers.
  public init(
    _ reconstructor: Reconstructor, of picture: Image, timestep: Int, density: RecapDensity, seed: UInt64,
    sample: Int = 0
  ) {
    (self.reconstructor, self.picture) = (reconstructor, picture)
    (self.timestep, self.density, self.seed, self.sample) = (timestep, density, seed, sample)
    sampler = DDIMSampler(reconstructor.models.feedback.schedule)
    let timesteps = sampler.timesteps(reconstructor.steps, from: timestep)
    self.timesteps = timesteps
    pieces =
      [.encoding, .decodingNoised]
      + [Model.baseline, .tuned].flatMap { model -> [Piece] in
        [.looking(model)] + timesteps.indices.map { .denoising(model, step: $0, of: timesteps.count) } + [
          .decoding(model)
        ]
      }
  }

  /// The piece that comes next; nil when all are done.
  public var next: Piece? { done < pieces.count ? pieces[done] : nil }

  /// nil before the last piece.
  public var result: Reconstructor.Result? {
    guard let original, let noisedImage, let baseline, let tuned else { return nil }
    return Reconstructor.Result(original: original, noised: noisedImage, baseline: baseline, tuned: tuned)
  }

  /// Does the next piece; nothing when all are done.
  public mutating func advance() {
    guard let piece = next else { return }
    withoutGradient {
      switch piece {
      case .encoding: encode()
      case .decodingNoised: noisedImage = noised.map(reconstructor.image)
      case .looking(let model): look(model)
      case .denoising(_, let step, _): denoise(step)
      case .decoding(.baseline): baseline = rebuilt()
      case .decoding(.tuned): tuned = rebuilt()
      }
    }
    done += 1
  }

  private mutating func encode() {
    let models = reconstructor.models
    let square = models.diffusion.square(picture)
    let latents = models.diffusion.autoencoder.scaledLatents(of: .signedPixels([square]))
    let noise = RandomSource(seed: seed, stream: .reconstructionNoise).normal(
      latents.shape, step: timestep, firstSample: sample)
    (original, self.latents) = (square, latents)
    noised = models.feedback.schedule.addNoise(noise, to: latents, timesteps: [timestep])
  }

  private mutating func look(_ model: Model) {
    context = reconstructor.context(of: picture, by: model, density: density, seed: seed)
    current = noised
  }

  private mutating func denoise(_ step: Int) {
    guard let current, let context else { preconditionFailure("a sampler step without a context") }
    let t = timesteps[step]
    let prediction = reconstructor.models.feedback.denoiser(current, timesteps: [t], context: context)
    self.current = sampler.step(
      current, prediction: prediction, from: t, to: step + 1 < timesteps.count ? timesteps[step + 1] : nil)
  }

  private func rebuilt() -> Reconstructor.Rebuilt? {
    guard let current, let latents, let original else { return nil }
    return reconstructor.rebuilt(current, beside: latents, original)
  }
}
