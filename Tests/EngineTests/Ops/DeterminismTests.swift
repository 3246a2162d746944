import Engine
import TestSupport
import Testing

/// Serialized, because the number of threads is the process's.
@Suite("The number of threads changes no bit", .serialized)
struct DeterminismTests {
  /// The timed rows are large enough to be cut into pieces; the largest would only take longer.
  static let rows = OpCase.small + OpCase.timed.filter { $0.inputs.reduce(0) { $0 + $1.count } < 600_000 }

  @Test("one thread, several, and a repetition", arguments: rows)
  func threads(row: OpCase) {
    let inputs = row.randomInputs(seed: 5)
    let one = onThreads(1) { row.everything(inputs) }

    for threads in [2, 3, 2] {
      let several = onThreads(threads) { row.everything(inputs) }

      for (a, b) in zip(several, one) { expect(a, equals: b, within: .exact, "\(threads) threads") }
    }
  }
}

extension OpCase {
  /// The result and all gradients.
  fileprivate func everything(_ inputs: [Tensor]) -> [Tensor] {
    let output = run(inputs)
    guard differentiable > 0 else { return [output] }
    let arriving = RandomSource(seed: 7).normal([output.count], step: 0).reshaped(output.shape)
    return [output] + runBackward(inputs, arriving: arriving).gradients
  }
}
