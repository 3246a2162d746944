import TestSupport
import Testing

@testable import Engine

@Suite("A convolution as one matrix product gives what the definition says")
struct Im2colConvolutionTests {
  typealias Case = ConvolutionCase

  /// Odd sizes, rows that a stride leaves over, filters that are packed in blocks, more rows than one block.
  static let cases = [
    Case(shape: [1, 1, 1, 1], outputs: 1), Case(shape: [2, 5, 7, 3], outputs: 4),
    Case(shape: [1, 3, 4, 64], outputs: 128), Case(shape: [3, 9, 8, 17], outputs: 5, stride: 2),
    Case(
      shape: [2, 8, 6, 5], outputs: 33, stride: 2, padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
    Case(shape: [1, 9, 11, 4], outputs: 6, kernel: 5, stride: 3, padding: .same(2)),
    Case(shape: [1, 6, 5, 7], outputs: 3, kernel: 2, stride: 2, padding: .none),
    Case(shape: [1, 80, 60, 50], outputs: 2),
  ]

  @Test("the output is the plain twin's", arguments: cases)
  func output(row: Case) {
    let (x, weight, bias) = (row.x, row.weight, row.bias)

    let y = row.im2col().output(of: x, weight: weight, bias: bias)

    let twin = Naive.convolution(x, weight: weight, bias: bias, stride: row.stride, padding: row.padding)
    expect(y, equals: twin, within: .relative(1e-6))
  }

  @Test("the gradient of the input is that of the direct kernels", arguments: cases)
  func gradient(row: Case) throws {
    let (x, weight, dy, im2col) = (row.x.trackingGradient(), row.weight, row.dy, row.im2col())
    let dx = Tensor(repeating: .nan, shape: row.shape)

    im2col.inputGradient(arriving: dy.pointer, weight: weight, into: dx.pointer)

    x.convolved(weight: weight, stride: row.stride, padding: row.padding).backward(arriving: dy)
    expect(dx, equals: try #require(x.gradient), within: .relative(1e-6))
  }

  @Test("it agrees with PyTorch in double precision", arguments: OpCase.plain3x3)
  func pytorch(row: OpCase) throws {
    let numbers = try OpNumbers(row)
    let (x, weight) = (numbers.inputs[0], numbers.inputs[1])
    let bias = numbers.inputs.count > 2 ? numbers.inputs[2] : nil
    let im2col = Case(shape: x.shape, outputs: weight.shape[0]).im2col()
    let dx = Tensor(repeating: .nan, shape: x.shape)

    im2col.inputGradient(arriving: numbers.arriving.pointer, weight: weight, into: dx.pointer)

    expect(im2col.output(of: x, weight: weight, bias: bias), equals: numbers.output, within: .relative(1e-6))
    expect(dx, equals: numbers.gradients[0], within: .relative(1e-6))
  }

  @Test("in bfloat16 two digits remain", .enabled(if: ArithmeticPolicy.hasBF16), arguments: cases)
  func bf16(row: Case) {
    let (x, weight, bias) = (row.x, row.weight, row.bias)

    let y = row.im2col(isBF16: true).output(of: x, weight: weight, bias: bias)
    let exact = row.im2col().output(of: x, weight: weight, bias: bias)

    expect(y, equals: exact, within: .relative(1e-2))
    #expect(y.values != exact.values, "nothing was rounded")
  }
}

extension ConvolutionCase {
  fileprivate func im2col(isBF16: Bool = false) -> Im2colConvolution {
    Im2colConvolution(geometry: geometry, arithmetic: ArithmeticPolicy(precision: isBF16 ? .bf16 : .f32))
  }
}

extension Im2colConvolution {
  fileprivate func output(of x: Tensor, weight: Tensor, bias: Tensor?) -> Tensor {
    let y = Tensor(repeating: .nan, shape: geometry.output)
    run(x.pointer, weight: weight, bias: bias?.pointer, into: y.pointer)
    return y
  }
}
