import Engine

/// One step of the loop with everything in the open: what goes in, what comes out, and every gradient.
///
/// For comparing with other implementations, which can be given the same inputs; it changes no weights.
public struct DivaStep {
  public struct Outputs {
    /// (B, 1 + patches, context width)
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
  private let objective: DivaObjective

  /// - Parameter promptEmbedding: (1, tokens, context width); nil for the models' own.
  public init(models: DivaModels, promptEmbedding: Tensor? = nil) {
    self.models = models
    let own = models.objective
    let recap = promptEmbedding.map {
      DenseRecap(projection: own.recap.projection, promptEmbedding: $0, joining: own.recap.joining)
    }
    objective = DivaObjective(vision: own.vision, recap: recap ?? own.recap, feedback: own.feedback)
  }

  /// Forward and backward. Gradients that the parameters held before are lost.
  public func run(_ inputs: DivaObjective.Inputs) -> Outputs {
    let trained = models.tuned.parameters + models.projectionParameters
    trained.forEach {
      $0.isTrainable = true
      $0.clearGradient()
    }
    defer { trained.forEach { $0.isTrainable = false } }
    var clock = PartClock()
    let context = objective.context(inputs)
    clock.lap("clip")
    // A leaf between the two models, so that the gradient which passes from one to the other can be kept.
    let leaf = context.detached().trackingGradient()
    let answer = objective.answer(inputs, context: leaf)
    clock.lap("unet")
    answer.loss.backward()
    clock.lap("unet_backward")
    guard let contextGradient = leaf.gradient else { preconditionFailure("the context got no gradient") }
    context.backward(arriving: contextGradient)
    clock.lap("clip_backward")
    return Outputs(
      context: leaf.detached(), noisePrediction: answer.prediction.detached(), loss: answer.loss.item,
      contextGradient: contextGradient,
      towerGradients: models.tuned.parameters.compactMap { parameter in
        parameter.gradient.map { (parameter.name, $0.copied()) }
      },
      projectionGradients: models.projectionByKey.compactMap { key, parameter in
        parameter.gradient.map { (key, $0.copied()) }
      },
      gradNorm: trained.gradientNorm(), seconds: clock.parts)
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
