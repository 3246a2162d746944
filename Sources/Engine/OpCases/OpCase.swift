/// One use of one op, at given shapes. One table of them serves every check and `diva-tui bench`:
/// `small` is compared with PyTorch, with finite differences and across thread counts; `timed` is measured.
///
/// A new op gets a row in `small` and its numbers from Tests/Reference/ops.py; a test fails while it has none.
public struct OpCase: Sendable {
  /// The op as it is called: "convolved", "+".
  public let op: String
  /// What is particular about this case: "3×3, stride 2".
  public let detail: String
  public let inputs: [Shape]
  /// How many inputs, from the first on, get a gradient; what follows is data.
  public let differentiable: Int
  /// Floating-point operations of one run, a multiply-add counting as two; nil where memory, not arithmetic, is the
  /// limit.
  public let operations: Double?
  /// What the shapes leave open, for those who compute the same elsewhere: "stride", "heads", …
  public let settings: [String: Int]
  public let run: @Sendable ([Tensor]) -> Tensor

  public init(
    _ op: String, _ detail: String = "", _ inputs: [Shape], differentiable: Int? = nil, operations: Double? = nil,
    settings: [String: Int] = [:], run: @escaping @Sendable ([Tensor]) -> Tensor
  ) {
    self.op = op
    self.detail = detail
    self.inputs = inputs
    self.differentiable = differentiable ?? inputs.count
    self.operations = operations
    self.settings = settings
    self.run = run
  }

  public var name: String { detail.isEmpty ? op : "\(op): \(detail)" }

  /// Standard normal numbers in the shapes of the inputs.
  public func randomInputs(seed: UInt64) -> [Tensor] {
    inputs.enumerated().map { index, shape in
      RandomSource(seed: seed, stream: UInt32(index)).normal(shape.rank == 0 ? [1] : shape, step: 0).reshaped(shape)
    }
  }

  /// The result, and the gradient of every differentiable input when `arriving` comes back to the result.
  public func runBackward(_ inputs: [Tensor], arriving: Tensor) -> (output: Tensor, gradients: [Tensor]) {
    let leaves = inputs.enumerated().map { $0 < differentiable ? $1.trackingGradient() : $1 }
    let output = run(leaves)
    output.backward(arriving: arriving)
    let gradients = leaves.prefix(differentiable).map { leaf in
      guard let gradient = leaf.gradient else { preconditionFailure("\(name): no gradient reached \(leaf.shape)") }
      return gradient
    }
    return (output, gradients)
  }
}

// The families whose operations can be counted.
extension OpCase {
  static func linear(_ detail: String, _ x: Shape, outputs: Int, bias: Bool = true) -> OpCase {
    let weight: Shape = [outputs, x.last]
    return OpCase(
      "linear", detail, bias ? [x, weight, [outputs]] : [x, weight], operations: 2 * Double(x.count * outputs)
    ) { $0[0].linear(weight: $0[1], bias: $0.count > 2 ? $0[2] : nil) }
  }

  static func matmul(_ detail: String, _ a: Shape, _ b: Shape, transposed: Bool = false) -> OpCase {
    let columns = transposed ? b[0] : b[1]
    return OpCase("matmul", detail, [a, b], operations: 2 * Double(a.count * columns)) {
      $0[0].matmul($0[1], transposed: transposed)
    }
  }

  /// `kernel` is the side of the square filters.
  static func convolution(
    _ detail: String, _ x: Shape, outputs: Int, kernel: Int = 3, bias: Bool = true, stride: Int = 1,
    padding: Padding = .same(1)
  ) -> OpCase {
    let weight: Shape = [outputs, x[3], kernel, kernel]
    let height = (x[1] + padding.top + padding.bottom - kernel) / stride + 1
    let width = (x[2] + padding.left + padding.right - kernel) / stride + 1
    return OpCase(
      "convolved", detail, bias ? [x, weight, [outputs]] : [x, weight],
      operations: 2 * Double(x[0] * height * width * weight.count),
      settings: [
        "stride": stride, "top": padding.top, "left": padding.left, "bottom": padding.bottom, "right": padding.right,
      ]
    ) { $0[0].convolved(weight: $0[1], bias: $0.count > 2 ? $0[2] : nil, stride: stride, padding: padding) }
  }

  static func attention(_ detail: String, _ queries: Shape, keys: Int, heads: Int, causal: Bool = false) -> OpCase {
    let context: Shape = [queries[0], keys, queries[2]]
    return OpCase(
      "attention", detail, [queries, context, context], operations: 4 * Double(queries.count * keys),
      settings: ["heads": heads, "causal": causal ? 1 : 0]
    ) { $0[0].attention(keys: $0[1], values: $0[2], heads: heads, causal: causal) }
  }

  static func layerNorm(_ detail: String, _ x: Shape) -> OpCase {
    OpCase("layerNorm", detail, [x, [x.last], [x.last]]) {
      $0[0].layerNorm(scale: $0[1], shift: $0[2], epsilon: 1e-5)
    }
  }

  static func rotatedPairs(_ detail: String, _ x: Shape, _ angles: Shape) -> OpCase {
    OpCase("rotatedPairs", detail, [x, angles, angles], differentiable: 1) {
      $0[0].rotatedPairs(cosines: $0[1], sines: $0[2])
    }
  }

  static func rmsNorm(_ detail: String, _ x: Shape) -> OpCase {
    OpCase("rmsNorm", detail, [x, [x.last]]) { $0[0].rmsNorm(scale: $0[1], epsilon: 1e-5) }
  }

  static func groupNorm(_ detail: String, _ x: Shape, groups: Int, silu: Bool = false) -> OpCase {
    OpCase(
      "groupNorm", detail, [x, [x.last], [x.last]], settings: ["groups": groups, "silu": silu ? 1 : 0]
    ) {
      $0[0].groupNorm(groups: groups, scale: $0[1], shift: $0[2], epsilon: 1e-5, silu: silu)
    }
  }

  static func activated(_ activation: Activation, _ x: Shape, detail: String? = nil) -> OpCase {
    let setting = Activation.allCases.firstIndex(of: activation) ?? 0
    return OpCase("activated", detail ?? activation.rawValue, [x], settings: ["activation": setting]) {
      $0[0].activated(activation)
    }
  }
}

extension OpCase: CustomStringConvertible {
  public var description: String { name }
}
