import Kernels

/// Zeros around an image, in pixels. The autoencoder's down-sampler pads the right and bottom only.
public struct Padding: Hashable, Sendable {
  public let top: Int, left: Int, bottom: Int, right: Int

  public init(top: Int, left: Int, bottom: Int, right: Int) {
    (self.top, self.left, self.bottom, self.right) = (top, left, bottom, right)
  }

  public static func same(_ pixels: Int) -> Padding {
    Padding(top: pixels, left: pixels, bottom: pixels, right: pixels)
  }

  public static let none = Padding.same(0)
}

extension Tensor {
  /// Cross-correlation of an image batch with a bank of filters, as PyTorch's `F.conv2d`.
  ///
  /// Shape: (B, H, W, I), weight (O, I, kh, kw) as files hold it, bias (O) → (B, H′, W′, O) with
  /// H′ = (H + top + bottom − kh) / stride + 1.
  public func convolved(
    weight: Tensor, bias: Tensor? = nil, stride: Int = 1, padding: Padding = .same(1)
  ) -> Tensor {
    precondition(
      shape.rank == 4 && weight.shape.rank == 4 && shape[3] == weight.shape[1],
      "convolved: \(shape) meets filters \(weight.shape)")
    let geometry = ConvolutionGeometry(input: shape, weight: weight.shape, stride: stride, padding: padding)
    let path = ConvolutionPath(geometry, isFrozen: weight.storage.isFrozen, arithmetic: .current)
    let y = geometry.output(of: self, weight: weight, bias: bias, path)
    let (wantsX, wantsW) = (requiresGradient, weight.requiresGradient || bias?.requiresGradient ?? false)
    // Only the gradient of the weights needs x: where they are frozen, it is not kept.
    let (x, w) = (wantsW ? detached() : nil, weight.detached())
    return .record("convolved", y, from: self, weight, bias ?? Tensor(scalar: 0)) { dy in
      let dx = wantsX ? geometry.inputGradient(arriving: dy, weight: w, path) : nil
      guard let x else { return [dx, nil, nil] }
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

extension ConvolutionGeometry {
  fileprivate func output(of x: Tensor, weight: Tensor, bias: Tensor?, _ path: ConvolutionPath) -> Tensor {
    let y = Tensor(uninitialized: output)
    switch path {
    case .direct: runDirectly(x, weight: weight, bias: bias, into: y)
    case .im2col(let im2col), .im2colForward(let im2col):
      im2col.run(x.pointer, weight: weight, bias: bias?.pointer, into: y.pointer)
    case .indirect(let indirect, _):
      indirect.run(x.pointer, weight: weight, bias: bias?.pointer, into: y.pointer)
    case .winograd(let winograd):
      let filters = winograd.filters(of: weight, isFlipped: false)
      winograd.run(x.pointer, filters: filters, bias: bias?.pointer, into: y.pointer)
    }
    return y
  }

  fileprivate func inputGradient(arriving dy: Tensor, weight: Tensor, _ path: ConvolutionPath) -> Tensor {
    let dx = Tensor(uninitialized: input)
    switch path {
    case .direct, .im2colForward, .indirect(_, gradient: nil):
      runDirectGradient(arriving: dy, weight: weight, into: dx)
    case .indirect(_, let gradient?): gradient.run(dy.pointer, weight: weight, into: dx.pointer)
    case .im2col(let im2col): im2col.inputGradient(arriving: dy.pointer, weight: weight, into: dx.pointer)
    case .winograd(let winograd):
      let filters = winograd.flipped.filters(of: weight, isFlipped: true)
      winograd.flipped.run(dy.pointer, filters: filters, into: dx.pointer)
    }
    return dx
  }
}
