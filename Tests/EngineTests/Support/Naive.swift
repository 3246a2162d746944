import Engine
import Foundation

/// The fast ops' plain twins: loops over the definition, summed in double precision. They are the specification.
enum Naive {
  /// y[b, i, j, o] = bias[o] + Σ x[b, i·stride + u − top, j·stride + v − left, c]·w[o, c, u, v], zero outside x.
  static func convolution(_ x: Tensor, weight: Tensor, bias: Tensor, stride: Int, padding: Padding) -> Tensor {
    let (height, width, channels) = (x.shape[1], x.shape[2], x.shape[3])
    let (outputs, down, across) = (weight.shape[0], weight.shape[2], weight.shape[3])
    let rows = (height + padding.top + padding.bottom - down) / stride + 1
    let columns = (width + padding.left + padding.right - across) / stride + 1
    let (xs, ws, bs) = (x.values, weight.values, bias.values)
    func sum(_ b: Int, _ i: Int, _ j: Int, _ o: Int) -> Double {
      var sum = Double(bs[o])
      for u in 0..<down {
        for v in 0..<across {
          let (row, column) = (i * stride + u - padding.top, j * stride + v - padding.left)
          guard row >= 0, row < height, column >= 0, column < width else { continue }
          for c in 0..<channels {
            let pixel = xs[((b * height + row) * width + column) * channels + c]
            sum += Double(pixel) * Double(ws[((o * channels + c) * down + u) * across + v])
          }
        }
      }
      return sum
    }
    return tabulated([x.shape[0], rows, columns, outputs]) { sum($0[0], $0[1], $0[2], $0[3]) }
  }

  /// y[b, i, c] = Σⱼ softmaxⱼ(q[b, i]·k[b, j]/√D)·v[b, j, c] within the head of channel c; with `causal`, j ≤ i.
  static func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor, heads: Int, causal: Bool) -> Tensor {
    let (queries, keys, channels) = (q.shape[1], k.shape[1], q.shape[2])
    let width = channels / heads
    let (qs, ks, vs) = (q.values, k.values, v.values)
    func score(_ b: Int, _ i: Int, _ j: Int, _ head: Int) -> Double {
      var sum = 0.0
      for d in head * width..<(head + 1) * width {
        sum += Double(qs[(b * queries + i) * channels + d]) * Double(ks[(b * keys + j) * channels + d])
      }
      return sum / Double(width).squareRoot()
    }
    // One head of one query at a time: (b, i, head) → its D channels.
    return tabulatedRows([q.shape[0], queries, heads], of: width) { at in
      let seen = causal ? min(at[1] + 1, keys) : keys
      let scores = (0..<seen).map { score(at[0], at[1], $0, at[2]) }
      let top = scores.reduce(-Double.infinity, max)
      let powers = scores.map { exp($0 - top) }
      let total = powers.reduce(0, +)
      var row = Array(repeating: 0.0, count: width)
      for j in 0..<seen {
        for d in 0..<width {
          row[d] += powers[j] / total * Double(vs[(at[0] * keys + j) * channels + at[2] * width + d])
        }
      }
      return row
    }.reshaped(q.shape)
  }

  /// y = (x − mean)/√(variance + ε)·scale + shift, mean and variance over each image's group of channels; then SiLU.
  static func groupNorm(
    _ x: Tensor, groups: Int, scale: Tensor, shift: Tensor, epsilon: Double, silu: Bool
  ) -> Tensor {
    let (channels, width) = (x.shape.last, x.shape.last / groups)
    let pixels = x.shape.stride / channels
    let (xs, scales, shifts) = (x.values, scale.values, shift.values)
    func statistics(_ image: Int, _ group: Int) -> (mean: Double, deviation: Double) {
      var (sum, squares) = (0.0, 0.0)
      for pixel in 0..<pixels {
        for c in group * width..<(group + 1) * width {
          let value = Double(xs[(image * pixels + pixel) * channels + c])
          sum += value
          squares += value * value
        }
      }
      let mean = sum / Double(pixels * width)
      return (mean, (squares / Double(pixels * width) - mean * mean + epsilon).squareRoot())
    }
    let known = (0..<x.shape[0]).map { image in (0..<groups).map { statistics(image, $0) } }
    return tabulated([x.shape[0], pixels, channels]) { at in
      let (mean, deviation) = known[at[0]][at[2] / width]
      let value = Double(xs[(at[0] * pixels + at[1]) * channels + at[2]])
      let y = (value - mean) / deviation * Double(scales[at[2]]) + Double(shifts[at[2]])
      return silu ? y / (1 + exp(-y)) : y
    }.reshaped(x.shape)
  }

  /// A tensor from its definition, entry by entry.
  private static func tabulated(_ shape: Shape, _ entry: ([Int]) -> Double) -> Tensor {
    tabulatedRows(shape, of: 1) { [entry($0)] }.reshaped(shape)
  }

  /// A tensor from its definition, row by row: shape + (width).
  private static func tabulatedRows(_ shape: Shape, of width: Int, _ row: ([Int]) -> [Double]) -> Tensor {
    var values: [Float] = []
    for index in 0..<shape.count {
      var place = Array(repeating: 0, count: shape.rank)
      var rest = index
      for axis in stride(from: shape.rank - 1, through: 0, by: -1) {
        (rest, place[axis]) = rest.quotientAndRemainder(dividingBy: shape[axis])
      }
      values.append(contentsOf: row(place).map { Float($0) })
    }
    return Tensor(values, shape: Shape(shape.dims + [width]))
  }
}
