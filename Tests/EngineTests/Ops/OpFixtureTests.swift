import Engine
import TestSupport
import Testing

@Suite("Every op agrees with PyTorch in double precision")
struct OpFixtureTests {
  @Test("forward", arguments: OpCase.small, Layout.allCases)
  func forward(row: OpCase, layout: Layout) throws {
    let numbers = try OpNumbers(row, layout: layout)

    #expect(numbers.inputs.map(\.shape) == row.inputs, "the table and ops.py name different shapes")
    expect(row.run(numbers.inputs), equals: numbers.output, within: numbers.tolerance)
  }

  @Test("backward", arguments: OpCase.small.filter { $0.differentiable > 0 }, Layout.allCases)
  func backward(row: OpCase, layout: Layout) throws {
    let numbers = try OpNumbers(row, layout: layout)

    let gradients = row.runBackward(numbers.inputs, arriving: numbers.arriving).gradients

    for (index, gradient) in gradients.enumerated() {
      expect(gradient, equals: numbers.gradients[index], within: numbers.tolerance, "gradient \(index)")
    }
  }

  /// A frozen input takes another path through the op; what the others get must not change.
  @Test("backward to one input while the others are frozen", arguments: OpCase.small.filter { $0.differentiable > 1 })
  func backwardToOne(row: OpCase) throws {
    let numbers = try OpNumbers(row)

    for index in 0..<row.differentiable {
      var inputs = numbers.inputs
      inputs[index] = inputs[index].trackingGradient()
      row.run(inputs).backward(arriving: numbers.arriving)

      let gradient = try #require(inputs[index].gradient, "no gradient reached input \(index)")
      expect(gradient, equals: numbers.gradients[index], within: numbers.tolerance, "gradient \(index)")
    }
  }
}
