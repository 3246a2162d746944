import Kernels

/// Random numbers that depend on (seed, stream, step, sample) and on nothing else: never on threads, order or history.
///
/// Philox4x32-10 with the seed as key and (position, sample, step, stream) as counter, so that any step of a run can
/// be repeated alone, and a resumed run draws what the uninterrupted one would have drawn.
public struct RandomSource: Sendable, Hashable {
  public let seed: UInt64
  public let stream: UInt32

  public init(seed: UInt64, stream: UInt32 = 0) {
    self.seed = seed
    self.stream = stream
  }

  private var key: [UInt32] { [UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32)] }

  /// Four uniform 32-bit numbers.
  public func words(step: Int, sample: Int = 0, position: Int = 0) -> SIMD4<UInt32> {
    let counter = [
      UInt32(truncatingIfNeeded: position), UInt32(truncatingIfNeeded: sample), UInt32(truncatingIfNeeded: step),
      stream,
    ]
    var out: [UInt32] = [0, 0, 0, 0]
    kernels_philox(key, counter, &out)
    return SIMD4(out[0], out[1], out[2], out[3])
  }

  /// A whole number in `range`, uniform to within 2⁻³² of its width.
  public func integer(in range: Range<Int>, step: Int, sample: Int = 0, position: Int = 0) -> Int {
    precondition(!range.isEmpty, "no number to draw from \(range)")
    let word = UInt64(words(step: step, sample: sample, position: position)[0])
    // In Swift a shift binds tighter than a product.
    return range.lowerBound + Int((word * UInt64(range.count)) >> 32)
  }

  /// A number in [0, 1).
  public func uniform(step: Int, sample: Int = 0, position: Int = 0) -> Float {
    Float(words(step: step, sample: sample, position: position)[0] >> 8) / 16_777_216
  }

  /// Standard normal numbers; row i along the first axis is sample `firstSample` + i.
  public func normal(_ shape: Shape, step: Int, firstSample: Int = 0) -> Tensor {
    let y = Tensor(uninitialized: shape)
    let rows = shape.rank == 0 ? 1 : shape[0]
    ThreadPool.run(rows) { row in
      let counter: [UInt32] = [
        0, UInt32(truncatingIfNeeded: firstSample + row), UInt32(truncatingIfNeeded: step), stream,
      ]
      kernels_philox_normal(key, counter, Int64(shape.stride), y.pointer + row * shape.stride)
    }
    return y
  }

  /// Numbers uniform in ±bound; one stream of draws for the whole shape.
  public func uniform(_ shape: Shape, bound: Float, step: Int) -> Tensor {
    let y = Tensor(uninitialized: shape)
    ThreadPool.runElements(y.count) { start, count in
      kernels_philox_uniform(
        key, stream, UInt32(truncatingIfNeeded: step), Int64(start), count, bound, y.pointer + start)
    }
    return y
  }

  /// A random order of 0 ..< count (Fisher–Yates).
  public func permutation(_ count: Int, step: Int, sample: Int = 0) -> [Int] {
    var order = Array(0..<count)
    for i in stride(from: count - 1, to: 0, by: -1) {
      order.swapAt(i, integer(in: 0..<i + 1, step: step, sample: sample, position: i))
    }
    return order
  }
}
