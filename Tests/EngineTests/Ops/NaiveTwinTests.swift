import Engine
import TestSupport
import Testing

/// More shapes than the fixtures hold: wherever a kernel changes its path or a block ends.
@Suite("Fast ops agree with their plain twins")
struct NaiveTwinTests {
  @Test("convolution", arguments: [1, 3, 16, 17], [(1, 1), (7, 1), (16, 1), (33, 1), (5, 2)])
  func convolution(channels: Int, output: (channels: Int, stride: Int)) {
    let padding = output.stride == 1 ? Padding.same(1) : Padding(top: 0, left: 1, bottom: 1, right: 1)
    for (height, width) in [(2, 3), (5, 4), (3, 11)] {
      let x = normal([2, height, width, channels], 0)
      let (weight, bias) = (normal([output.channels, channels, 3, 3], 1), normal([output.channels], 2))

      let y = x.convolved(weight: weight, bias: bias, stride: output.stride, padding: padding)

      let twin = Naive.convolution(x, weight: weight, bias: bias, stride: output.stride, padding: padding)
      expect(y, equals: twin, within: .relative(1e-6), "\(height)×\(width) pixels")
    }
  }

  @Test("attention", arguments: [1, 7, 63, 64, 65, 129], [1, 5, 16, 77])
  func attention(queries: Int, keys: Int) {
    for (heads, width) in [(1, 1), (2, 5), (1, 17)] {
      let q = normal([2, queries, heads * width], 0)
      let (k, v) = (normal([2, keys, heads * width], 1), normal([2, keys, heads * width], 2))

      let (y, causal) = (
        q.attention(keys: k, values: v, heads: heads), q.attention(keys: k, values: v, heads: heads, causal: true)
      )

      let what = "\(heads) heads of \(width)"
      expect(y, equals: Naive.attention(q, k, v, heads: heads, causal: false), within: .relative(1e-6), what)
      expect(causal, equals: Naive.attention(q, k, v, heads: heads, causal: true), within: .relative(1e-6), what)
    }
  }

  @Test("groupNorm", arguments: [(1, 1), (1, 7), (4, 16), (3, 33), (32, 64), (5, 85)], [true, false])
  func groupNorm(groups: (count: Int, channels: Int), silu: Bool) {
    for (height, width) in [(1, 3), (5, 7), (8, 8)] {
      let x = normal([3, height, width, groups.channels], 0)
      let (scale, shift) = (normal([groups.channels], 1), normal([groups.channels], 2))

      let y = x.groupNorm(groups: groups.count, scale: scale, shift: shift, epsilon: 1e-5, silu: silu)

      let twin = Naive.groupNorm(x, groups: groups.count, scale: scale, shift: shift, epsilon: 1e-5, silu: silu)
      expect(y, equals: twin, within: .relative(1e-6), "\(height)×\(width) pixels")
    }
  }
}

private func normal(_ shape: Shape, _ stream: UInt32) -> Tensor {
  RandomSource(seed: 3, stream: stream).normal(shape, step: 0)
}
