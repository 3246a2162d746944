import Kernels

/// A convolution of few pixels with frozen filters on our own kernels, which find the pixels of a result by their
/// addresses and so copy none. Source: Dukhan 2019, “The Indirect Convolution Algorithm”.
///
/// The gradient of the input, where the stride is 1, is the same with the filters turned by 180°.
struct IndirectConvolution {
  private let shape: ConvolutionShape
  private let isFlipped: Bool

  /// nil where the backend or the sizes do not have it.
  init?(_ geometry: ConvolutionGeometry) {
    self.init(geometry.kernelShape(images: geometry.input[0]), isFlipped: false)
  }

  /// From an arriving gradient (B, H′, W′, O) to that of the input (B, H, W, I); nil too for strides other than 1, whose
  /// results would have fewer pixels than taps.
  init?(gradientOf geometry: ConvolutionGeometry) {
    guard geometry.stride == 1 else { return nil }
    var shape = geometry.kernelShape(images: geometry.input[0])
    (shape.height, shape.outHeight) = (shape.outHeight, shape.height)
    (shape.width, shape.outWidth) = (shape.outWidth, shape.width)
    (shape.inChannels, shape.outChannels) = (shape.outChannels, shape.inChannels)
    (shape.padTop, shape.padLeft) = (shape.kernelHeight - 1 - shape.padTop, shape.kernelWidth - 1 - shape.padLeft)
    (shape.padBottom, shape.padRight) = (
      shape.kernelHeight - 1 - shape.padBottom, shape.kernelWidth - 1 - shape.padRight
    )
    self.init(shape, isFlipped: true)
  }

  private init?(_ shape: ConvolutionShape, isFlipped: Bool) {
    var shape = shape
    guard kernels_convolves_indirectly(&shape) else { return nil }
    (self.shape, self.isFlipped) = (shape, isFlipped)
  }

  private var inputs: Int { Int(shape.inChannels) }
  private var outputs: Int { Int(shape.outChannels) }
  private var taps: Int { Int(shape.kernelHeight * shape.kernelWidth) }
  private var results: Int { Int(shape.batch * shape.outHeight * shape.outWidth) }

  /// y (B, H′, W′, O) = x (B, H, W, I) ∗ weight [+ bias], or dx from dy.
  func run(
    _ x: UnsafePointer<Float>, weight: Tensor, bias: UnsafePointer<Float>? = nil, into y: UnsafeMutablePointer<Float>
  ) {
    let filters = filters(of: weight)
    var shape = shape
    let (rows, columns) = pieceSize
    let across = (outputs + columns - 1) / columns
    ThreadPool.run((results + rows - 1) / rows * across) { piece in
      let (row, column) = (piece / across * rows, piece % across * columns)
      kernels_indirect_convolution(
        &shape, Int64(row), Int64(min(rows, results - row)), x, filters.floats(0), bias, Int64(column),
        Int64(min(columns, outputs - column)), y)
    }
  }

  /// Rows and columns of a piece for the pool. Few rows share the filters, which take longer to read than they do.
  private var pieceSize: (rows: Int, columns: Int) {
    let isWorthwhile = !GemmPlan.leavesWhole() && 2 * results * outputs * inputs * taps >= 2_000_000
    guard isWorthwhile else { return (results, outputs) }
    return results >= 512 ? (192, outputs) : (results, 32)
  }

  /// The filters (O, I, kh, kw) as a matrix (kh·kw·I × O), or flipped (kh·kw·O × I).
  private func filters(of weight: Tensor) -> PackedFilters {
    let (inputs, outputs, taps, isFlipped) = (inputs, outputs, taps, isFlipped)
    return PackedFilters(
      of: weight, count: 1,
      as: KernelsMatrix(n: Int64(outputs), k: Int64(taps * inputs), transposed: false, bf16: false),
      layout: .indirect(isFlipped: isFlipped), isPacked: true
    ) { numbers, columns, to in
      let filter = Storage(count: taps)
      for (place, output) in columns.enumerated() {
        for input in 0..<inputs {
          let number = isFlipped ? input * outputs + output : output * inputs + input
          kernels_floats(numbers, Int64(number * taps), Int64(taps), filter.base)
          for tap in 0..<taps {
            to[(tap * inputs + input) * columns.count + place] = filter.base[isFlipped ? taps - 1 - tap : tap]
          }
        }
      }
    }
  }
}
