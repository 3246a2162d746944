import Engine

/// Which statement the frozen denoiser holds for true of an image: the one under whose condition it predicts the noise
/// better (Li et al. 2023, “Your Diffusion Model is Secretly a Zero-Shot Classifier”, arXiv 2303.16203).
///
/// Every statement gets the same noise, so that the errors differ by the statement alone. Taken piece by piece, an image
/// and a noise at a time.
///
/// ```swift
/// var work = DiffusionClassifier(feedback, latents: latents, contexts: contexts, noises: 32, seed: 1)
/// while work.verdict == nil { work.advance() }
/// ```
public struct DiffusionClassifier {
  private let feedback: DiffusionFeedback
  private let latents: Tensor
  private let contexts: Tensor
  public let noises: Int
  private let seed: UInt64
  /// Of each image, noise by noise, the errors under the statements.
  private var errors: [[[Double]]]

  /// - Parameters:
  ///   - latents: (n, h, w, c), scaled; statement i belongs to image i.
  ///   - contexts: (n, tokens, context width).
  public init(_ feedback: DiffusionFeedback, latents: Tensor, contexts: Tensor, noises: Int, seed: UInt64) {
    precondition(
      latents.shape[0] == contexts.shape[0], "\(contexts.shape) of statements for \(latents.shape) of images")
    (self.feedback, self.latents, self.contexts) = (feedback, latents, contexts)
    (self.noises, self.seed) = (noises, seed)
    errors = (0..<latents.shape[0]).map { _ in [] }
  }

  private var images: Int { latents.shape[0] }
  /// Pieces, done and all.
  public var done: Int { errors.reduce(0) { $0 + $1.count } }
  public var all: Int { images * noises }

  /// The next image under the next noise, by every statement.
  public mutating func advance() {
    guard done < all else { return }
    let (image, noise) = (done % images, done / images)
    // Evenly over the schedule: no stretch of it is left to chance.
    let timestep = (2 * noise + 1) * feedback.schedule.timesteps / (2 * noises)
    withoutGradient {
      let own = latents.gatherImages([image])
      let drawn = RandomSource(seed: seed, stream: .teacherNoise).normal(
        own.shape, step: noise, firstSample: image)
      let answer = feedback.answer(
        latents: own.repeated(images), context: contexts,
        draw: NoiseDraw(noise: drawn.repeated(images), timesteps: Array(repeating: timestep, count: images)))
      errors[image].append(answer.errors)
    }
  }

  /// nil before the last piece.
  public var verdict: TeacherVerdict? { done == all ? TeacherVerdict(errors: errors) : nil }
}

/// What the frozen denoiser makes of a pair: for each image, whether its own statement explains it better than the others.
public struct TeacherVerdict: Equatable, Sendable {
  /// For each image and noise: the smallest error under another statement less that under its own.
  public let gains: [[Double]]

  /// So many noises tell most pairs of the mini world apart.
  public static let usualNoises = 32

  public init(gains: [[Double]]) { self.gains = gains }

  /// - Parameter errors: of each image, noise by noise, under the statements; the image's own has its number.
  init(errors: [[[Double]]]) {
    gains = errors.enumerated().map { image, noises in
      noises.map { errors in
        let others = errors.indices.filter { $0 != image }.map { errors[$0] }
        return (others.min() ?? errors[image]) - errors[image]
      }
    }
  }

  public var noises: Int { gains.first?.count ?? 0 }

  /// Noises under which the image's own statement is the better one.
  public func wins(_ image: Int) -> Int { gains[image].count { $0 > 0 } }

  /// Whether the own statement is the better one in the mean.
  public func isRight(_ image: Int) -> Bool { gains[image].mean > 0 }

  /// Whether that is no chance: the mean lies more than two standard errors from 0.
  public func isSure(_ image: Int) -> Bool {
    gains[image].standardError.map { abs(gains[image].mean) > 2 * $0 } ?? false
  }

  /// Whether each image finds its own statement, as far as that is sure; nil where it is not.
  public var knows: Bool? {
    let images = gains.indices
    if images.contains(where: { isSure($0) && !isRight($0) }) { return false }
    return images.allSatisfy(isSure) ? true : nil
  }
}
