import Kernels

extension Tensor {
  /// Rows of this table by number: table (V, C), `ids` in row-major order → shape + (C).
  ///
  /// The gradient of a row is the sum over its uses.
  public func embedding(ids: [Int32], shape idShape: Shape) -> Tensor {
    precondition(ids.count == idShape.count, "embedding: \(ids.count) ids for the shape \(idShape)")
    let (entries, width) = (shape[0], shape[1])
    precondition(ids.allSatisfy { (0..<entries).contains(Int($0)) }, "embedding: an id outside 0..<\(entries)")
    let y = Tensor(uninitialized: Shape(idShape.dims + [width]))
    for (row, id) in ids.enumerated() {
      (y.pointer + row * width).update(from: pointer + Int(id) * width, count: width)
    }
    let whole = shape
    return .record("embedding", y, from: self) { dy in
      let dx = Tensor(zeros: whole)
      for (row, id) in ids.enumerated() {
        kernels_axpy(Int64(width), 1, dy.pointer + row * width, dx.pointer + Int(id) * width)
      }
      return [dx]
    }
  }

  /// Chosen tokens of every image, repeats allowed: (B, T, C), B lists of N token numbers → (B, N, C).
  public func gatherTokens(_ indices: [[Int]]) -> Tensor {
    let (images, tokens, width) = (shape[0], shape[1], shape[2])
    let chosen = indices.first?.count ?? 0
    precondition(
      indices.count == images
        && indices.allSatisfy { $0.count == chosen && $0.allSatisfy { (0..<tokens).contains($0) } },
      "gatherTokens: \(indices.count) lists of token numbers for \(shape)")
    let ids = indices.enumerated().flatMap { image, list in list.map { Int32(image * tokens + $0) } }
    return reshaped([images * tokens, width]).embedding(ids: ids, shape: [images, chosen])
  }

  /// One more token in front, the same for every image: (B, T, C) and (C) → (B, T + 1, C).
  public func prependingToken(_ token: Tensor) -> Tensor {
    let (images, width) = (shape[0], shape[2])
    precondition(token.shape == [width], "prependingToken: \(token.shape) before \(shape)")
    let first = token.reshaped([1, width]).embedding(ids: Array(repeating: 0, count: images), shape: [images, 1])
    return first.concatenatedTokens(self)
  }

  /// Channels of both, side by side: (…, A) and (…, B) → (…, A + B). The UNet's skip connections.
  public func concatenatedChannels(_ other: Tensor) -> Tensor {
    let (left, right) = (shape.last, other.shape.last)
    precondition(
      shape.rank == other.shape.rank && shape.replacingLast(with: right) == other.shape,
      "concatenatedChannels: \(shape) beside \(other.shape)")
    return joined(other, block: left, otherBlock: right, shape: shape.replacingLast(with: left + right))
  }

  /// Tokens of both, one after the other: (B, T, C) and (B, U, C) → (B, T + U, C).
  public func concatenatedTokens(_ other: Tensor) -> Tensor {
    precondition(
      shape.rank == 3 && other.shape.rank == 3 && shape[0] == other.shape[0] && shape[2] == other.shape[2],
      "concatenatedTokens: \(shape) before \(other.shape)")
    return joined(
      other, block: shape.stride, otherBlock: other.shape.stride,
      shape: [shape[0], shape[1] + other.shape[1], shape[2]])
  }

  /// Blocks of self and of other in turn.
  private func joined(_ other: Tensor, block: Int, otherBlock: Int, shape joinedShape: Shape) -> Tensor {
    let y = Tensor(uninitialized: joinedShape)
    let blocks = count / max(1, block)
    let both = block + otherBlock
    let size = max(1, 16_384 / both)
    ThreadPool.runPieces(of: blocks, size: size) { piece in
      for i in piece {
        (y.pointer + i * both).update(from: pointer + i * block, count: block)
        (y.pointer + i * both + block).update(from: other.pointer + i * otherBlock, count: otherBlock)
      }
    }
    let (left, right) = (shape, other.shape)
    let (wantsLeft, wantsRight) = (requiresGradient, other.requiresGradient)
    return .record("concatenated", y, from: self, other) { dy in
      let a = wantsLeft ? Tensor(uninitialized: left) : nil
      let b = wantsRight ? Tensor(uninitialized: right) : nil
      ThreadPool.runPieces(of: blocks, size: size) { piece in
        for i in piece {
          if let a { (a.pointer + i * block).update(from: dy.pointer + i * both, count: block) }
          if let b { (b.pointer + i * otherBlock).update(from: dy.pointer + i * both + block, count: otherBlock) }
        }
      }
      return [a, b]
    }
  }

