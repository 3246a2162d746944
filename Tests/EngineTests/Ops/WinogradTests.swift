import TestSupport
import Testing

@testable import Engine

/// Winograd's way against the plain twin and against the direct kernels, which trained weights take.
@Suite("Winograd's convolution gives what the definition says")
struct WinogradTests {
  struct Case: CustomTestStringConvertible {
    let tile: Int
    let shape: Shape
    let outputs: Int
    var testDescription: String { "F(\(tile)×\(tile)) of \(shape) to \(outputs) channels" }

    func winograd(isBF16: Bool = false) -> Winograd {
      Winograd(
        tile: tile, images: shape[0], height: shape[1], width: shape[2], inputs: shape[3], outputs: outputs,
        isBF16: isBF16)
    }
  }

  /// Sizes that no tile divides, channels that no vector does, several images, more tiles than one block, and filters
  /// that are packed in blocks of columns.
  static let cases = [2, 4, 6].flatMap { tile in
    [
      Case(tile: tile, shape: [1, 1, 1, 3], outputs: 5), Case(tile: tile, shape: [1, 7, 9, 17], outputs: 33),
      Case(tile: tile, shape: [3, 5, 6, 16], outputs: 20), Case(tile: tile, shape: [2, 8, 8, 32], outputs: 16),
      Case(tile: tile, shape: [4, 30, 29, 8], outputs: 9), Case(tile: tile, shape: [1, 6, 3, 64], outputs: 128),
    ]
  }

  @Test("the output is the plain twin's", arguments: cases)
  func output(row: Case) {
    let (x, weight, bias) = (normal(row.shape, 0), row.weight, normal([row.outputs], 2))
    let winograd = row.winograd()

    let y = winograd.output(of: x, filters: winograd.filters(of: weight, isFlipped: false), bias: bias)

    let expected = Naive.convolution(x, weight: weight, bias: bias, stride: 1, padding: .same(1))
    expect(y, equals: expected, within: .relative(1e-5))
  }

  @Test("the gradient of the input is that of the direct kernels", arguments: cases)
  func gradient(row: Case) throws {
    let (x, weight) = (normal(row.shape, 0).trackingGradient(), row.weight)
    let dy = normal(row.shape.replacingLast(with: row.outputs), 3)
    let turned = row.winograd().flipped

    let dx = turned.output(of: dy, filters: turned.filters(of: weight, isFlipped: true))

    x.convolved(weight: weight).backward(arriving: dy)
    expect(dx, equals: try #require(x.gradient), within: .relative(1e-5))
  }

  @Test("it agrees with PyTorch in double precision", arguments: [2, 4, 6], OpCase.plain3x3)
  func pytorch(tile: Int, row: OpCase) throws {
    let numbers = try OpNumbers(row)
    let (x, weight) = (numbers.inputs[0], numbers.inputs[1])
    let winograd = Case(tile: tile, shape: x.shape, outputs: weight.shape[0]).winograd()
    let bias = numbers.inputs.count > 2 ? numbers.inputs[2] : nil

    let y = winograd.output(of: x, filters: winograd.filters(of: weight, isFlipped: false), bias: bias)
    let dx = winograd.flipped.output(
      of: numbers.arriving, filters: winograd.flipped.filters(of: weight, isFlipped: true))

    expect(y, equals: numbers.output, within: .relative(5e-6))
    expect(dx, equals: numbers.gradients[0], within: .relative(5e-6))
  }

  @Test("the gradient is the adjoint of the output: ⟨y, dy⟩ = ⟨x, dx⟩", arguments: cases)
  func adjoint(row: Case) {
    let (x, weight, winograd) = (normal(row.shape, 0), row.weight, row.winograd())
    let dy = normal(row.shape.replacingLast(with: row.outputs), 3)

    let y = winograd.output(of: x, filters: winograd.filters(of: weight, isFlipped: false))
    let dx = winograd.flipped.output(of: dy, filters: winograd.flipped.filters(of: weight, isFlipped: true))

    let (left, right) = (inner(y, dy), inner(x, dx))
    #expect(abs(left - right) <= 1e-5 * (inner(y, y) * inner(dy, dy)).squareRoot())
  }

  @Test(
    "in bfloat16 two digits remain", .enabled(if: ArithmeticPolicy(precision: .bf16).keepsBF16),
    arguments: cases.prefix(6))
  func bf16(row: Case) {
    let (x, weight, bias) = (normal(row.shape, 0), row.weight, normal([row.outputs], 2))
    let winograd = row.winograd(isBF16: true)

    let y = winograd.output(of: x, filters: winograd.filters(of: weight, isFlipped: false), bias: bias)
    let exact = row.winograd().output(of: x, filters: row.winograd().filters(of: weight, isFlipped: false), bias: bias)

    expect(y, equals: exact, within: .relative(1e-2))
    #expect(y.values != exact.values, "nothing was rounded")
  }
}

extension WinogradTests.Case {
  var weight: Tensor { normal([outputs, shape[3], 3, 3], 1) }
}

extension OpCase {
  /// The rows of the table that Winograd's way can compute.
  static let plain3x3 = small.filter {
    $0.op == "convolved" && $0.inputs[1].dims.suffix(2) == [3, 3] && !$0.detail.contains("stride")
      && !$0.detail.contains("no padding")
  }
}

extension Winograd {
  fileprivate func output(of x: Tensor, filters: PackedFilters, bias: Tensor? = nil) -> Tensor {
    let y = Tensor(repeating: .nan, shape: x.shape.replacingLast(with: outputs))
    run(x.pointer, filters: filters, bias: bias?.pointer, into: y.pointer)
    return y
  }
}

private func inner(_ a: Tensor, _ b: Tensor) -> Double {
  zip(a.values, b.values).reduce(0) { $0 + Double($1.0) * Double($1.1) }
}

private func normal(_ shape: Shape, _ stream: UInt32) -> Tensor {
  RandomSource(seed: 3, stream: stream).normal(shape, step: 0)
}
