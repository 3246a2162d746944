import Kernels

extension Tensor {
  /// Each row less its mean, over its deviation, times `scale`, plus `shift`.
  ///
  /// Shape: (…, C), scale and shift (C) → (…, C). Source: Ba et al. 2016; PyTorch `F.layer_norm` over the last axis.
  public func layerNorm(scale: Tensor, shift: Tensor, epsilon: Float) -> Tensor {
    let width = shape.last
    precondition(scale.shape == [width] && shift.shape == [width], "layerNorm: \(shape) with \(scale.shape)")
    let rows = count / max(1, width)
    let size = ThreadPool.pieceSize(rows, least: 64)
    let y = Tensor(uninitialized: shape)
    let mean = Tensor(uninitialized: [rows]), inverse = Tensor(uninitialized: [rows])
    ThreadPool.runPieces(of: rows, size: size) { piece in
      let (at, first) = (piece.lowerBound * width, piece.lowerBound)
      kernels_layer_norm(
        Int64(piece.count), Int64(width), pointer + at, scale.pointer, shift.pointer, epsilon, y.pointer + at,
        mean.pointer + first, inverse.pointer + first)
    }
    let (x, weight) = (detached(), scale.detached())
    let wantsWeights = scale.requiresGradient || shift.requiresGradient
    return .record("layerNorm", y, from: self, scale, shift) { dy in
      let dx = Tensor(uninitialized: x.shape)
      let pieces = (rows + size - 1) / size
      let parts = wantsWeights ? Tensor(uninitialized: [2, pieces, width]) : nil
      ThreadPool.runPieces(of: rows, size: size) { piece in
        let (at, first) = (piece.lowerBound * width, piece.lowerBound)
        let part = parts.map { $0.pointer + first / size * width }
        kernels_layer_norm_gradient(
          Int64(piece.count), Int64(width), x.pointer + at, weight.pointer, mean.pointer + first,
          inverse.pointer + first, dy.pointer + at, dx.pointer + at, part, part.map { $0 + pieces * width })
      }
      guard let parts else { return [dx, nil, nil] }
      return [dx, parts.sliced(0..<1).columnSums(width: width), parts.sliced(1..<2).columnSums(width: width)]
    }
  }

  /// Each row divided by the root of its mean square, times `scale`: y = x / √(mean x² + ε) · scale, along the last axis.
  ///
  /// Shape: (…, C), scale (C) → (…, C). Source: Zhang & Sennrich 2019; PyTorch `F.rms_norm`.
  public func rmsNorm(scale: Tensor, epsilon: Float) -> Tensor {
    let width = shape.last
    precondition(scale.shape == [width], "rmsNorm: \(shape) with \(scale.shape)")
    let rows = count / max(1, width)
    let size = ThreadPool.pieceSize(rows, least: 64)
    let (y, inverse) = (Tensor(uninitialized: shape), Tensor(uninitialized: [rows]))
    ThreadPool.runPieces(of: rows, size: size) { piece in
      let at = piece.lowerBound * width
      kernels_rms_norm(
        Int64(piece.count), Int64(width), pointer + at, scale.pointer, epsilon, y.pointer + at,
        inverse.pointer + piece.lowerBound)
    }
    let (x, weight, wantsScale) = (detached(), scale.detached(), scale.requiresGradient)
    return .record("rmsNorm", y, from: self, scale) { dy in
      let dx = Tensor(uninitialized: x.shape)
      let parts = wantsScale ? Tensor(uninitialized: [(rows + size - 1) / size, width]) : nil
      ThreadPool.runPieces(of: rows, size: size) { piece in
        let (at, first) = (piece.lowerBound * width, piece.lowerBound)
        kernels_rms_norm_gradient(
          Int64(piece.count), Int64(width), x.pointer + at, weight.pointer, inverse.pointer + first, dy.pointer + at,
          dx.pointer + at, parts.map { $0.pointer + first / size * width })
      }
      return [dx, parts?.columnSums(width: width)]
    }
  }

  /// Each row divided by its length: y = x / max(‖x‖₂, ε), along the last axis.
  ///
  /// Shape: (…, C) → (…, C). CLIP compares unit vectors, so this stands before every similarity.
  /// Source: PyTorch `F.normalize`. The gradient is exact where ‖x‖₂ > ε.
  public func normalized(epsilon: Float = 1e-12) -> Tensor {
    let width = shape.last
    let rows = count / max(1, width)
    let y = Tensor(uninitialized: shape)
    let lengths = Tensor(uninitialized: [rows])
    kernels_normalize_rows(Int64(rows), Int64(width), pointer, epsilon, y.pointer, lengths.pointer)
    return .record("normalized", y, from: self) { dy in
      let dx = Tensor(uninitialized: y.shape)
      kernels_normalize_rows_gradient(
        Int64(rows), Int64(width), y.pointer, lengths.pointer, dy.pointer, dx.pointer)
      return [dx]
    }
  }
}
