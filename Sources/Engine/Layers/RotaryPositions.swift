import Glibc

/// Positions of tokens as rotations of the neighbouring channels of each head (Su et al. 2021, arXiv 2104.09864).
struct RotaryPositions {
  /// (T, C/2): of each pair of channels, the same for all heads.
  private let cosines: Tensor
  private let sines: Tensor

  /// - Parameter angles: of each token, one for each pair of channels of a head, in radians.
  init(angles: [[Float]], heads: Int) {
    let pairs = angles.first?.count ?? 0
    precondition(angles.allSatisfy { $0.count == pairs }, "rotations of \(pairs) pairs and of other numbers of them")
    let all = angles.flatMap { one in (0..<heads).flatMap { _ in one } }
    let shape: Shape = [angles.count, pairs * heads]
    cosines = Tensor(all.map { cosf($0) }, shape: shape)
    sines = Tensor(all.map { sinf($0) }, shape: shape)
  }

  /// (B, T, C) → (B, T, C)
  func rotated(_ x: Tensor) -> Tensor { x.rotatedPairs(cosines: cosines, sines: sines) }
}
