import Engine
import Foundation

/// GenHancer's denoiser: one that was trained from scratch to draw a picture from CLIP's embedding of it, by rectified flow.
///
/// The projected class token, not normalised, is all that it is given, twice: as the vector that is added to the
/// timestep's, and as the only token of the text. It works on patches of 2 × 2 latents of the diffusion model's
/// autoencoder. Source: Ma et al. 2025 (arXiv 2503.19480), the continuous denoiser; FLUX.1's blocks.
public struct GenhancerDenoiser {
  let transformer: FluxTransformer2DModel
  let vectorProjector: EmbeddingProjector
  let tokenProjector: EmbeddingProjector

  /// Of FLUX.1-dev, whose guidance scale is an input; the authors leave it at this.
  static let guidance: Float = 4
  /// Latents on a side of a patch.
  static let patchSize = 2

  /// - Parameter width: numbers of an embedding.
  init(_ config: FluxConfig, width: Int, transformer: Weights, projectors: Weights) throws {
    self.transformer = try FluxTransformer2DModel(config, from: transformer)
    vectorProjector = try EmbeddingProjector(width, config.pooledWidth, from: projectors["project_clip"])
    tokenProjector = try EmbeddingProjector(width, config.textWidth, from: projectors["project_t5"])
  }

  /// A folder that diffusers opens as a `FluxTransformer2DModel`, with the two projectors in `projectors`.
  public init(_ folder: WeightsFolder) throws {
    let (config, own) = (try FluxConfig(folder.configuration()), folder.part(Self.projectorsName))
    let width = try own.configuration().integer(Self.widthName)
    transformer = try FluxTransformer2DModel(folder)
    (vectorProjector, tokenProjector) = try Weights.load(own.weights(), name: own.path) {
      (
        try EmbeddingProjector(width, config.pooledWidth, from: $0["project_clip"]),
        try EmbeddingProjector(width, config.textWidth, from: $0["project_t5"])
      )
    }
  }

  static let projectorsName = "projectors"
  static let widthName = "embedding_width"

  public var sizes: String { transformer.sizes }

  /// Numbers of an embedding.
  public var width: Int { vectorProjector.inputs }

  public var parameters: [Parameter] { transformer.parameters + projectorParameters }
  private var projectorParameters: [Parameter] { vectorProjector.parameters + tokenProjector.parameters }

  func save(to folder: WeightsFolder) throws {
    try folder.part(Self.projectorsName).write([Self.widthName: .integer(width)], parameters: projectorParameters)
    try transformer.save(to: folder)
  }

  /// The predicted velocity of each latent and its error.
  ///
  /// x_t = (1 − t)·x + t·ε; loss = mean (v̂(x_t, t, embedding) − (ε − x))².
  ///
  /// - Parameters:
  ///   - latents: (B, h, w, c), scaled.
  ///   - embeddings: (B, E); shared by the draws of an image.
  func answer(latents: Tensor, embeddings: Tensor, draw: FlowDraw) -> DiffusionFeedback.Answer {
    let draws = draw.times.count / latents.shape[0]
    let (clean, given) =
      draws == 1 ? (latents, embeddings) : (latents.repeated(draws), embeddings.repeated(draws))
    let channels = clean.shape.last
    let times = Tensor(
      draw.times.flatMap { Array(repeating: $0, count: channels) }, shape: [draw.times.count, channels])
    let difference = draw.noise - clean
    let noised = (clean + difference.scaledPerImage(times)).patches(Self.patchSize)
    let token = tokenProjector(given)
    let prediction = transformer(
      noised, rows: latents.shape[1] / Self.patchSize, columns: latents.shape[2] / Self.patchSize,
      timesteps: draw.times, guidance: Self.guidance, pooled: vectorProjector(given),
      text: token.reshaped([token.shape[0], 1, token.shape[1]]))
    let target = difference.patches(Self.patchSize)
    return .init(prediction: prediction, target: target, loss: prediction.meanSquaredError(target))
  }
}

/// From CLIP's embedding to what the denoiser takes: LayerNorm, linear layer, GELU, linear layer.
///
/// Shape: (B, E) → (B, O). Keys: `0, 1, 3`, as a `torch.nn.Sequential` has them.
struct EmbeddingProjector {
  private let norm: LayerNorm
  private let linear1: Linear
  private let linear2: Linear

  init(_ inputs: Int, _ outputs: Int, from weights: Weights) throws {
    norm = try LayerNorm(inputs, from: weights["0"])
    linear1 = try Linear(inputs, outputs, from: weights["1"])
    linear2 = try Linear(outputs, outputs, from: weights["3"])
  }

  var inputs: Int { norm.weight.shape.count }
  var parameters: [Parameter] { [norm.weight, norm.bias] + linear1.parameters + linear2.parameters }

  func callAsFunction(_ x: Tensor) -> Tensor { linear2(linear1(norm(x)).activated(.gelu)) }
}

/// The random inputs of rectified flow: noise, and how much of it, for each latent.
struct FlowDraw {
  /// Standard normal, (N·B, h, w, c): N draws, the whole batch each.
  let noise: Tensor
  /// In 0…1; 1 is noise alone.
  let times: [Float]

  /// Times are logit-normal, t = 1 / (1 + e^−n) with a standard normal n (Esser et al. 2024, arXiv 2403.03206).
  ///
  /// - Parameter normal: (N·B, 1)
  init(noise: Tensor, normal: Tensor) {
    (self.noise, times) = (noise, normal.values.map { 1 / (1 + exp(-$0)) })
  }

  init(noise: Tensor, times: [Float]) { (self.noise, self.times) = (noise, times) }

  /// Samples are numbered as in `NoiseDraw.random`, whose noise this has.
  static func random(latents shape: Shape, draws: Int, seed: UInt64, step: Int, part: BatchPart) -> FlowDraw {
    let noise = NoiseDraw.random(
      latents: shape, draws: draws, timesteps: 0..<1, seed: seed, step: step, part: part
    ).noise
    let times = RandomSource(seed: seed, stream: .flowTimes)
    return FlowDraw(
      noise: noise,
      normal: .stacked(
        (0..<draws).map {
          times.normal([shape[0], 1], step: step, firstSample: $0 * part.batch + part.places.lowerBound)
        }))
  }

  /// Thousandths, as other feedbacks count timesteps.
  var timesteps: [Int] { times.map { min(999, Int(1000 * $0)) } }
}

/// GenHancer's feedback: the frozen denoiser's error at drawing an image from the embedding that the trained tower gives it.
///
/// The gradient flows through both projectors, frozen too, into the tower alone.
struct GenhancerFeedback {
  let vision: CLIPVisionTower
  let denoiser: GenhancerDenoiser

  /// - Parameter conditionOrder: image i is drawn from the embedding of image `conditionOrder[i]`; nil for its own.
  func answer(
    pixels: Tensor, latents: Tensor, draw: FlowDraw, conditionOrder: [Int]? = nil
  ) -> DiffusionFeedback.Answer {
    let own = vision.classEmbeddings(of: pixels)
    return denoiser.answer(latents: latents, embeddings: conditionOrder.map(own.gatherImages) ?? own, draw: draw)
  }
}
