import Engine
import Foundation

extension Naive {
  /// dq, dk and dv for P = softmax(q·kᵀ/√D), y = P·v: dP = dy·vᵀ, dS = P·(dP − Σ P·dP), dq = dS·k/√D,
  /// dk = dSᵀ·q/√D, dv = Pᵀ·dy, one query of one head at a time in double precision.
  static func attentionGradient(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, arriving dy: Tensor, heads: Int, causal: Bool
  ) -> [Tensor] {
    let (images, queries, keys, channels) = (q.shape[0], q.shape[1], k.shape[1], q.shape[2])
    let width = channels / heads
    let scale = 1 / Double(width).squareRoot()
    let (qs, ks) = (q.values.map(Double.init), k.values.map(Double.init))
    let (vs, dys) = (v.values.map(Double.init), dy.values.map(Double.init))
    var (dq, dk, dv) = (qs.map { _ in 0.0 }, ks.map { _ in 0.0 }, ks.map { _ in 0.0 })
    func dot(_ a: [Double], _ i: Int, _ b: [Double], _ j: Int) -> Double {
      (0..<width).reduce(0.0) { $0 + a[i + $1] * b[j + $1] }
    }
    for image in 0..<images {
      for row in 0..<queries * heads {
        let (query, head) = row.quotientAndRemainder(dividingBy: heads)
        let at = (image * queries + query) * channels + head * width
        let seen = causal ? min(query + 1, keys) : keys
        let places = (0..<seen).map { (image * keys + $0) * channels + head * width }
        let scores = places.map { dot(qs, at, ks, $0) * scale }
        let top = scores.reduce(-Double.infinity, max)
        let powers = scores.map { exp($0 - top) }
        let total = powers.reduce(0, +)
        let p = powers.map { $0 / total }
        let dp = places.map { dot(dys, at, vs, $0) }
        let mean = zip(p, dp).reduce(0.0) { $0 + $1.0 * $1.1 }
        for (j, place) in places.enumerated() {
          let ds = p[j] * (dp[j] - mean) * scale
          for d in 0..<width {
            dq[at + d] += ds * ks[place + d]
            dk[place + d] += ds * qs[at + d]
            dv[place + d] += p[j] * dys[at + d]
          }
        }
      }
    }
    return [(dq, q), (dk, k), (dv, v)].map { Tensor($0.0.map(Float.init), shape: $0.1.shape) }
  }
}
