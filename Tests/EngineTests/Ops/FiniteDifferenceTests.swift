import Engine
import TestSupport
import Testing

/// The gradient by central differences, from sums in double precision: needs no other library to be right.
@Suite("Every op's gradient is the slope of its result")
struct FiniteDifferenceTests {
  @Test("slope", arguments: OpCase.small.filter { $0.differentiable > 0 })
  func slope(row: OpCase) throws {
    let numbers = try OpNumbers(row)
    let gradients = row.runBackward(numbers.inputs, arriving: numbers.arriving).gradients

    for (index, gradient) in gradients.enumerated() {
      let places = spread(24, over: gradient.count)
      let slopes = places.map { measuredSlope(row, numbers, input: index, place: $0) }
      let all = gradient.values

      expect(
        Tensor(places.map { all[$0] }, shape: [places.count]), equals: Tensor(slopes, shape: [places.count]),
        within: .relative(2e-3), "gradient \(index) at \(places)")
    }
  }
}

/// At most `count` places, evenly over 0 ..< `total`.
private func spread(_ count: Int, over total: Int) -> [Int] {
  let count = min(count, total)
  return (0..<count).map { ($0 * total + total / 2) / count }
}

/// d(result · arriving) / d(input[place]), the error of two step sizes cancelled against each other (Richardson).
private func measuredSlope(_ row: OpCase, _ numbers: OpNumbers, input: Int, place: Int) -> Float {
  let near = centralDifference(row, numbers, input: input, place: place, step: 1.0 / 64)
  let far = centralDifference(row, numbers, input: input, place: place, step: 1.0 / 32)
  return Float((4 * near - far) / 3)
}

private func centralDifference(
  _ row: OpCase, _ numbers: OpNumbers, input: Int, place: Int, step: Float
) -> Double {
  let centre = numbers.inputs[input].values[place]
  let (right, left) = (centre + step, centre - step)
  let rise = result(row, numbers, input, place, right) - result(row, numbers, input, place, left)
  // The step as it was taken: the sums above round.
  return rise / (Double(right) - Double(left))
}

/// Σ result·arriving when one number of one input is replaced.
private func result(_ row: OpCase, _ numbers: OpNumbers, _ input: Int, _ place: Int, _ value: Float) -> Double {
  var inputs = numbers.inputs
  var values = inputs[input].values
  values[place] = value
  inputs[input] = Tensor(values, shape: inputs[input].shape)
  return zip(row.run(inputs).values, numbers.arriving.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}
