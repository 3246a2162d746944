import Kernels

/// One convolution's sizes, and how its batch is cut into pieces for the pool.
struct ConvolutionGeometry {
  let input: Shape
  let output: Shape
  let weight: Shape
  let stride: Int
  let padding: Padding
  let imagesPerPiece: Int

  init(input: Shape, weight: Shape, stride: Int, padding: Padding) {
    let height = (input[1] + padding.top + padding.bottom - weight[2]) / stride + 1
    let width = (input[2] + padding.left + padding.right - weight[3]) / stride + 1
    precondition(
      input[1] + padding.top + padding.bottom >= weight[2] && input[2] + padding.left + padding.right >= weight[3],
      "filters \(weight) are larger than the padded image \(input)")
    self.input = input
    self.weight = weight
    self.stride = stride
    self.padding = padding
    output = [input[0], height, width, weight[0]]
    imagesPerPiece = max(1, (input[0] + 7) / 8)
  }

  /// Calls body(kernel shape, offset of the input, offset of the output) for each piece on the pool: several images,
  /// or with few images the rows `Band` names of one.
  private func runPieces(_ band: (ConvolutionGeometry, Range<Int>) -> Band, of rows: Int, _ body: Body) {
    let bands = bandsPerImage(of: rows)
    let size = (rows + bands - 1) / bands
    guard bands > 1 else { return runImages { _, shape, x, y in body(shape, x, y) } }
    let count = (rows + size - 1) / size
    ThreadPool.run(input[0] * count) { piece in
      let (image, number) = piece.quotientAndRemainder(dividingBy: count)
      let band = band(self, number * size..<min(rows, (number + 1) * size))
      var shape = band.shape
      let x = image * input.stride + band.inputRow * input[2] * input[3]
      let y = image * output.stride + band.outputRow * output[2] * output[3]
      withUnsafePointer(to: &shape) { body($0, x, y) }
    }
  }

  private typealias Body = (_ shape: UnsafePointer<ConvolutionShape>, _ input: Int, _ output: Int) -> Void

  /// Calls body(number of the piece, its kernel shape, offset of its input, of its output) for pieces of whole images.
  private func runImages(_ body: (Int, UnsafePointer<ConvolutionShape>, Int, Int) -> Void) {
    ThreadPool.runPieces(of: input[0], size: imagesPerPiece) { piece in
      var shape = kernelShape(images: piece.count)
      let image = piece.lowerBound
      withUnsafePointer(to: &shape) {
        body(image / imagesPerPiece, $0, image * input.stride, image * output.stride)
      }
    }
  }

  /// How many bands each image is cut into: enough for a few threads, none too small to be worth it.
  func bandsPerImage(of rows: Int) -> Int {
    let isOrdinary = stride <= weight[2] && padding.top < weight[2] && padding.bottom < weight[2]
    guard input[0] < 8, isOrdinary else { return 1 }
    let pixels = output[1] * output[2]
    let products = pixels * weight.count
    return max(1, min((7 + input[0]) / input[0], rows, pixels / 32, products >> 21))
  }

  var taps: Int { weight[2] * weight[3] }

  /// A 3×3 convolution that keeps the size.
  var isPlain3x3: Bool { stride == 1 && padding == .same(1) && weight[2] == 3 && weight[3] == 3 }

  /// Sizes for the kernels.
  func kernelShape(images: Int) -> ConvolutionShape {
    var shape = Band(self, outputRows: 0..<output[1]).shape
    shape.batch = Int32(images)
    shape.height = Int32(input[1])
    shape.padBottom = Int32((output[1] - 1) * stride + weight[2] - input[1] - padding.top)
    return shape
  }

  /// The direct way, written to y.
  func runDirectly(_ x: Tensor, weight: Tensor, bias: Tensor?, into y: Tensor) {
    runPieces({ Band($0, outputRows: $1) }, of: output[1]) { shape, from, to in
      kernels_convolution(
        shape, x.pointer + from, weight.pointer, weight.storage.frozenID, bias?.pointer, y.pointer + to)
    }
  }

  /// The gradient of the direct way, written to dx.
  func runDirectGradient(arriving dy: Tensor, weight: Tensor, into dx: Tensor) {
    runPieces({ Band($0, inputRows: $1) }, of: input[1]) { shape, to, from in
      kernels_convolution_input_gradient(
        shape, dy.pointer + from, weight.pointer, weight.storage.frozenID, dx.pointer + to)
    }
  }

  /// Each piece of the batch has sums of its own; these are then added in order.
  func weightGradient(_ x: Tensor, arriving dy: Tensor, shape: Shape) -> (Tensor, Tensor) {
    let pieces = (input[0] + imagesPerPiece - 1) / imagesPerPiece
    let filters = Tensor(uninitialized: [pieces, shape.count])
    let biases = Tensor(uninitialized: [pieces, shape[0]])
    runImages { piece, kernelShape, input, output in
      kernels_convolution_weight_gradient(
        kernelShape, x.pointer + input, dy.pointer + output, filters.pointer + piece * shape.count,
        biases.pointer + piece * shape[0])
    }
    return (filters.columnSums(width: shape.count).reshaped(shape), biases.columnSums(width: shape[0]))
  }
}

/// Some rows of an image as an image of their own, whose padding stands for what lies outside.
private struct Band {
  let shape: ConvolutionShape
  /// The first row of the input, and of the output, that it takes part in.
  let inputRow: Int
  let outputRow: Int

  /// What the output's `rows` are computed from.
  init(_ geometry: ConvolutionGeometry, outputRows rows: Range<Int>) {
    let first = rows.lowerBound * geometry.stride - geometry.padding.top
    let end = (rows.upperBound - 1) * geometry.stride - geometry.padding.top + geometry.weight[2]
    let inside = max(0, first)..<min(geometry.input[1], end)
    self.init(geometry, inputRows: inside, outputRows: rows)
  }

  /// What the gradient of the input's `rows` is computed from.
  init(_ geometry: ConvolutionGeometry, inputRows rows: Range<Int>) {
    let (stride, top, kernel) = (geometry.stride, geometry.padding.top, geometry.weight[2])
    let first = max(0, (rows.lowerBound + top - kernel + stride) / stride)
    let end = min(geometry.output[1], (rows.upperBound - 1 + top) / stride + 1)
    self.init(geometry, inputRows: rows, outputRows: first..<end)
  }

  private init(_ geometry: ConvolutionGeometry, inputRows: Range<Int>, outputRows: Range<Int>) {
    let (stride, padding, weight) = (geometry.stride, geometry.padding, geometry.weight)
    let (input, output) = (geometry.input, geometry.output)
    let top = outputRows.lowerBound * stride - padding.top
    let bottom = (outputRows.upperBound - 1) * stride - padding.top + weight[2]
    // The kernels need padding that accounts for every pixel: what a stride leaves over at the end is cut off.
    let right = (output[2] - 1) * stride + weight[3] - input[2] - padding.left
    shape = ConvolutionShape(
      batch: 1, height: Int32(inputRows.count), width: Int32(input[2]), inChannels: Int32(input[3]),
      outChannels: Int32(weight[0]), kernelHeight: Int32(weight[2]), kernelWidth: Int32(weight[3]),
      stride: Int32(stride), padTop: Int32(inputRows.lowerBound - top), padLeft: Int32(padding.left),
      padBottom: Int32(bottom - inputRows.upperBound), padRight: Int32(right), outHeight: Int32(outputRows.count),
      outWidth: Int32(output[2]))
    (inputRow, outputRow) = (inputRows.lowerBound, outputRows.lowerBound)
  }
}
