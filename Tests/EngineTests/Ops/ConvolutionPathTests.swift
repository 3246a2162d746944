import TestSupport
import Testing

@testable import Engine

/// Frozen filters take another way than trained ones; which one is nobody's business but the clock's.
@Suite("Frozen filters convolve as trained ones do, by the fastest way", .serialized)
struct ConvolutionPathTests {
  struct Case: CustomTestStringConvertible {
    let shape: Shape
    let outputs: Int
    var stride = 1
    var padding = Padding.same(1)
    let way: String
    /// Where memory is short.
    var smallWay: String?
    /// In bfloat16, and where memory is short too.
    var halfWay: String?
    var smallHalfWay: String?
    var testDescription: String { "\(shape) to \(outputs), stride \(stride): \(way)" }
    var weightShape: Shape { [outputs, shape[3], 3, 3] }
  }

  /// Our own products, on CPUs that have no better ones, open ways of their own.
  private static let isOwn = GemmBackend.isOwn

  /// Small layers that take each way, at sizes that no block divides.
  static let cases = [
    Case(shape: [1, 17, 13, 33], outputs: 47, way: "F(4×4)"),
    Case(shape: [7, 5, 6, 48], outputs: 32, way: "F(4×4)"),
    Case(
      shape: [1, 27, 25, 170], outputs: 191, way: "F(4×4)", smallWay: "F(2×2)", halfWay: "F(2×2)",
      smallHalfWay: "im2col"),
    Case(
      shape: [1, 61, 66, 160], outputs: 192, way: isOwn ? "F(6×6)" : "F(4×4)", smallWay: "F(4×4)",
      smallHalfWay: "F(4×4)"),
    Case(
      shape: [1, 125, 128, 35], outputs: 32, way: isOwn ? "F(6×6)" : "F(4×4)", smallWay: "F(4×4)",
      smallHalfWay: "F(4×4)"),
    Case(
      shape: [3, 25, 24, 192], outputs: 192, way: "F(4×4)", smallWay: "F(2×2)", halfWay: "F(2×2)",
      smallHalfWay: "im2col"),
    Case(shape: [1, 13, 11, 175], outputs: 190, way: "F(2×2)", smallHalfWay: "im2col"),
    Case(shape: [2, 12, 14, 192], outputs: 256, way: "F(2×2)", smallHalfWay: "im2col"),
    Case(shape: [1, 7, 5, 179], outputs: 192, way: "im2col"),
    Case(
      shape: [2, 8, 8, 192], outputs: 179, way: isOwn ? "F(2×2)" : "im2col", smallWay: "im2col",
      smallHalfWay: "im2col"),
    Case(shape: [2, 6, 5, 192], outputs: 179, way: "im2col"),
    Case(shape: [1, 15, 14, 181], outputs: 192, stride: 2, way: "im2col"),
    Case(
      shape: [2, 14, 13, 192], outputs: 181, stride: 2, padding: .init(top: 0, left: 0, bottom: 1, right: 1),
      way: "im2col"),
    Case(shape: [1, 20, 21, 31], outputs: 64, way: isOwn ? "indirect" : "direct"),
    Case(shape: [1, 8, 8, 64], outputs: 64, way: isOwn ? "indirect" : "direct"),
    Case(shape: [1, 20, 21, 11], outputs: 64, way: "direct"),
    Case(shape: [1, 40, 31, 31], outputs: 64, way: "direct"),
    Case(shape: [1, 130, 129, 5], outputs: 64, way: isOwn ? "im2col forward" : "direct"),
    Case(shape: [1, 71, 70, 40], outputs: 33, stride: 2, way: isOwn ? "indirect" : "direct"),
    Case(
      shape: [1, 128, 127, 171], outputs: 172, stride: 2, way: isOwn ? "indirect" : "im2col", smallWay: "im2col",
      halfWay: "im2col", smallHalfWay: "im2col"),
    Case(shape: [2, 9, 8, 40], outputs: 33, stride: 2, way: isOwn ? "indirect" : "direct"),
  ]

  @Test("the way is the one that was fastest", arguments: cases)
  func choice(row: Case) {
    #expect(way(row, ArithmeticPolicy()) == row.way)
    #expect(way(row, ArithmeticPolicy(memory: .small)) == row.smallWay ?? row.way)
    guard ArithmeticPolicy(precision: .bf16).keepsBF16 else { return }
    #expect(way(row, ArithmeticPolicy(precision: .bf16)) == row.halfWay ?? row.way)
    #expect(way(row, ArithmeticPolicy(precision: .bf16, memory: .small)) == row.smallHalfWay ?? row.way)
  }

