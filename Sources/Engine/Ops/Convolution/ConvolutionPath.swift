/// How a convolution is computed: chosen by its sizes, its weights and the arithmetic, never by the number of threads.
enum ConvolutionPath {
  /// oneDNN's direct kernels.
  case direct
  /// im2col: a matrix product with the filters as they are stored.
  case im2col(Im2colConvolution)
  /// The same for large images with few channels; the gradient, which would add rows of pixels up, is left to the direct
  /// kernels.
  case im2colForward(Im2colConvolution)
  /// Our own products with the pixels where they lie; the gradient is left to the direct kernels where it has none.
  case indirect(IndirectConvolution, gradient: IndirectConvolution?)
  case winograd(Winograd)

  /// Trained filters, and small ones that gain nothing, take the direct way.
  init(_ geometry: ConvolutionGeometry, isFrozen: Bool, arithmetic: ArithmeticPolicy) {
    let isLarge = geometry.weight.isLarge
    if !isFrozen {
      self = .direct
    } else if let winograd = Winograd(geometry, isLarge: isLarge, arithmetic) {
      self = .winograd(winograd)
    } else if geometry.suitsAddresses(isLarge: isLarge, arithmetic), let indirect = IndirectConvolution(geometry) {
      self = .indirect(indirect, gradient: IndirectConvolution(gradientOf: geometry))
    } else if isLarge, geometry.taps <= 64 {
      self = .im2col(Im2colConvolution(geometry: geometry, arithmetic: arithmetic))
    } else if GemmBackend.isOwn, geometry.taps <= 64, geometry.output.count >= 1 << 20 {
      self = .im2colForward(Im2colConvolution(geometry: geometry, arithmetic: arithmetic.exact))
    } else {
      self = .direct
    }
  }
}

extension ConvolutionGeometry {
  /// Whether an indirect convolution is the fastest. Without a stride oneDNN's kernels are, for large images with few
  /// channels; large filters are packed only for so many results that their copy does not matter.
  fileprivate func suitsAddresses(isLarge: Bool, _ arithmetic: ArithmeticPolicy) -> Bool {
    let (results, channels) = (output[1] * output[2], min(weight[0], weight[1]))
    if isLarge { return stride > 1 && results >= 4096 && arithmetic.memory == .fast && !arithmetic.keepsBF16 }
    return channels >= 16 && results <= 1024 || channels >= 32 && stride > 1
  }
}

extension Winograd {
  /// nil where the direct products are faster, or not worth the memory of larger filters.
  ///
  /// Few tiles make thin products, for which reading 4 (F(4×4)) or 1.8 times (F(2×2)) the weights takes longer than
  /// the multiplications that they save; few channels make the transforms take longer than the products. The tiles of
  /// 6×6 were measured with our own products only.
  fileprivate init?(_ geometry: ConvolutionGeometry, isLarge: Bool, _ arithmetic: ArithmeticPolicy) {
    guard geometry.isPlain3x3 else { return nil }
    let (images, height, width) = (geometry.input[0], geometry.input[1], geometry.input[2])
    let (outputs, inputs) = (geometry.weight[0], geometry.weight[1])
    func tiles(_ size: Int) -> Int { ((height + size - 1) / size) * ((width + size - 1) / size) }
    let tile: Int
    // By the size of one image, so that a model keeps one form of its filters whatever the batch.
    let (hasManyPixels, isShort) = (tiles(4) >= 256, arithmetic.memory == .small)
    if hasManyPixels, !isShort, min(inputs, outputs) >= 32, GemmBackend.isOwn {
      // Images that large leave little of the tiles over at their edges, and reading 7 times the weights is nothing.
      tile = 6
    } else if isLarge {
      // Where memory is as short as that, only the layers of many pixels, which have few weights, are worth it. Our own
      // products gain with as few as 16 rows.
      let fewest = GemmBackend.isOwn && !isShort ? 16 : 32
      guard tiles(2) >= fewest, hasManyPixels || !(isShort && arithmetic.keepsBF16) else { return nil }
      // The smaller tiles take a quarter of the memory: fewer than half the numbers, one form for both directions. With
      // bfloat16, which halves that again, they are as fast as the larger ones without.
      tile = hasManyPixels || tiles(4) >= 32 && !isShort && !arithmetic.keepsBF16 ? 4 : 2
    } else {
      guard min(inputs, outputs) >= 32, images * tiles(4) >= 16 else { return nil }
      tile = 4
    }
    self.init(
      tile: tile, images: images, height: height, width: width, inputs: inputs, outputs: outputs,
      // The larger tiles would magnify the rounding of bfloat16 to 3 %.
      isBF16: tile == 2 && arithmetic.keepsBF16)
  }
}
