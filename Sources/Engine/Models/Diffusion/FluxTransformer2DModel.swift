/// FLUX's denoiser: a transformer over the tokens of a text and the patches of a picture together.
///
/// A vector made of the timestep, a guidance scale and a pooled embedding adapts its norms. Parameter names, configuration
/// and files are those of diffusers' `FluxTransformer2DModel`. Tokens of the text stand at (0, 0, 0), the patch in row r and
/// column c at (0, r, c).
public struct FluxTransformer2DModel {
  public let config: FluxConfig
  public let parameters: [Parameter]
  /// Small computes each block a second time in the backward pass instead of keeping what it made.
  public var memory = ArithmeticPolicy.current.memory
  private let waves: TimeWaves
  private let timeEmbedding: ClassEmbedding
  private let guidanceEmbedding: ClassEmbedding?
  private let pooledEmbedding: ClassEmbedding
  private let textIn: Linear
  private let patchesIn: Linear
  private let doubleBlocks: [FluxDoubleBlock]
  private let singleBlocks: [FluxSingleBlock]
  private let modulationOut: Linear
  private let patchesOut: Linear

  /// From nothing, what scales and shifts the norms begins at 0, and so does the prediction (adaLN-Zero).
  public init(_ config: FluxConfig, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let (width, vector, waves) = (config.width, weights["time_text_embed"], TimeWaves(width: 256))
    self.waves = waves
    func embedding(_ inputs: Int, _ name: String) throws -> ClassEmbedding {
      try ClassEmbedding(inputs, to: width, from: vector[name])
    }
    timeEmbedding = try embedding(waves.width, "timestep_embedder")
    guidanceEmbedding = config.takesGuidance ? try embedding(waves.width, "guidance_embedder") : nil
    pooledEmbedding = try embedding(config.pooledWidth, "text_embedder")
    textIn = try Linear(config.textWidth, width, from: weights["context_embedder"])
    patchesIn = try Linear(config.channels, width, from: weights["x_embedder"])
    doubleBlocks = try (0..<config.doubleBlocks).map {
      try FluxDoubleBlock(config, from: weights["transformer_blocks"][$0])
    }
    singleBlocks = try (0..<config.singleBlocks).map {
      try FluxSingleBlock(config, from: weights["single_transformer_blocks"][$0])
    }
    modulationOut = try Linear(width, 2 * width, from: weights["norm_out.linear"], initializer: .zeros)
    patchesOut = try Linear(width, config.channels, from: weights["proj_out"], initializer: .zeros)
    parameters = Array(weights.parameters[before...])
  }

  /// A folder with `config.json` and `diffusion_pytorch_model.safetensors`; all parameters frozen.
  public init(_ folder: WeightsFolder) throws {
    let config = try FluxConfig(folder.configuration())
    self = try Weights.load(folder.weights(), name: folder.path) { try FluxTransformer2DModel(config, from: $0) }
  }

  /// "2 + 4 blocks, width 128, 4 heads"
  public var sizes: String {
    "\(config.doubleBlocks) + \(config.singleBlocks) blocks, width \(config.width), \(config.heads) heads"
  }

  /// Writes a folder that diffusers opens, F32.
  public func save(to folder: WeightsFolder) throws {
    try folder.write(config.json, parameters: parameters, weightsName: "diffusion_pytorch_model.safetensors")
  }

  /// The prediction for each patch, (B, rows·columns, channels).
  ///
  /// - Parameters:
  ///   - patches: (B, rows·columns, channels), row by row.
  ///   - timesteps: of each picture, in 0…1.
  ///   - guidance: for all pictures; not used by a model that takes none.
  ///   - pooled: (B, pooledWidth).
  ///   - text: (B, T, textWidth).
  public func callAsFunction(
    _ patches: Tensor, rows: Int, columns: Int, timesteps: [Float], guidance: Float, pooled: Tensor, text: Tensor
  ) -> Tensor {
    precondition(
      patches.shape.dims == [timesteps.count, rows * columns, config.channels]
        && pooled.shape.dims == [timesteps.count, config.pooledWidth]
        && text.shape[0] == timesteps.count && text.shape.last == config.textWidth,
      "patches \(patches.shape), text \(text.shape) and pooled \(pooled.shape) for \(timesteps.count) timesteps")
    let vector = vector(timesteps, guidance, pooled)
    let place = FluxPlaces(textTokens: text.shape[1], rows: rows, columns: columns, config)
    var x = textIn(text).concatenatedTokens(patchesIn(patches))
    for block in doubleBlocks { x = recomputed(x, vector) { block($0, $1, place) } }
    for block in singleBlocks { x = recomputed(x, vector) { block($0, $1, place) } }
    let (scale, shift) = modulationOut(vector).halves
    return patchesOut(place.patches(of: x).plainNorm(epsilon: 1e-6).modulated(scale: scale, shift: shift))
  }

  /// What adapts the norms, with the SiLU that every use applies first: (B, C).
  private func vector(_ timesteps: [Float], _ guidance: Float, _ pooled: Tensor) -> Tensor {
    let time = timeEmbedding(waves(timesteps.map { 1000 * $0 }))
    let guided = guidanceEmbedding.map { time + $0(waves(timesteps.map { _ in 1000 * guidance })) } ?? time
    return (guided + pooledEmbedding(pooled)).activated(.silu)
  }

  private func recomputed(_ x: Tensor, _ vector: Tensor, _ block: @escaping (Tensor, Tensor) -> Tensor) -> Tensor {
    switch memory {
    case .fast: block(x, vector)
    case .small: .recomputed([x, vector]) { block($0[0], $0[1]) }
    }
  }
}