  /// The last axis cut into n equal parts: (…, n·C) → n of (…, C).
  public func splitLast(into n: Int) -> [Tensor] {
    let (whole, width) = (shape, shape.last / n)
    precondition(width * n == whole.last, "splitLast: \(whole) into \(n) parts")
    let rows = count / max(1, whole.last)
    return (0..<n).map { part in
      let y = Tensor(uninitialized: whole.replacingLast(with: width))
      let (from, to) = (pointer + part * width, y.pointer)
      for row in 0..<rows { (to + row * width).update(from: from + row * whole.last, count: width) }
      return .record("splitLast", y, from: self) { dy in
        let dx = Tensor(zeros: whole)
        let (from, to) = (dy.pointer, dx.pointer + part * width)
        for row in 0..<rows { (to + row * whole.last).update(from: from + row * width, count: width) }
        return [dx]
      }
    }
  }

  /// The mean token of every image: (B, T, C) → (B, C).
  public func meanOverTokens() -> Tensor {
    averagePooledTokens(window: shape[1]).reshaped([shape[0], shape[2]])
  }

  /// Means of `window` neighbouring tokens; tokens that fill no window are left out: (B, T, C) → (B, T/window, C).
  ///
  /// Source: PyTorch `F.avg_pool1d` with the stride of its window, over patches in row-major order.
  public func averagePooledTokens(window: Int) -> Tensor {
    let (images, tokens, width) = (shape[0], shape[1], shape[2])
    let windows = tokens / window
    precondition(windows > 0, "averagePooledTokens: a window of \(window) over \(shape)")
    let y = Tensor(uninitialized: [images, windows, width])
    let share = 1 / Float(window)
    for image in 0..<images {
      for i in 0..<windows {
        let to = y.pointer + (image * windows + i) * width
        kernels_column_sums(
          Int64(window), Int64(width), pointer + (image * tokens + i * window) * width, false, to)
        kernels_affine(Int64(width), to, share, 0, to)
      }
    }
    let whole = shape
    return .record("averagePooledTokens", y, from: self) { dy in
      let dx = Tensor(zeros: whole)
      for image in 0..<images {
        for token in 0..<windows * window {
          kernels_axpy(
            Int64(width), share, dy.pointer + (image * windows + token / window) * width,
            dx.pointer + (image * tokens + token) * width)
        }
      }
      return [dx]
    }
  }

  /// The whole batch n times over: (B, …) → (n·B, …), so that several noise draws share one context.
  public func repeated(_ n: Int) -> Tensor {
    let y = Tensor(uninitialized: shape.replacingFirst(with: n * shape[0]))
    for copy in 0..<n { (y.pointer + copy * count).update(from: pointer, count: count) }
    let whole = shape
    return .record("repeated", y, from: self) { dy in
      [dy.columnSums(width: whole.count).reshaped(whole)]
    }
  }

  /// Batches of the same shape one after the other: (B₁, …), (B₂, …), … → (B₁ + B₂ + …, …). Moves data only.
  public static func stacked(_ parts: [Tensor]) -> Tensor {
    precondition(!parts.isEmpty, "stacked: nothing to stack")
    let rows = parts.reduce(0) { $0 + $1.shape[0] }
    let y = Tensor(uninitialized: parts[0].shape.replacingFirst(with: rows))
    var at = y.pointer
    for part in parts {
      precondition(part.shape.replacingFirst(with: rows) == y.shape, "stacked: \(part.shape) with \(parts[0].shape)")
      at.update(from: part.pointer, count: part.count)
      at += part.count
    }
    return y
  }
}

extension Tensor {
  /// The batch in another order, repeats allowed: row i of the result is row order[i].
  public func gatherImages(_ order: [Int]) -> Tensor {
    let rows = reshaped([shape[0], shape.stride])
    return rows.embedding(ids: order.map(Int32.init), shape: [order.count])
      .reshaped(shape.replacingFirst(with: order.count))
  }
}
