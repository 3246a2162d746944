import Kernels

/// Zeros around an image, in pixels. The autoencoder's down-sampler pads the right and bottom only.
public struct Padding: Hashable, Sendable {
  public let top: Int, left: Int, bottom: Int, right: Int

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  public static func same(_ pixels: Int) -> Padding {
    Padding(top: pixels, left: pixels, bottom: pixels, right: pixels)
  }

  public static let none = Padding.same(0)
}

extension Tensor {
  /// Cross-correlation of an image batch with a bank of filters, as PyTorch's `F.conv2d`.
  ///
  /// Shape: (B, H, W, I), weight (O, I, kh, kw) as checkpoints hold it, bias (O) → (B, H′, W′, O) with
  /// H′ = (H + top + bottom − kh) / stride + 1.
  public func convolved(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Padding = .same(1)
  ) -> Tensor {
    precondition(
      shape.rank == 4 && weight.shape.rank == 4 && shape[3] == weight.shape[1],
      "convolved: \(shape) meets filters \(weight.shape)")
    let geometry = ConvolutionGeometry(input: shape, weight: weight.shape, stride: stride, padding: padding)
    let y = Tensor(uninitialized: geometry.output)
    geometry.runPieces { piece, shape in
      kernels_convolution(
        shape, pointer + piece * geometry.inputStride, weight.pointer, weight.storage.frozenID, bias?.pointer,
        y.pointer + piece * geometry.outputStride)
    }
    let (x, w) = (detached(), weight.detached())
    let (wantsX, wantsW) = (requiresGradient, weight.requiresGradient || bias?.requiresGradient ?? false)
    return .record("convolved", y, from: self, weight, bias ?? Tensor(scalar: 0)) { dy in
      let dx = wantsX ? geometry.inputGradient(arriving: dy, weight: w) : nil
      guard wantsW else { return [dx, nil, nil] }
      let (dw, db) = geometry.weightGradient(x, arriving: dy, shape: w.shape)
      return [dx, dw, db]
    }
  }

  /// The image cut into squares of p×p pixels, row by row, each laid out (channel, y, x) like a filter.
  ///
  /// Shape: (B, H, W, C) → (B, H/p·W/p, C·p·p); rows and columns that fill no square are left out, as a convolution
  /// of stride p leaves them. A patch embedding is `patches(p).linear(weight:)` with its filters as rows.
  public func patches(_ p: Int) -> Tensor {
    let (images, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let (down, across) = (height / p, width / p)
    precondition(down > 0 && across > 0, "patches of \(p) pixels do not fit \(shape)")
    let y = Tensor(uninitialized: [images, down * across, channels * p * p])
    func move(_ image: UnsafeMutablePointer<Float>, _ patch: UnsafeMutablePointer<Float>, intoPatch: Bool) {
      for row in 0..<down * p {
        for column in 0..<across * p {
          let to = ((row / p) * across + column / p) * channels * p * p + (row % p) * p + column % p
          let from = (row * width + column) * channels
          for c in 0..<channels {
            if intoPatch { patch[to + c * p * p] = image[from + c] } else { image[from + c] = patch[to + c * p * p] }
          }
        }
      }
    }
    ThreadPool.run(images) { move(pointer + $0 * shape.stride, y.pointer + $0 * y.shape.stride, intoPatch: true) }
    let whole = shape
    return .record("patches", y, from: self) { dy in
      let dx = Tensor(zeros: whole)
      ThreadPool.run(images) {
        move(dx.pointer + $0 * whole.stride, dy.pointer + $0 * dy.shape.stride, intoPatch: false)
      }
      return [dx]
    }
  }
}

/// One convolution's sizes, and how its batch is cut into pieces for the pool.
private struct ConvolutionGeometry {
  let input: Shape
  let output: Shape
  let weight: Shape
  let stride: Int
  let padding: Padding
  let imagesAPiece: Int

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
    imagesAPiece = max(1, (input[0] + 7) / 8)
  }

  var inputStride: Int { input.stride }
  var outputStride: Int { output.stride }
  var pieces: Int { (input[0] + imagesAPiece - 1) / imagesAPiece }

  private func kernelShape(images: Int) -> ConvolutionShape {
    // The kernels want padding that accounts for every pixel: what a stride leaves over at the end is cut off.
    let down = (output[1] - 1) * stride + weight[2] - input[1] - padding.top
    let across = (output[2] - 1) * stride + weight[3] - input[2] - padding.left
    return ConvolutionShape(
      batch: Int32(images), height: Int32(input[1]), width: Int32(input[2]), inChannels: Int32(input[3]),
      outChannels: Int32(weight[0]), kernelHeight: Int32(weight[2]), kernelWidth: Int32(weight[3]),
      stride: Int32(stride), padTop: Int32(padding.top), padLeft: Int32(padding.left), padBottom: Int32(down),
      padRight: Int32(across), outHeight: Int32(output[1]), outWidth: Int32(output[2]))
  }

  /// Calls body(first image of the piece, its kernel shape) on the pool.
  func runPieces(_ body: (Int, UnsafePointer<ConvolutionShape>) -> Void) {
    ThreadPool.runPieces(of: input[0], size: imagesAPiece) { piece in
      var shape = kernelShape(images: piece.count)
      withUnsafePointer(to: &shape) { body(piece.lowerBound, $0) }
    }
  }

  func inputGradient(arriving dy: Tensor, weight: Tensor) -> Tensor {
    let dx = Tensor(uninitialized: input)
    runPieces { image, shape in
      kernels_convolution_input_gradient(
        shape, dy.pointer + image * outputStride, weight.pointer, weight.storage.frozenID,
        dx.pointer + image * inputStride)
    }
    return dx
  }

  /// Each piece of the batch has sums of its own; these are then added in order.
  func weightGradient(_ x: Tensor, arriving dy: Tensor, shape: Shape) -> (Tensor, Tensor) {
    let filters = Tensor(uninitialized: [pieces, shape.count])
    let biases = Tensor(uninitialized: [pieces, shape[0]])
    runPieces { image, kernelShape in
      let piece = image / imagesAPiece
      kernels_convolution_weight_gradient(
        kernelShape, x.pointer + image * inputStride, dy.pointer + image * outputStride,
        filters.pointer + piece * shape.count, biases.pointer + piece * shape[0])
    }
    return (filters.columnSums(width: shape.count).reshaped(shape), biases.columnSums(width: shape[0]))
  }
}
