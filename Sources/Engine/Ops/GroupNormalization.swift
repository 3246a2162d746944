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
    let statistics = norm.normalize(self, scale, shift, epsilon: epsilon, into: y)
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

  /// Calls body(image) for every image: each on one thread where there are enough of them, so that it stays in that
  /// core's cache from its sums to its results; else in turn, its pieces on all threads.
  private func runImages(_ body: (Int) -> Void) {
    if piecesPerImage == 1 || images >= 8 { ThreadPool.run(images, body) } else { (0..<images).forEach(body) }
  }

  /// Calls body(number of the piece, how many pixels it has, the place of its first number) for an image's pieces.
  private func runPieces(of image: Int, _ body: (Int, Int64, Int) -> Void) {
    ThreadPool.run(piecesPerImage) { part in
      let count = min(pieceSize, pixels - part * pieceSize)
      body(image * piecesPerImage + part, Int64(count), (image * pixels + part * pieceSize) * channels)
    }
  }

  private func table(_ rows: Int, _ columns: Int) -> Tensor { Tensor(uninitialized: [rows, columns]) }

  private func kernel(_ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, _ image: Int) -> GroupNormOfImage {
    GroupNormOfImage(
      channels: Int64(channels), groups: Int64(groups), silu: silu, scale: scale.pointer, shift: shift.pointer,
      mean: statistics.mean.pointer + image * groups,
      inverseDeviation: statistics.inverseDeviation.pointer + image * groups)
  }

  /// Writes y; returns the statistics that it was normalized with.
  func normalize(_ x: Tensor, _ scale: Tensor, _ shift: Tensor, epsilon: Float, into y: Tensor) -> Statistics {
    let means = table(images * piecesPerImage, channels), squares = table(images * piecesPerImage, channels)
    let whole = Statistics(mean: table(images, groups), inverseDeviation: table(images, groups))
    runImages { image in
      runPieces(of: image) { piece, count, at in
        kernels_channel_moments(
          count, Int64(channels), x.pointer + at, means.pointer + piece * channels, squares.pointer + piece * channels)
      }
      let parts = image * piecesPerImage * channels
      kernels_group_statistics(
        Int64(pixels), Int64(pieceSize), Int64(channels), Int64(groups), means.pointer + parts,
        squares.pointer + parts, epsilon, whole.mean.pointer + image * groups,
        whole.inverseDeviation.pointer + image * groups)
      let norm = kernel(scale, shift, whole, image)
      runPieces(of: image) { _, count, at in
        var norm = norm
        kernels_group_norm(&norm, count, x.pointer + at, y.pointer + at)
      }
    }
    return whole
  }

  /// Writes dx; returns the gradients of scale and shift, one row (C) for each image.
  func gradient(
    _ x: Tensor, _ scale: Tensor, _ shift: Tensor, _ statistics: Statistics, arriving dy: Tensor, into dx: Tensor
  ) -> (scale: Tensor, shift: Tensor) {
    let ones = table(images * piecesPerImage, channels), rows = table(images * piecesPerImage, channels)
    let alongOne = table(images, groups), alongRow = table(images, groups)
    let sums = (scale: table(images, channels), shift: table(images, channels))
    // dx first holds the gradient after undoing SiLU, whose input is computed again, not kept.
    runImages { image in
      var norm = kernel(scale, shift, statistics, image)
      let normOfPiece = norm
      runPieces(of: image) { piece, count, at in
        var norm = normOfPiece
        kernels_group_norm_slopes(
          &norm, count, x.pointer + at, dy.pointer + at, dx.pointer + at, ones.pointer + piece * channels,
          rows.pointer + piece * channels)
      }
      let parts = image * piecesPerImage * channels
      kernels_group_gradients(
        &norm, Int64(pixels), Int64(piecesPerImage), ones.pointer + parts, rows.pointer + parts,
        sums.shift.pointer + image * channels, sums.scale.pointer + image * channels,
        alongOne.pointer + image * groups, alongRow.pointer + image * groups)
      runPieces(of: image) { _, count, at in
        var norm = normOfPiece
        kernels_group_norm_gradient(
          &norm, count, x.pointer + at, alongOne.pointer + image * groups, alongRow.pointer + image * groups,
          dx.pointer + at)
      }
    }
    return sums
  }
}
