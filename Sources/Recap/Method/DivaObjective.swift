import Engine

/// DIVA's training objective, the only place where images become a loss.
///
/// context = visual_proj(CLIP's tokens) + prompt; x_t = √ᾱ_t·latent + √(1 − ᾱ_t)·ε;
/// loss = mean (ε̂(x_t, t, context) − target)². Its gradient flows through the frozen UNet into the context, and from
/// there into the projection and the image tower. Source: paper, eq. 4; `models/SD_with_OpenAICLIP.py`.
///
/// ```swift
/// let inputs = DivaObjective.Inputs(clipPixels: x, latents: z, sampling, patches: 256, step: 0)
/// models.objective.answer(inputs).loss.backward()
/// ```
public struct DivaObjective {
  public let vision: CLIPVisionTower
  public let recap: DenseRecap
  public let feedback: DiffusionFeedback

  public init(vision: CLIPVisionTower, recap: DenseRecap, feedback: DiffusionFeedback) {
    (self.vision, self.recap, self.feedback) = (vision, recap, feedback)
  }

  /// How a micro-batch's random inputs are drawn.
  public struct Sampling: Equatable, Sendable {
    public var seed: UInt64
    public var density: RecapDensity
    /// Noise draws per image (the paper's N).
    public var draws: Int
    /// Timesteps are uniform in this range of the schedule.
    public var timesteps: Range<Int>
    /// A control: every image gets the condition of another image of the batch.
    public var shufflesCondition: Bool

    public init(
      seed: UInt64, density: RecapDensity, draws: Int, timesteps: Range<Int>, shufflesCondition: Bool = false
    ) {
      (self.seed, self.density, self.draws, self.timesteps) = (seed, density, draws, timesteps)
      self.shufflesCondition = shufflesCondition
    }

    /// Image i of a micro-batch gets the condition of image `order[i]`; nil where each has its own.
    func conditionOrder(images: Int, step: Int) -> [Int]? {
      shufflesCondition ? RandomSource(seed: seed, stream: .shuffledCondition).permutation(images, step: step) : nil
    }
  }

  /// All that the loss of a micro-batch depends on beside weights and prompt. Images and latents are NHWC.
  public struct Inputs {
    /// CLIP's input, (B, S, S, 3).
    public var clipPixels: Tensor
    /// Scaled, (B, h, w, c).
    public var latents: Tensor
    /// N draws of the whole batch.
    public var draw: NoiseDraw
    public var density: RecapDensity
    /// The patches of each image that are in the condition, numbered from 0; nil where the density pools.
    public var patches: [[Int]]?
    /// Image i gets the condition of image `conditionOrder[i]`; nil gives each its own.
    public var conditionOrder: [Int]?

    /// Draws noise, timesteps and patches; the same seed and step give the same inputs.
    ///
    /// - Parameters:
    ///   - patches: how many patches the tower cuts an image into.
    ///   - step: the micro-batch's number in its run.
    ///   - part: which of the micro-batch's images the latents are of, nil for all; the pixels of a part are those that
    ///     condition them.
    public init(
      clipPixels: Tensor, latents: Tensor, _ sampling: Sampling, patches count: Int, step: Int, part: BatchPart? = nil
    ) {
      self.clipPixels = clipPixels
      self.latents = latents
      let part = part ?? .whole(latents.shape[0])
      draw = .random(
        latents: latents.shape, draws: sampling.draws, timesteps: sampling.timesteps, seed: sampling.seed, step: step,
        part: part)
      density = sampling.density
      let order = sampling.conditionOrder(images: part.batch, step: step)
      let random = RandomSource(seed: sampling.seed, stream: .patches)
      if let order, !part.isWhole {
        let all = density.chosenPatches(images: part.batch, patches: count, random: random, step: step)
        patches = all.map { all in order[part.places].map { all[$0] } }
        conditionOrder = nil
      } else {
        patches = density.chosenPatches(
          images: part.places.count, patches: count, random: random, step: step, firstSample: part.places.lowerBound)
        conditionOrder = order
      }
    }
  }

  /// What CLIP contributes: (B, tokens, context width), recording gradients for the trainable parameters.
  public func context(_ inputs: Inputs) -> Tensor {
    let context = recap.context(
      pixels: inputs.clipPixels, vision: vision, density: inputs.density, patches: inputs.patches)
    return inputs.conditionOrder.map(context.gatherImages) ?? context
  }

  /// The noise prediction under a context, and its error.
  public func answer(_ inputs: Inputs, context: Tensor) -> DiffusionFeedback.Answer {
    feedback.answer(latents: inputs.latents, context: context, draw: inputs.draw)
  }

  /// Both together: from images to the loss.
  public func answer(_ inputs: Inputs) -> DiffusionFeedback.Answer { answer(inputs, context: context(inputs)) }
}

extension DivaObjective {
  /// Floating-point operations of a step by direct methods, images and latents at hand.
  public func operations(images: Int, draws: Int, contextTokens: Int) -> Double {
    let (denoiser, side) = (feedback.denoiser, feedback.denoiser.sampleSize)
    return vision.operations(images: images) + vision.gradientOperations(images: images)
      + denoiser.operations(images: images * draws, side: side, contextTokens: contextTokens)
      + denoiser.contextGradientOperations(images: images * draws, side: side, contextTokens: contextTokens)
  }
}
