import Engine
import TestSupport

/// What Tests/Reference/ops.py computed for one row of the table.
struct OpNumbers {
  let inputs: [Tensor]
  let output: Tensor
  /// The gradient that arrives at the output, and what it becomes at each input.
  let arriving: Tensor
  let gradients: [Tensor]
  let tolerance: Tolerance

  init(_ row: OpCase, layout: Layout = .alone) throws {
    // Operators cannot name files.
    let file = try Fixture("ops/" + (["+": "add", "-": "subtract", "*": "multiply"][row.op] ?? row.op))
    inputs = try file.numbered("\(row.detail)/input.").map(layout.arrange)
    output = try file["\(row.detail)/output"]
    arriving = try layout.arrange(file["\(row.detail)/arriving"])
    gradients = try file.numbered("\(row.detail)/gradient.")
    tolerance =
      switch row.name {
      // Numbers around 100 with deviation 1 have two digits less for what layerNorm keeps of them.
      case "layerNorm: far from zero": .relative(1e-5)
      // Scores in the hundreds, whose rounding the exponential magnifies.
      case "attention: sharp": .relative(1e-5)
      // float32 rounds to 6e-8; sums round a few times.
      default: .relative(1e-6)
      }
  }
}
