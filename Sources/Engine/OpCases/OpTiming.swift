import Glibc

/// One op as a model uses it, to be timed.
public struct TimedCase: Sendable {
  /// What the inputs after the first are.
  public enum Others: String, Codable, Sendable {
    /// Activations as the first; each gets a gradient.
    case activations
    /// A layer's weights, frozen: packed once, and without a gradient.
    case frozen
    /// A layer's weights in training: they change between two uses, and get a gradient.
    case trained
  }

  public let op: OpCase
  public let others: Others

  public init(_ op: OpCase, _ others: Others) {
    self.op = op
    self.others = others
  }

  /// Floating-point operations of one run; with gradients each of them costs one forward pass more, attention's three
  /// together two (what is computed again for them is not counted). nil where memory is the limit.
  public func operations(gradients: Bool) -> Double? {
    let backward: Double = op.op == "attention" || others == .trained ? 2 : 1
    return op.operations.map { gradients ? (1 + backward) * $0 : $0 }
  }

  /// Bytes of one forward run, each input read and the result written once.
  public var bytes: Double {
    let inputs = op.randomInputs(seed: 1)
    return 4 * Double(inputs.reduce(op.run(inputs).count) { $0 + $1.count })
  }

  /// One run on random numbers, repeatable: the result alone, or with all gradients.
  public func prepared(gradients: Bool) -> () -> Void {
    let random = op.randomInputs(seed: 1)
    let weights = others == .activations ? [] : random.dropFirst().map { Parameter(name: op.name, value: $0) }
    weights.forEach { $0.isTrainable = others == .trained }
    let activations = others == .activations ? random : Array(random.prefix(1))
    guard gradients else {
      return { withoutGradient { _ = op.run(activations + weights.map(\.value)) } }
    }
    let arriving = Tensor(repeating: 1, shape: withoutGradient { op.run(activations + weights.map(\.value)) }.shape)
    return {
      let leaves = activations.prefix(op.differentiable).map { $0.trackingGradient() }
      let output = op.run(leaves + activations.dropFirst(leaves.count) + weights.map(\.value))
      output.backward(arriving: arriving)
      weights.forEach { $0.clearGradient() }
    }
  }
}

/// Seconds of work that is run again and again.
public enum Stopwatch {
  /// The median run of as many as fit into `seconds`, at least one.
  public static func sample(atLeast seconds: Double, _ body: () throws -> Void) rethrows -> Double {
    let clock = ContinuousClock()
    var times: [Double] = []
    repeat { times.append(try clock.measure(body) / .seconds(1)) } while times.reduce(0, +) < seconds
    return median(times)
  }

  /// Processor time that this process has used so far, all threads together.
  public static var processorSeconds: Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  /// The middle of the sorted values, or the mean of the two in the middle; NaN of none.
  public static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    return sorted.isEmpty ? .nan : (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
}
