import Kernels

extension Tensor {
  /// Each group of channels of each image less its mean, over its deviation, times `scale`, plus `shift`; then SiLU
  /// if `silu` (as in every residual block of the UNet and the autoencoder).
  ///
  /// Shape: (B, H, W, C) or (B, T, C), scale and shift (C) → the same. Source: Wu & He 2018; PyTorch `F.group_norm`.
  public func groupNorm(groups: Int, scale: Tensor, shift: Tensor, epsilon: Float, silu: Bool = false) -> Tensor {
    let channels = shape.last
    precondition(
      channels % groups == 0 && scale.shape == [channels] && channels <= 4096,
      "groupNorm: \(shape) in \(groups) groups with \(scale.shape)")
    let norm = GroupNormalization(
      images: shape[0], pixels: count / max(1, shape[0] * channels), channels: channels, groups: groups, silu: silu)
    let y = Tensor(uninitialized: shape)
    let statistics = norm.statistics(self, epsilon: epsilon)
    norm.apply(self, scale, shift, statistics, into: y)
    let (x, weight, bias) = (detached(), scale.detached(), shift.detached())
    let wantsWeights = scale.requiresGradient || shift.requiresGradient
    return .record("groupNorm", y, from: self, scale, shift) { dy in
      let dx = Tensor(uninitialized: x.shape)
      let sums = norm.gradient(x, weight, bias, statistics, arriving: dy, into: dx)
      guard wantsWeights else { return [dx, nil, nil] }
      return [dx, sums.scale.columnSums(width: channels), sums.shift.columnSums(width: channels)]
    }
  }
}

/// One GroupNorm's sizes, and how each image is cut into pieces of pixels for the pool.
private struct GroupNormalization {
  let images: Int
  let pixels: Int
  let channels: Int
  let groups: Int
  let silu: Bool

  /// One value for each image and group.
  struct Statistics {
    let mean: Tensor
    let inverseDeviation: Tensor
  }

  /// Pixels of a piece: some 256 KiB, which stay in the cache between two passes over them.
  private var pieceSize: Int { max(1, 65_536 / channels) }
  private var piecesAnImage: Int { (pixels + pieceSize - 1) / pieceSize }

  /// Calls body(number of the piece, its image, how many pixels it has, the place of its first number).
  private func runPieces(_ body: (Int, Int, Int64, Int) -> Void) {
    ThreadPool.run(images * piecesAnImage) { piece in
      let (image, part) = piece.quotientAndRemainder(dividingBy: piecesAnImage)
      let count = min(pieceSize, pixels - part * pieceSize)
      body(piece, image, Int64(count), (image * pixels + part * pieceSize) * channels)
    }
  }

  private func table(_ rows: Int, _ columns: Int) -> Tensor { Tensor(uninitialized: [rows, columns]) }

  func statistics(_ x: Tensor, epsilon: Float) -> Statistics {
    let means = table(images * piecesAnImage, channels), squares = table(images * piecesAnImage, channels)
    runPieces { piece, _, count, at in
      kernels_channel_moments(
        count, Int64(channels), x.pointer + at, means.pointer + piece * channels, squares.pointer + piece * channels)
    }
    let whole = Statistics(mean: table(images, groups), inverseDeviation: table(images, groups))
    for image in 0..<images {
      let parts = image * piecesAnImage * channels
      kernels_group_statistics(
        Int64(pixels), Int64(pieceSize), Int64(channels), Int64(groups), means.pointer + parts,
        squares.pointer + parts, epsilon, whole.mean.pointer + image * groups,
        whole.inverseDeviation.pointer + image * groups)
    }
    return whole
  }

  func apply(_ x: Tensor, _ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, into y: Tensor) {
    runPieces { _, image, count, at in
      kernels_group_norm(
        count, Int64(channels), Int64(groups), x.pointer + at, scale.pointer, shift.pointer, silu,
        statistics.mean.pointer + image * groups, statistics.inverseDeviation.pointer + image * groups,
        y.pointer + at)
    }
  }

  /// Writes dx; returns the gradients of scale and shift, one row (C) for each image.
  func gradient(
    _ x: Tensor, _ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, arriving dy: Tensor, into dx: Tensor
  ) -> (scale: Tensor, shift: Tensor) {
    let ones = table(images * piecesAnImage, channels), rows = table(images * piecesAnImage, channels)
    // dx first holds the gradient after undoing SiLU, whose input is computed again, not kept.
    runPieces { piece, image, count, at in
      kernels_group_norm_slopes(
        count, Int64(channels), Int64(groups), x.pointer + at, scale.pointer, shift.pointer, silu,
        statistics.mean.pointer + image * groups, statistics.inverseDeviation.pointer + image * groups,
        dy.pointer + at, dx.pointer + at, ones.pointer + piece * channels, rows.pointer + piece * channels)
    }
    let alongOne = table(images, groups), alongRow = table(images, groups)
    let sums = (scale: table(images, channels), shift: table(images, channels))
    for image in 0..<images {
      let parts = image * piecesAnImage * channels
      kernels_group_gradients(
        Int64(pixels), Int64(piecesAnImage), Int64(channels), Int64(groups), scale.pointer, ones.pointer + parts,
        rows.pointer + parts, sums.shift.pointer + image * channels, sums.scale.pointer + image * channels,
        alongOne.pointer + image * groups, alongRow.pointer + image * groups)
    }
    runPieces { _, image, count, at in
      kernels_group_norm_gradient(
        count, Int64(channels), Int64(groups), x.pointer + at, scale.pointer,
        statistics.mean.pointer + image * groups, statistics.inverseDeviation.pointer + image * groups,
        alongOne.pointer + image * groups, alongRow.pointer + image * groups, dx.pointer + at)
    }
    return sums
  }
}
