import TestSupport
import Testing

@testable import Engine

/// One image is cut into bands of rows for the threads; eight images or more are not.
struct ConvolutionBandsTests {
  typealias Case = ConvolutionCase

  /// Large enough to be cut.
  static let cases = [
    Case(shape: [1, 33, 31, 40], outputs: 48, kernel: 3, stride: 1, padding: .same(1)),
    Case(shape: [1, 34, 32, 64], outputs: 64, kernel: 3, stride: 2, padding: .same(1)),
    Case(
      shape: [1, 35, 32, 64], outputs: 64, kernel: 3, stride: 2, padding: .init(top: 0, left: 0, bottom: 1, right: 1)),
    Case(shape: [2, 40, 20, 48], outputs: 48, kernel: 5, stride: 2, padding: .same(2)),
    Case(shape: [1, 29, 41, 48], outputs: 128, kernel: 4, stride: 3, padding: .none),
  ]

  @Test("bands give what the whole image gives", arguments: cases)
  func sameAsWhole(row: Case) throws {
    let (x, weight) = (row.x, row.weight)
    func run(_ x: Tensor) throws -> (y: Tensor, dx: Tensor) {
      let x = x.trackingGradient()
      let y = x.convolved(weight: weight, stride: row.stride, padding: row.padding)
      y.backward(arriving: y.detached())
      return (y.detached(), try #require(x.gradient))
    }

    let banded = try run(x)
    let whole = try run(x.repeated(8))

    #expect(row.geometry.bandsPerImage(of: row.shape[1]) > 1)
    expect(banded.y, equals: whole.y.sliced(0..<row.shape[0]), within: .relative(1e-6))
    expect(banded.dx, equals: whole.dx.sliced(0..<row.shape[0]), within: .relative(1e-6))
  }
}
