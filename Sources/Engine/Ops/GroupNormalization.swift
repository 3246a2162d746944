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
  private var piecesPerImage: Int { (pixels + pieceSize - 1) / pieceSize }

  /// Calls body(number of the piece, its image, how many pixels it has, the place of its first number).
  private func runPieces(_ body: (Int, Int, Int64, Int) -> Void) {
    ThreadPool.run(images * piecesPerImage) { piece in
      let (image, part) = piece.quotientAndRemainder(dividingBy: piecesPerImage)
      let count = min(pieceSize, pixels - part * pieceSize)
      body(piece, image, Int64(count), (image * pixels + part * pieceSize) * channels)
    }
  }

  private func table(_ rows: Int, _ columns: Int) -> Tensor { Tensor(uninitialized: [rows, columns]) }

  func statistics(_ x: Tensor, epsilon: Float) -> Statistics {
    let means = table(images * piecesPerImage, channels), squares = table(images * piecesPerImage, channels)
    runPieces { piece, _, count, at in
      kernels_channel_moments(
        count, Int64(channels), x.pointer + at, means.pointer + piece * channels, squares.pointer + piece * channels)
    }
    let whole = Statistics(mean: table(images, groups), inverseDeviation: table(images, groups))
    for image in 0..<images {
      let parts = image * piecesPerImage * channels
      kernels_group_statistics(
        Int64(pixels), Int64(pieceSize), Int64(channels), Int64(groups), means.pointer + parts,
        squares.pointer + parts, epsilon, whole.mean.pointer + image * groups,
        whole.inverseDeviation.pointer + image * groups)
    }
    return whole
  }

  private func kernel(_ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, _ image: Int) -> GroupNormOfImage {
    GroupNormOfImage(
      channels: Int64(channels), groups: Int64(groups), silu: silu, scale: scale.pointer, shift: shift.pointer,
      mean: statistics.mean.pointer + image * groups,
      inverseDeviation: statistics.inverseDeviation.pointer + image * groups)
  }

  func apply(_ x: Tensor, _ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, into y: Tensor) {
    runPieces { _, image, count, at in
      var norm = kernel(scale, shift, statistics, image)
      kernels_group_norm(&norm, count, x.pointer + at, y.pointer + at)
    }
  }

  /// Writes dx; returns the gradients of scale and shift, one row (C) for each image.
  func gradient(
    _ x: Tensor, _ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, arriving dy: Tensor, into dx: Tensor
  ) -> (scale: Tensor, shift: Tensor) {
    let ones = table(images * piecesPerImage, channels), rows = table(images * piecesPerImage, channels)
    // dx first holds the gradient after undoing SiLU, whose input is computed again, not kept.
    runPieces { piece, image, count, at in
      var norm = kernel(scale, shift, statistics, image)
      kernels_group_norm_slopes(
        &norm, count, x.pointer + at, dy.pointer + at, dx.pointer + at, ones.pointer + piece * channels,
        rows.pointer + piece * channels)
    }
    let alongOne = table(images, groups), alongRow = table(images, groups)
    let sums = (scale: table(images, channels), shift: table(images, channels))
    for image in 0..<images {
      let parts = image * piecesPerImage * channels
      var norm = kernel(scale, shift, statistics, image)
      kernels_group_gradients(
        &norm, Int64(pixels), Int64(piecesPerImage), ones.pointer + parts, rows.pointer + parts,
        sums.shift.pointer + image * channels, sums.scale.pointer + image * channels,
        alongOne.pointer + image * groups, alongRow.pointer + image * groups)
    }
    runPieces { _, image, count, at in
      var norm = kernel(scale, shift, statistics, image)
      kernels_group_norm_gradient(
        &norm, count, x.pointer + at, alongOne.pointer + image * groups, alongRow.pointer + image * groups,
        dx.pointer + at)
    }
    return sums
  }
}
