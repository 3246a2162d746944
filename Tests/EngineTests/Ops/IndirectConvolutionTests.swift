import TestSupport
import Testing

@testable import Engine

@Suite(
  "A convolution that finds pixels by their addresses gives what the definition says",
  .enabled(if: GemmBackend.isOwn))
struct IndirectConvolutionTests {
  typealias Case = ConvolutionCase

  /// Sizes that no tile divides, channels that need several parts of a column, columns that fill no panel, more results
  /// than one block, other filters than 3×3, and padding on some sides only.
  static let cases = [
    Case(shape: [1, 1, 1, 1], outputs: 1), Case(shape: [2, 5, 7, 3], outputs: 4),
    Case(shape: [2, 4, 4, 96], outputs: 96), Case(shape: [1, 3, 4, 400], outputs: 17),
    Case(shape: [3, 9, 8, 17], outputs: 5, stride: 2), Case(shape: [7, 8, 8, 20], outputs: 33),
    Case(shape: [2, 8, 6, 5], outputs: 33, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
    Case(shape: [1, 9, 11, 40], outputs: 24, kernel: 5, padding: .same(2)),
    Case(shape: [1, 6, 5, 7], outputs: 3, kernel: 2, padding: .none),
    Case(shape: [2, 7, 6, 31], outputs: 64, padding: Padding(top: 2, left: 0, bottom: 1, right: 2)),
  ]

  @Test("the output is the plain twin's", arguments: cases)
  func output(row: Case) throws {
    let (x, weight, bias) = (row.x, row.weight, row.bias)

    let y = try row.output(of: x, weight: weight, bias: bias)

    let twin = Naive.convolution(x, weight: weight, bias: bias, stride: row.stride, padding: row.padding)
    expect(y, equals: twin, within: .relative(1e-6))
  }

  @Test("the gradient of the input is that of the direct kernels", arguments: cases.filter { $0.stride == 1 })
  func gradient(row: Case) throws {
    let (x, weight, dy) = (row.x.trackingGradient(), row.weight, row.dy)

    let dx = try row.inputGradient(arriving: dy, weight: weight)

    x.convolved(weight: weight, stride: row.stride, padding: row.padding).backward(arriving: dy)
    expect(dx, equals: try #require(x.gradient), within: .relative(1e-6))
  }

  @Test("it agrees with PyTorch in double precision", arguments: OpCase.plain3x3)
  func pytorch(row: OpCase) throws {
    let numbers = try OpNumbers(row)
    let (x, weight) = (numbers.inputs[0], numbers.inputs[1])
    let bias = numbers.inputs.count > 2 ? numbers.inputs[2] : nil
    let case3x3 = Case(shape: x.shape, outputs: weight.shape[0])

    let y = try case3x3.output(of: x, weight: weight, bias: bias)
    let dx = try case3x3.inputGradient(arriving: numbers.arriving, weight: weight)

    expect(y, equals: numbers.output, within: .relative(1e-6))
    expect(dx, equals: numbers.gradients[0], within: .relative(1e-6))
  }

  @Test("a stride has no gradient of its own, and too large sizes have no way")
  func refusals() {
    #expect(IndirectConvolution(gradientOf: Case(shape: [1, 8, 8, 32], outputs: 32, stride: 2).geometry) == nil)
    #expect(IndirectConvolution(Case(shape: [1, 8, 8, 1025], outputs: 1).geometry) == nil)
    #expect(IndirectConvolution(Case(shape: [1, 8, 8, 4], outputs: 4, kernel: 6).geometry) == nil)
  }
}

extension ConvolutionCase {
  fileprivate func output(of x: Tensor, weight: Tensor, bias: Tensor?) throws -> Tensor {
    let y = Tensor(repeating: .nan, shape: geometry.output)
    try #require(IndirectConvolution(geometry))
      .run(x.pointer, weight: weight, bias: bias?.pointer, into: y.pointer)
    return y
  }

  fileprivate func inputGradient(arriving dy: Tensor, weight: Tensor) throws -> Tensor {
    let dx = Tensor(repeating: .nan, shape: shape)
    try #require(IndirectConvolution(gradientOf: geometry)).run(dy.pointer, weight: weight, into: dx.pointer)
    return dx
  }
}
