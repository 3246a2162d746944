import Glibc
import Kernels

extension Tensor {
  /// self + other; other has the same shape or is a suffix of it (a bias, a positional table), repeated.
  public static func + (a: Tensor, b: Tensor) -> Tensor {
    let y = a.combined(with: b, kernels_add)
    let shape = b.shape
    return .record("+", y, from: a, b) { dy in [dy, dy.summedToSuffix(shape)] }
  }

  public static func - (a: Tensor, b: Tensor) -> Tensor {
    let y = a.combined(with: b, kernels_subtract)
    let shape = b.shape
    return .record("-", y, from: a, b) { dy in [dy, dy.summedToSuffix(shape).scaled(by: -1)] }
  }

  /// Entry by entry; shapes as in `+`.
  public static func * (a: Tensor, b: Tensor) -> Tensor {
    let y = a.combined(with: b, kernels_multiply)
    let (left, right) = (a.detached(), b.detached())
    let (wantsLeft, wantsRight) = (a.requiresGradient, b.requiresGradient)
    return .record("*", y, from: a, b) { dy in
      [wantsLeft ? dy * right : nil, wantsRight ? (dy * left).summedToSuffix(right.shape) : nil]
    }
  }

  /// scale·self + offset
  public func scaled(by scale: Float, plus offset: Float = 0) -> Tensor {
    let y = Tensor(uninitialized: shape)
    ThreadPool.runElements(count) { start, n in
      kernels_affine(n, pointer + start, scale, offset, y.pointer + start)
    }
    return .record("scaled", y, from: self) { dy in [dy.scaled(by: scale)] }
  }

  /// self (…) times a trainable number: CLIP's logit scale.
  public func scaled(by factor: Tensor) -> Tensor {
    precondition(factor.count == 1, "a factor is one number, not \(factor.shape)")
    let y = detached().scaled(by: factor.item)
    let (x, scale, shape) = (detached(), factor.item, factor.shape)
    return .record("scaled", y, from: self, factor) { dy in
      let sum = kernels_dot(Int64(dy.count), dy.pointer, x.pointer)
      return [dy.scaled(by: scale), Tensor(repeating: Float(sum), shape: shape)]
    }
  }

  /// eˣ of a single number.
  public func exponential() -> Tensor {
    precondition(count == 1, "exponential() is for one number, not \(shape)")
    let y = Tensor(repeating: exp(item), shape: shape)
    let value = y.item
    return .record("exponential", y, from: self) { dy in [dy.scaled(by: value)] }
  }

  /// Feature maps (B, H, W, C) or tokens (B, T, C) plus one vector (B, C) per image: the time embedding.
  public func addingPerImage(_ vectors: Tensor) -> Tensor {
    let (images, channels) = (shape[0], shape.last)
    precondition(vectors.shape == [images, channels], "\(vectors.shape) is not one vector per image of \(shape)")
    let pixels = count / (images * channels)
    let y = Tensor(uninitialized: shape)
    ThreadPool.run(images) { image in
      for pixel in 0..<pixels {
        let at = (image * pixels + pixel) * channels
        kernels_add(Int64(channels), pointer + at, vectors.pointer + image * channels, y.pointer + at)
      }
    }
    return .record("addingPerImage", y, from: self, vectors) { dy in
      let dv = Tensor(uninitialized: [images, channels])
      ThreadPool.run(images) { image in
        kernels_column_sums(
          Int64(pixels), Int64(channels), dy.pointer + image * pixels * channels, false, dv.pointer + image * channels)
      }
      return [dy, dv]
    }
  }

  /// Feature maps (B, H, W, C) or tokens (B, T, C) times one vector (B, C) per image, entry by entry: DiT's gates.
  public func scaledPerImage(_ vectors: Tensor) -> Tensor {
    let (images, channels) = (shape[0], shape.last)
    precondition(vectors.shape == [images, channels], "\(vectors.shape) is not one vector per image of \(shape)")
    let pixels = count / (images * channels)
    func scaled(_ x: Tensor) -> Tensor {
      let y = Tensor(uninitialized: x.shape)
      ThreadPool.runPieces(of: images * pixels, size: max(1, 16_384 / channels)) { rows in
        for row in rows {
          let (at, vector) = (row * channels, row / pixels * channels)
          kernels_multiply(Int64(channels), x.pointer + at, vectors.pointer + vector, y.pointer + at)
        }
      }
      return y
    }
    let x = detached()
    let (wantsOwn, wantsVectors) = (requiresGradient, vectors.requiresGradient)
    return .record("scaledPerImage", scaled(self), from: self, vectors) { dy in
      guard wantsVectors else { return [scaled(dy), nil] }
      let products = dy * x
      let sums = (0..<images).map { products.sliced($0..<$0 + 1).columnSums(width: channels) }
      return [wantsOwn ? scaled(dy) : nil, Tensor.stacked(sums).reshaped([images, channels])]
    }
  }

  /// Adds `other` (same shape) to this tensor's own memory; for sums with one owner.
  func add(inPlace other: Tensor) {
    ThreadPool.runElements(count) { start, n in kernels_axpy(n, 1, other.pointer + start, pointer + start) }
  }

  private func combined(
    with other: Tensor,
    _ kernel: (Int64, UnsafePointer<Float>?, UnsafePointer<Float>?, UnsafeMutablePointer<Float>?) -> Void
  ) -> Tensor {
    let y = Tensor(uninitialized: shape)
    if shape == other.shape {
      ThreadPool.runElements(count) { start, n in
        kernel(n, pointer + start, other.pointer + start, y.pointer + start)
      }
      return y
    }
    precondition(shape.hasSuffix(other.shape), "\(other.shape) is no suffix of \(shape)")
    let width = max(1, other.count)
    ThreadPool.runPieces(of: count / width, size: max(1, 16_384 / width)) { rows in
      for row in rows { kernel(Int64(width), pointer + row * width, other.pointer, y.pointer + row * width) }
    }
    return y
  }

  /// The gradient of a repeated operand: summed over its repetitions.
  func summedToSuffix(_ suffix: Shape) -> Tensor {
    if suffix == shape { return self }
    return columnSums(width: suffix.count).reshaped(suffix)
  }

  /// Sums over all rows of `width` entries, in a fixed order: pieces of rows first, then the pieces.
  func columnSums(width: Int) -> Tensor {
    let rows = count / width
    let size = ThreadPool.pieceSize(rows, least: 256)
    let pieces = (rows + size - 1) / size
    let parts = Tensor(uninitialized: [pieces, width])
    ThreadPool.runPieces(of: rows, size: size) { piece in
      let to = parts.pointer + piece.lowerBound / size * width
      kernels_column_sums(Int64(piece.count), Int64(width), pointer + piece.lowerBound * width, false, to)
    }
    if pieces == 1 { return parts.reshaped([width]) }
    let sums = Tensor(uninitialized: [width])
    kernels_column_sums(Int64(pieces), Int64(width), parts.pointer, false, sums.pointer)
    return sums
  }
}
