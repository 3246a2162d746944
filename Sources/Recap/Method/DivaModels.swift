import Engine

/// The models of a run: a CLIP twice, as it was and as it becomes, and the diffusion model that teaches it.
public final class DivaModels {
  public let baseline: CLIP
  /// The image tower that learns; begins as a copy of the baseline's.
  public let tuned: CLIPVisionTower
  /// What it began as.
  let start: CLIPVisionTower
  public let diffusion: StableDiffusion
  public let feedback: DiffusionFeedback
  /// Projects tokens into the UNet's context: the tuned tower's in training, both towers' where they are compared.
  public let recap: DenseRecap
  /// The projection as aligned, before the tower changed; checkpoints keep it.
  public private(set) var baselineRecap: DenseRecap
  /// un²CLIP's, once it is needed.
  public private(set) var generator: UnclipGenerator?
  /// Opens it; throws a `Problem` where there is none for this CLIP.
  var openGenerator: (() throws -> UnclipGenerator)?
  /// GenHancer's, once it is needed.
  public private(set) var genhancer: GenhancerDenoiser?
  /// Opens it; throws a `Problem` where there is none for this CLIP.
  var openGenhancer: (() throws -> GenhancerDenoiser)?

  /// - Parameters:
  ///   - tuned: another CLIP of the same sizes to start from (or to score) instead of a copy of the baseline.
  ///   - prompt: embedding of the empty prompt, (1, tokens, context width).
  ///   - projection: what the visual projection begins as.
  ///   - joining: how the prompt is added.
  public init(
    baseline: CLIP, tuned: CLIPVisionTower? = nil, diffusion: StableDiffusion, prompt: Tensor, projection: Linear,
    joining: PromptJoining = .mean
  ) throws {
    self.baseline = baseline
    start = tuned ?? baseline.vision
    self.tuned = try start.copied()
    self.diffusion = diffusion
    feedback = DiffusionFeedback(denoiser: diffusion.denoiser, schedule: diffusion.schedule)
    recap = DenseRecap(projection: projection, promptEmbedding: prompt, joining: joining)
    baselineRecap = DenseRecap(projection: try projection.copied(), promptEmbedding: prompt, joining: joining)
  }

  /// The loss that the tuned tower and the projection are trained on.
  public var objective: DivaObjective { DivaObjective(vision: tuned, recap: recap, feedback: feedback) }

  public var projectionParameters: [Parameter] { recap.projection.parameters }

  /// Opens what a feedback needs beside these models; throws a `Problem` where it is not to be had.
  func prepare(for feedback: FeedbackMethod) throws {
    switch feedback {
    case .unclip where generator == nil:
      guard let openGenerator else { throw UnclipGenerator.missing("no generator was given") }
      generator = try openGenerator()
    case .genhancer where genhancer == nil:
      guard let openGenhancer else { throw GenhancerDenoiser.missing("no denoiser was given") }
      genhancer = try openGenhancer()
    default: break
    }
  }

  func keepAlignedProjection() {
    for (kept, current) in zip(baselineRecap.projection.parameters, projectionParameters) {
      kept.assign(current.value.detached())
    }
  }

  /// Interpolates the tuned tower's weights with the baseline's: w + share·(w₀ − w) (WiSE-FT, α = 1 − share).
  func moveBack(share: Float) {
    guard share > 0 else { return }
    for (learned, before) in zip(tuned.parameters, baseline.vision.parameters) {
      learned.move(toward: before.value.detached(), share: share)
    }
  }
}

extension Linear {
  var parameters: [Parameter] { [weight] + (bias.map { [$0] } ?? []) }

  func copied() throws -> Linear {
    let copies = parameters.map { parameter in
      let short = parameter === weight ? "weight" : "bias"
      return Parameter(name: short, value: parameter.value.detached())
    }
    return try Linear(weight.shape[1], weight.shape[0], hasBias: bias != nil, from: .copying(copies))
  }
}

extension CLIPVisionTower {
  /// A second tower with the same weights.
  public func copied() throws -> CLIPVisionTower {
    try CLIPVisionTower(config, projectionWidth: projectionWidth, from: .copying(parameters))
  }
}