  @Test("output and gradient are those of trained filters", arguments: cases)
  func sameAsTrained(row: Case) throws {
    let frozen = try results(row, isTrainable: false)
    let trained = try results(row, isTrainable: true)

    expect(frozen.y, equals: trained.y, within: .relative(1e-5))
    expect(frozen.dx, equals: trained.dx, within: .relative(1e-5))
    // An indirect convolution may happen to add in the order of the direct kernels.
    let isSame = frozen.y.values == trained.y.values
    #expect(isSame == (row.way == "direct") || row.way == "indirect", "the other way was not taken")
  }

  @Test("without memory for packed filters nothing changes but the last digits", arguments: cases)
  func smallMemory(row: Case) throws {
    let small = try ArithmeticPolicy(memory: .small).during { try results(row, isTrainable: false) }
    let fast = try results(row, isTrainable: false)

    expect(small.y, equals: fast.y, within: .relative(1e-5))
    expect(small.dx, equals: fast.dx, within: .relative(1e-5))
  }

  @Test("in bfloat16 two digits remain", .enabled(if: ArithmeticPolicy(precision: .bf16).keepsBF16), arguments: cases)
  func bf16(row: Case) throws {
    let half = try ArithmeticPolicy(precision: .bf16).during { try results(row, isTrainable: false) }
    let exact = try results(row, isTrainable: false)

    expect(half.y, equals: exact.y, within: .relative(1e-2))
    expect(half.dx, equals: exact.dx, within: .relative(1e-2))
    let taken = way(row, ArithmeticPolicy(precision: .bf16))
    #expect((half.y.values != exact.y.values) == (taken == "im2col" || taken == "F(2×2)"), "\(taken)")
  }

  @Test("the number of threads changes no bit", arguments: cases, [ArithmeticPolicy.Precision.f32, .bf16])
  func threads(row: Case, precision: ArithmeticPolicy.Precision) throws {
    let before = ThreadPool.threads
    defer { ThreadPool.setThreads(before) }
    let several = try [1, 2, 3].map { threads in
      ThreadPool.setThreads(threads)
      return try ArithmeticPolicy(precision: precision).during { try results(row, isTrainable: false) }
    }

    for other in several.dropFirst() {
      expect(other.y, equals: several[0].y, within: .exact)
      expect(other.dx, equals: several[0].dx, within: .exact)
    }
  }

  @Test("changed filters are made ready anew", arguments: cases)
  func changedFilters(row: Case) {
    let x = normal(row.shape, 0)
    let weight = Parameter(name: "w", value: normal(row.weightShape, 1))
    func output() -> Tensor { x.convolved(weight: weight.value, stride: row.stride, padding: row.padding) }
    let before = output()

    weight.assign(weight.value.detached().scaled(by: 2))

    expect(output(), equals: before.scaled(by: 2), within: .relative(1e-6))
  }
}

private func way(_ row: ConvolutionPathTests.Case, _ arithmetic: ArithmeticPolicy) -> String {
  let geometry = ConvolutionGeometry(
    input: row.shape, weight: row.weightShape, stride: row.stride, padding: row.padding)
  return switch ConvolutionPath(geometry, isFrozen: true, arithmetic: arithmetic) {
  case .direct: "direct"
  case .im2col: "im2col"
  case .im2colForward: "im2col forward"
  case .indirect: "indirect"
  case .winograd(let winograd): "F(\(winograd.tile)×\(winograd.tile))"
  }
}

/// y with bias, and the gradient of x for an arriving random dy.
private func results(_ row: ConvolutionPathTests.Case, isTrainable: Bool) throws -> (y: Tensor, dx: Tensor) {
  let x = normal(row.shape, 0).trackingGradient()
  let weight = Parameter(name: "w", value: normal(row.weightShape, 1))
  weight.isTrainable = isTrainable
  let y = x.convolved(
    weight: weight.value, bias: normal([row.outputs], 2), stride: row.stride, padding: row.padding)
  y.backward(arriving: normal(y.shape, 3))
  return (y.detached(), try #require(x.gradient))
}

private func normal(_ shape: Shape, _ stream: UInt32) -> Tensor {
  RandomSource(seed: 4, stream: stream).normal(shape, step: 0)
}
