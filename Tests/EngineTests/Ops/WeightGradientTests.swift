import Engine
import TestSupport
import Testing

/// Serialized, because the number of threads is the process's.
@Suite("The gradient of weights is the sum over all rows, in one part or in two", .serialized)
struct WeightGradientTests {
  /// Two parts begin at 1,024 rows; 1,031 leaves them unequal, and 65 outputs are the fewest whose rows are packed.
  @Test(arguments: [1023, 1024, 1031], [33, 65])
  func sums(rows: Int, outputs: Int) {
    let inputs = 37
    let random = RandomSource(seed: 3)
    let x = random.normal([rows * inputs], step: 0).reshaped([rows, inputs])
    let dy = random.normal([rows * outputs], step: 1).reshaped([rows, outputs])
    let expected = product(dy.values, x.values, rows: rows, outputs, inputs)

    for threads in [1, 2] {
      let weight = Tensor(zeros: [outputs, inputs]).trackingGradient()
      onThreads(threads) { x.linear(weight: weight).backward(arriving: dy) }

      let found = weight.gradient!.values
      // Sums of some thousand products of normal numbers: their size is √rows.
      let error = zip(found, expected).map { abs(Double($0) - $1) }.max()!
      #expect(error < 1e-6 * Double(rows), "\(threads) threads")
    }
  }
}

/// dyᵀ·x in double precision.
private func product(_ dy: [Float], _ x: [Float], rows: Int, _ outputs: Int, _ inputs: Int) -> [Double] {
  var sums = Array(repeating: 0.0, count: outputs * inputs)
  for row in 0..<rows {
    for output in 0..<outputs {
      for input in 0..<inputs {
        sums[output * inputs + input] += Double(dy[row * outputs + output]) * Double(x[row * inputs + input])
      }
    }
  }
  return sums
}
