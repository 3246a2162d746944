import Engine

/// What an op costs beside its arithmetic: ops on a few numbers, recorded and walked back.
struct OverheadBench {
  let repetitions: Int

  private static let cases: [OpCase] = [
    OpCase("+", "", [[16], [16]]) { $0[0] + $0[1] },
    OpCase("scaled", "", [[16]]) { $0[0].scaled(by: 2) },
    OpCase("linear", "", [[1, 4], [4, 4], [4]]) { $0[0].linear(weight: $0[1], bias: $0[2]) },
    OpCase("layerNorm", "", [[1, 4], [4], [4]]) { $0[0].layerNorm(scale: $0[1], shift: $0[2], epsilon: 1e-5) },
    OpCase("activated", "", [[16]]) { $0[0].activated(.silu) },
    OpCase("attention", "", [[1, 1, 4], [1, 1, 4], [1, 1, 4]]) {
      $0[0].attention(keys: $0[1], values: $0[2], heads: 1)
    },
    OpCase("convolved", "", [[1, 1, 1, 4], [4, 4, 1, 1]]) { $0[0].convolved(weight: $0[1], padding: .none) },
    OpCase("reshaped", "", [[16]]) { $0[0].reshaped([4, 4]) },
  ]

  /// Two rows an op: the result alone, and with recording and gradients.
  func rows() -> [BenchRow] {
    OverheadBench.cases.flatMap { op in
      [false, true].map { gradients in
        let run = TimedCase(op, .activations).prepared(gradients: gradients)
        // A thousand calls a sample: one is shorter than the clock's own cost.
        let samples: [BenchRow.Probed] = (0..<max(3, repetitions)).map { _ in
          let seconds = Stopwatch.sample(atLeast: 0) { for _ in 0..<1000 { run() } } / 1000
          return (BenchSample(seconds: seconds, peakMemoryBytes: ProcessMemory.peak), nil)
        }
        var plan = BenchPlan(.ops, threads: ThreadPool.threads)
        plan.op = 0
        return BenchRow(
          plan, ["name": .string("overhead of \(op.op)\(gradients ? " + gradients" : "")")], ours: samples)
      }
    }
  }
}
