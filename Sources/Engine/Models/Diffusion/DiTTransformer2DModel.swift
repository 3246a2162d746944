import Glibc

/// DiT's denoiser: a transformer over patches of the latents, whose norms the timestep and the condition adapt.
///
/// Parameter names, configuration and files are those of diffusers' `DiTTransformer2DModel`. It was trained with a class
/// of ImageNet as its condition. Here the mean of the context's tokens stands in the place of the class's embedding: our
/// reading of DIVA's Table 8, which names DiT-XL/2 and does not say how the condition goes in.
public struct DiTTransformer2DModel: Denoiser {
  public let config: DiTConfig
  public let parameters: [Parameter]
  /// Small computes each block a second time in the backward pass instead of keeping what it made.
  public var memory = ArithmeticPolicy.current.memory
  private let filters: Parameter
  private let filterBias: Parameter
  private let waves: TimeWaves
  private let blocks: [DiTBlock]
  private let modulationOut: Linear
  private let projectionOut: Linear

  public init(_ config: DiTConfig, from weights: Weights) throws {
    self.config = config
    let before = weights.parameters.count
    let (width, p) = (config.width, config.patchSize)
    let standard = Initializer.uniform(bound: 1 / Float(config.channels * p * p).squareRoot())
    filters = try weights["pos_embed.proj"].parameter("weight", [width, config.channels, p, p], standard)
    filterBias = try weights["pos_embed.proj"].parameter("bias", [width], standard)
    waves = TimeWaves(width: DiTCondition.waveWidth, cosinesFirst: true, frequencyShift: 1)
    blocks = try (0..<config.layers).map { try DiTBlock(config, from: weights["transformer_blocks"][$0]) }
    modulationOut = try Linear(width, 2 * width, from: weights["proj_out_1"])
    projectionOut = try Linear(width, p * p * config.outChannels, from: weights["proj_out_2"])
    parameters = Array(weights.parameters[before...])
  }

  /// A folder such as `transformer/`: `config.json` and `diffusion_pytorch_model.safetensors`; all parameters frozen.
  public init(_ folder: WeightsFolder) throws {
    let config = try DiTConfig(folder.configuration())
    self = try Weights.load(folder.weights(), name: folder.path) { try DiTTransformer2DModel(config, from: $0) }
  }

  public var sampleSize: Int { config.sampleSize }
  public var channels: Int { config.channels }
  public var granularity: Int { config.patchSize }
  public var contextWidth: Int { config.width }
  public var sizes: String { "\(config.layers) blocks, width \(config.width), \(config.heads) heads" }
  public var json: JSON { config.json }

  /// Writes a folder that diffusers opens, F32.
  public func save(to folder: WeightsFolder) throws {
    try folder.write(config.json, parameters: parameters, weightsName: "diffusion_pytorch_model.safetensors")
  }

  public func callAsFunction(_ latents: Tensor, timesteps: [Int], context: Tensor, classes: Tensor?) -> Tensor {
    precondition(classes == nil, "a DiT's condition stands in the place of its class vectors")
    requireFit(latents, timesteps: timesteps, context: context)
    let condition = DiTCondition(vectors: context.meanOverTokens(), waves: waves(timesteps))
    let grid = (rows: latents.shape[1] / config.patchSize, columns: latents.shape[2] / config.patchSize)
    var x = latents.patches(config.patchSize).linear(
      weight: filters.value.reshaped([config.width, filters.shape.stride]), bias: filterBias.value)
    x = x + positions(rows: grid.rows, columns: grid.columns)
    for block in blocks { x = block(x, condition, memory: memory) }
    let (shift, scale) = modulationOut(blocks[0].embedding(condition)).halves
    let noise = projectionOut(x.plainNorm(epsilon: 1e-6).modulated(scale: scale, shift: shift))
    let image = pixels(of: noise, rows: grid.rows, columns: grid.columns)
    return config.learnsVariance ? image.splitLast(into: 2)[0] : image
  }

  /// Patches back in their places: (B, rows·columns, p·p·C) → (B, rows·p, columns·p, C).
  private func pixels(of patches: Tensor, rows: Int, columns: Int) -> Tensor {
    let (images, p, channels) = (patches.shape[0], config.patchSize, config.outChannels)
    // A piece is a row of pixels of one patch.
    let order = (0..<rows).flatMap { row in
      (0..<p).flatMap { line in (0..<columns).map { (row * columns + $0) * p + line } }
    }
    let pieces = patches.reshaped([images, rows * columns * p, p * channels])
    return pieces.gatherTokens(Array(repeating: order, count: images))
      .reshaped([images, rows * p, columns * p, channels])
  }

