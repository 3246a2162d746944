/// Memory and floating-point operations of a diffusion transformer, by its sizes.
extension DiTTransformer2DModel {
  public func contextGradientMemory(
    images: Int, contextTokens: Int, arithmetic: ArithmeticPolicy
  ) -> ModelMemory {
    let multiplied = parameters.filter { $0.shape.rank > 1 && !$0.name.contains("class_embedder") }
    let weights = multiplied.reduce(0) { $0 + $1.shape.count * $1.bytesAsMultiplied(arithmetic) }
    let (grid, fast) = (config.sampleSize / config.patchSize, arithmetic.memory == .fast)
    let stream = 4 * images * grid * grid * config.width
    let blocks = fast ? config.layers * Self.keptByBlock : config.layers + Self.keptByBlock
    return ModelMemory(weights: fast ? weights : 0, activations: blocks * stream)
  }

  /// Token streams that a block keeps: of each branch what enters and leaves its norm and what enters its gate; queries,
  /// keys, values and their mixture; the wide layer, four streams wide.
  private static let keptByBlock = 14

  public func operations(images: Int, side: Int, contextTokens: Int) -> Double {
    let (one, width) = (perImage(side: side), Double(config.width))
    let vectors = 2 * Double(config.layers + 1) * width * (Double(DiTCondition.waveWidth) + width)
    return Double(images) * (one.patches + one.products + one.modulations + one.attention + vectors)
  }

  public func contextGradientOperations(images: Int, side: Int, contextTokens: Int) -> Double {
    let one = perImage(side: side)
    return Double(images) * (one.products + one.modulations + 2 * one.attention)
  }

  /// Multiplications by weights, of tokens and of each image's vector, and attention's own; patches depend on nothing.
  private func perImage(
    side: Int
  ) -> (patches: Double, products: Double, modulations: Double, attention: Double) {
    let (width, layers, grid) = (Double(config.width), Double(config.layers), Double(side / config.patchSize))
    let (tokens, area) = (grid * grid, Double(config.patchSize * config.patchSize))
    return (
      patches: 2 * tokens * width * area * Double(config.channels),
      products: 2 * tokens * (layers * 12 * width * width + width * area * Double(config.outChannels)),
      modulations: 2 * (layers * 6 + 2) * width * width,
      attention: layers * 4 * tokens * tokens * width
    )
  }
}

extension Parameter {
  /// Of a number of large frozen weights: our own products read them in their file's precision.
  fileprivate func bytesAsMultiplied(_ arithmetic: ArithmeticPolicy) -> Int {
    arithmetic.keepsBF16 || GemmBackend.isOwn && storedType?.bits == 16 ? 2 : 4
  }
}
