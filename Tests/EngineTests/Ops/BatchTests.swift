import Engine
import TestSupport
import Testing

/// A batch is cut into pieces for the threads: each sample must come out as it would alone.
@Suite("A sample's result does not depend on its batch")
struct BatchTests {
  /// Rows of the default session's sizes whose first input is a batch.
  static let rows = OpCase.timed.filter { $0.inputs[0][0] > 1 && $0.op != "meanSquaredError" }

  @Test("first, middle and last sample", arguments: rows)
  func samples(row: OpCase) {
    let inputs = row.randomInputs(seed: 9)
    let arriving = RandomSource(seed: 10).normal(row.run(inputs).shape, step: 0)
    let whole = row.runBackward(inputs, arriving: arriving)

    for sample in [0, row.inputs[0][0] / 2, row.inputs[0][0] - 1] {
      let one = sample..<sample + 1
      let alone = inputs.enumerated().map { $0 < row.batchedInputs ? $1.sliced(one) : $1 }
      let single = row.runBackward(alone, arriving: arriving.sliced(one))

      expect(whole.output.sliced(one), equals: single.output, within: .relative(1e-6), "sample \(sample)")
      expect(
        whole.gradients[0].sliced(one), equals: single.gradients[0], within: .relative(1e-6),
        "gradient of sample \(sample)")
    }
  }
}

extension OpCase {
  /// How many inputs, from the first on, hold one entry a sample; the others are weights.
  fileprivate var batchedInputs: Int {
    switch op {
    case "attention": 3
    case "concatenatedChannels": 2
    default: 1
    }
  }
}
