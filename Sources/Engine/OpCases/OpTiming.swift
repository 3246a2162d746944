/// How fast one op is at one shape: medians over repetitions, after one run that prepares kernels and memory.
public struct OpTiming: Sendable {
  /// The row's name: "convolved: mini 3×3".
  public let name: String
  /// Seconds of the result alone, with nothing recorded for a gradient.
  public let forward: Double
  /// Seconds of the result and all gradients; nil for an op without any.
  public let withGradients: Double?
  /// 10⁹ floating-point operations a second, forward; nil where they are not what takes the time.
  public let gigaflops: Double?
  /// 10⁹ bytes a second, forward, each input read and the result written once.
  public let gigabytesPerSecond: Double
}

extension OpCase {
  /// Runs this row `repetitions` times each way on random numbers.
  public func timed(repetitions: Int) -> OpTiming {
    precondition(repetitions > 0, "\(name): nothing to time in \(repetitions) repetitions")
    let inputs = randomInputs(seed: 1)
    let output = run(inputs)
    let arriving = Tensor(repeating: 1, shape: output.shape)
    let forward = medianSeconds(repetitions) { _ = run(inputs) }
    let both = differentiable > 0 ? medianSeconds(repetitions) { _ = runBackward(inputs, arriving: arriving) } : nil
    let moved = 4 * Double(inputs.reduce(output.count) { $0 + $1.count })
    return OpTiming(
      name: name, forward: forward, withGradients: both, gigaflops: operations.map { $0 / forward / 1e9 },
      gigabytesPerSecond: moved / forward / 1e9)
  }
}

private func medianSeconds(_ repetitions: Int, _ body: () -> Void) -> Double {
  body()
  let clock = ContinuousClock()
  let times = (0..<repetitions).map { _ in clock.measure(body) / .seconds(1) }.sorted()
  return (times[(repetitions - 1) / 2] + times[repetitions / 2]) / 2
}
