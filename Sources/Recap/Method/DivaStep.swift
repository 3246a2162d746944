import Engine

/// One step of the loop with everything in the open: what goes in, what comes out, and every gradient.
///
/// For comparing with other implementations, which can be given the same inputs; it changes no weights.
public struct DivaStep {
  /// All that a step is computed from beside the weights. Images and latents are NHWC.
  public struct Inputs {
    /// CLIP's input, (B, S, S, 3).
    public var clipPixels: Tensor
    /// Scaled, (B, h, w, c).
    public var latents: Tensor
    public var draw: NoiseDraw
    /// Patches told of each image, numbered from 0; nil where the density pools.
    public var patches: [[Int]]?
    /// (1, tokens, context width)
    public var promptEmbedding: Tensor

    public init(
      clipPixels: Tensor, latents: Tensor, draw: NoiseDraw, patches: [[Int]]?, promptEmbedding: Tensor
    ) {
      self.clipPixels = clipPixels
      self.latents = latents
      self.draw = draw
      self.patches = patches
      self.promptEmbedding = promptEmbedding
    }
  }

  public struct Outputs {
    /// (B, 1 + told, context width)
    public let context: Tensor
    /// (N·B, h, w, c)
    public let noisePrediction: Tensor
    public let loss: Float
    public let contextGradient: Tensor
    /// Of the image tower, by the parameters' own names.
    public let towerGradients: [(name: String, tensor: Tensor)]
    /// `visual_proj.weight` and `visual_proj.bias`.
    public let projectionGradients: [(key: String, tensor: Tensor)]
    /// Global L2 norm of the parameters' gradients.
    public let gradNorm: Float
    /// Wall-clock time of each part, in order.
    public let seconds: [(part: String, seconds: Double)]
  }

  public let models: DivaModels
  public let density: RecapDensity

  public init(models: DivaModels, density: RecapDensity) {
    self.models = models
    self.density = density
  }

  /// Draws what a step needs from the seed: noise and timesteps for `draws` draws an image, and the told patches.
  public static func randomInputs(
    clipPixels: Tensor, latents: Tensor, promptEmbedding: Tensor, density: RecapDensity, patches: Int, draws: Int,
    timesteps: Range<Int>, seed: UInt64
  ) -> Inputs {
    let draw = NoiseDraw.random(
      latents: latents.shape, draws: draws, timesteps: timesteps, random: RandomSource(seed: seed, stream: 20), step: 0)
    let told = density.chosenPatches(
      images: clipPixels.shape[0], patches: patches, random: RandomSource(seed: seed, stream: 11), step: 0)
    return Inputs(
      clipPixels: clipPixels, latents: latents, draw: draw, patches: told, promptEmbedding: promptEmbedding)
  }

  /// Forward and backward. Gradients that the parameters held before are lost.
  public func run(_ inputs: Inputs) -> Outputs {
    let trained = models.tuned.parameters + models.projectionParameters
    trained.forEach {
      $0.isTrainable = true
      $0.clearGradient()
    }
    defer { trained.forEach { $0.isTrainable = false } }
    var clock = PartClock()
    let context = context(inputs)
    clock.lap("clip")
    // A leaf between the two models, so that the gradient which passes from one to the other can be kept.
    let heard = context.detached().trackingGradient()
    let answer = models.feedback.answer(latents: inputs.latents, context: heard, draw: inputs.draw)
    clock.lap("unet")
    answer.loss.backward()
    clock.lap("unet_backward")
    guard let arriving = heard.gradient else { preconditionFailure("no gradient came back to the context") }
    context.backward(arriving: arriving)
    clock.lap("clip_backward")
    return Outputs(
      context: heard.detached(), noisePrediction: answer.prediction.detached(), loss: answer.loss.item,
      contextGradient: arriving,
      towerGradients: models.tuned.parameters.compactMap { parameter in
        parameter.gradient.map { (parameter.name, $0.copied()) }
      },
      projectionGradients: models.projectionByKey.compactMap { key, parameter in
        parameter.gradient.map { (key, $0.copied()) }
      },
      gradNorm: trained.gradientNorm(), seconds: clock.parts)
  }

  private func context(_ inputs: Inputs) -> Tensor {
    let recap = DenseRecap(
      projection: models.recap.projection, promptEmbedding: inputs.promptEmbedding, joining: models.recap.joining)
    return recap.context(
      pixels: inputs.clipPixels, vision: models.tuned, density: density, patches: inputs.patches)
  }
}

extension DivaModels {
  /// `visual_proj.weight` and `visual_proj.bias`.
  public var projectionByKey: [(key: String, parameter: Parameter)] {
    projectionParameters.map { (VisualProjection.key($0), $0) }
  }

  /// What the autoencoder makes of scaled latents, (B, H, W, 3), about −1…1.
  public func decoded(_ latents: Tensor) -> Tensor {
    let scale = Float(diffusion.autoencoder.config.scalingFactor)
    return withoutGradient { diffusion.autoencoder.decode(latents.scaled(by: 1 / scale)) }
  }
}

/// Wall-clock seconds between laps.
private struct PartClock {
  private(set) var parts: [(part: String, seconds: Double)] = []
  private var last = ContinuousClock.now

  mutating func lap(_ part: String) {
    let now = ContinuousClock.now
    parts.append((part, (now - last) / .seconds(1)))
    last = now
  }
}