  /// Sines and cosines of a patch's column in the first half of its vector, of its row in the second: (T, C).
  ///
  /// Another grid than that of the training is stretched to it. Source: diffusers `get_2d_sincos_pos_embed`.
  private func positions(rows: Int, columns: Int) -> Tensor {
    let (count, base) = (config.width / 4, config.sampleSize / config.patchSize)
    let frequencies = (0..<count).map { 1 / pow(10_000, Double($0) / Double(count)) }
    func waves(_ place: Int, of places: Int) -> [Float] {
      let place = Double(Float(place) / Float(Double(places) / Double(base)))
      return frequencies.map { Float(sin(place * $0)) } + frequencies.map { Float(cos(place * $0)) }
    }
    let across = (0..<columns).map { waves($0, of: columns) }
    let down = (0..<rows).map { waves($0, of: rows) }
    return Tensor(down.flatMap { row in across.flatMap { $0 + row } }, shape: [rows * columns, config.width])
  }
}

/// What adapts the norms: a vector for each image, and its timestep as sines and cosines.
struct DiTCondition {
  static let waveWidth = 256
  /// (B, C)
  let vectors: Tensor
  /// (B, 256)
  let waves: Tensor
}

/// Self-attention and a feed-forward network, each in a branch with a norm before and a gate behind, which timestep and
/// condition set.
///
/// Shape: (B, T, C) → (B, T, C).
/// Keys: `norm1.emb.timestep_embedder.linear_{1,2}, norm1.emb.class_embedder.embedding_table, norm1.linear, attn1,
/// ff.net.0.proj, ff.net.2`. Source: diffusers `BasicTransformerBlock` with `ada_norm_zero`.
struct DiTBlock {
  private let time1: Linear
  private let time2: Linear
  /// Of ImageNet's classes. Not used: the condition stands in its place.
  let classes: Embedding
  private let modulation: Linear
  private let attention: MultiHeadAttention
  private let widening: Linear
  private let narrowing: Linear
  private let epsilon: Float

  init(_ config: DiTConfig, from weights: Weights) throws {
    let (width, norm) = (config.width, weights["norm1"])
    time1 = try Linear(DiTCondition.waveWidth, width, from: norm["emb.timestep_embedder.linear_1"])
    time2 = try Linear(width, width, from: norm["emb.timestep_embedder.linear_2"])
    classes = try Embedding(config.classes + 1, width, from: norm["emb.class_embedder.embedding_table"])
    modulation = try Linear(width, 6 * width, from: norm["linear"])
    // A bias everywhere, as in the autoencoder.
    attention = try MultiHeadAttention(width, heads: config.heads, names: .autoencoder, from: weights["attn1"])
    widening = try Linear(width, 4 * width, from: weights["ff.net.0.proj"])
    narrowing = try Linear(4 * width, width, from: weights["ff.net.2"])
    epsilon = Float(config.epsilon)
  }

  /// Of timestep and condition, with the SiLU that every use applies first: (B, C).
  func embedding(_ condition: DiTCondition) -> Tensor {
    (time2(time1(condition.waves).activated(.silu)) + condition.vectors).activated(.silu)
  }

  func callAsFunction(_ x: Tensor, _ condition: DiTCondition, memory: MemoryUse) -> Tensor {
    switch memory {
    case .fast: run(x, condition)
    case .small:
      .recomputed([x, condition.vectors]) { run($0[0], DiTCondition(vectors: $0[1], waves: condition.waves)) }
    }
  }

  private func run(_ x: Tensor, _ condition: DiTCondition) -> Tensor {
    let parts = modulation(embedding(condition)).splitLast(into: 6)
    let attended = attention(x.plainNorm(epsilon: 1e-6).modulated(scale: parts[1], shift: parts[0]))
    let y = x + attended.scaledPerImage(parts[2])
    let wide = widening(y.plainNorm(epsilon: epsilon).modulated(scale: parts[4], shift: parts[3]))
    return y + narrowing(wide.activated(.geluTanh)).scaledPerImage(parts[5])
  }
}
