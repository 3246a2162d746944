import Kernels

extension Tensor {
  /// Each pair (a, b) of neighbouring channels turned: a·cos − b·sin and b·cos + a·sin.
  ///
  /// Shape: (…, T, C), cosines and sines (T, C/2), which get no gradient → (…, T, C).
  /// Source: Su et al. 2021 (arXiv 2104.09864); diffusers `apply_rotary_emb`.
  public func rotatedPairs(cosines: Tensor, sines: Tensor) -> Tensor {
    let pairs = cosines.count
    precondition(
      cosines.shape == sines.shape && shape.last == 2 * cosines.shape.last
        && shape.hasSuffix(cosines.shape.replacingLast(with: shape.last)),
      "rotatedPairs: \(shape) by \(cosines.shape) and \(sines.shape)")
    let (cosines, sines) = (cosines.detached(), sines.detached())
    func turned(_ x: Tensor, sign: Float) -> Tensor {
      let (y, size) = (Tensor(uninitialized: x.shape), 2 * pairs)
      ThreadPool.runPieces(of: x.count / size, size: max(1, 16_384 / size)) { piece in
        for i in piece {
          kernels_rotate_pairs(
            Int64(pairs), x.pointer + i * size, cosines.pointer, sines.pointer, sign, y.pointer + i * size)
        }
      }
      return y
    }
    return .record("rotatedPairs", turned(self, sign: 1), from: self) { dy in [turned(dy, sign: -1)] }
  }
}
