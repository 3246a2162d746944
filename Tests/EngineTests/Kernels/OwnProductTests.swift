import Kernels
import Testing

@testable import Engine

/// Our own products against plain sums in Double, with all kernels that this CPU can run.
@Suite("Our own matrix products")
struct OwnProductTests {
  static let kernels = GemmBackend.allCases.filter { $0.isOwn && $0.isAvailable }
  /// Rows, columns and inner sizes around the edges of tiles (6×8, 6×16, 14×32) and blocks (288 rows, 320 inner).
  static let sizes: [(m: Int, n: Int, k: Int)] = [
    (1, 1, 1), (6, 16, 8), (7, 17, 9), (5, 15, 3), (65, 33, 70), (12, 64, 256), (13, 48, 257), (289, 16, 40),
    (600, 20, 300), (3, 40, 513), (14, 32, 321), (27, 48, 640),
  ]

  @Test("whatever the layouts of both sides, packed or not", arguments: sizes, kernels)
  func layouts(size: (m: Int, n: Int, k: Int), kernels: GemmBackend) {
    for transposesLeft in [false, true] {
      for transposesRight in [false, true] {
        for isPacked in [false, true] {
          var product = Product(kernels, size, transposesLeft, transposesRight, isPacked)
          let result = product.run()
          #expect(product.error(of: result) < 1e-6, "\(product)")
          product.packsRows = true
          #expect(product.run() == result, "rows packed, \(product)")
        }
      }
    }
  }

  @Test("rows that lie a multiple of a KiB apart, and wider rows of the result", arguments: sizes, kernels)
  func strides(size: (m: Int, n: Int, k: Int), kernels: GemmBackend) {
    var product = Product(kernels, size, false, false, false)
    product.leftStride = 1024
    product.resultStride = size.n + 5
    #expect(product.error(of: product.run()) < 1e-6)
  }

  @Test("a bias, or what is there, is added once", arguments: sizes, kernels)
  func start(size: (m: Int, n: Int, k: Int), kernels: GemmBackend) {
    for isPacked in [false, true] {
      var product = Product(kernels, size, false, true, isPacked)
      product.bias = (0..<size.n).map { Float($0) - 3 }
      #expect(product.error(of: product.run()) < 1e-6)
      (product.bias, product.adds) = (nil, true)
      #expect(product.error(of: product.run()) < 1e-6)
    }
  }

  @Test("halves on the right are read exactly", arguments: [KERNELS_BF16, KERNELS_F16], kernels)
  func halves(type: KernelsType, kernels: GemmBackend) {
    for size in OwnProductTests.sizes {
      for transposesRight in [false, true] {
        for isPacked in type == KERNELS_BF16 ? [false, true] : [false] {
          var product = Product(kernels, size, false, transposesRight, isPacked)
          product.round(to: type)
          #expect(product.error(of: product.run()) < 1e-6, "\(product)")
        }
      }
    }
  }

  @Test("a part of the rows or of the columns has the bits of the whole", arguments: kernels)
  func parts(kernels: GemmBackend) {
    let whole = Product(kernels, (300, 96, 700), false, true, true)
    let all = whole.run()
    var rows = whole, columns = whole
    rows.m = 77
    columns.n = 32
    let (some, narrow) = (rows.run(), columns.run())

    for row in 0..<77 { #expect(some[row * 96..<(row + 1) * 96] == all[row * 96..<(row + 1) * 96]) }
    for row in 0..<300 { #expect(narrow[row * 32..<(row + 1) * 32] == all[row * 96..<row * 96 + 32]) }
  }
}

/// One product with its numbers.
private struct Product: CustomStringConvertible {
  let kernels: GemmBackend
  var m: Int, n: Int
  let k: Int
  let transposesLeft: Bool, transposesRight: Bool, isPacked: Bool
  var leftStride: Int, resultStride: Int
  var bias: [Float]?
  var adds = false
  var packsRows = false
  private let left: [Float]
  private var right: [Float]
  private var halves: (type: KernelsType, bits: [UInt16])?
  private let rightStride: Int

  init(
    _ kernels: GemmBackend, _ size: (m: Int, n: Int, k: Int), _ transposesLeft: Bool, _ transposesRight: Bool,
    _ isPacked: Bool
  ) {
    self.kernels = kernels
    (m, n, k) = size
    (self.transposesLeft, self.transposesRight, self.isPacked) = (transposesLeft, transposesRight, isPacked)
    leftStride = transposesLeft ? m : k
    rightStride = transposesRight ? k : n
    resultStride = n
    left = RandomSource(seed: 5, stream: 0).normal([max(m, k) * max(1024, leftStride)], step: 0).values
    right = RandomSource(seed: 5, stream: 1).normal([k * n], step: 0).values
  }

  var description: String {
    "\(m)×\(n)×\(k)\(transposesLeft ? ", left transposed" : "")\(transposesRight ? ", right transposed" : "")\(isPacked ? ", packed" : "")"
  }

  mutating func round(to type: KernelsType) {
    var bits = [UInt16](repeating: 0, count: right.count)
    if type == KERNELS_BF16 {
      kernels_bf16_from_float(Int64(right.count), right, &bits)
      kernels_float_from_bf16(Int64(right.count), bits, &right)
    } else {
      bits = right.map { Float16($0).bitPattern }
      kernels_float_from_f16(Int64(right.count), bits, &right)
    }
    halves = (type, bits)
  }

  private func before(_ index: Int) -> Float { Float(index % 7) }

  /// m×n, dense.
  func run() -> [Float] {
    var result = (0..<m * resultStride).map(before)
    func multiply(_ numbers: UnsafeRawPointer, _ type: KernelsType) {
      (bias ?? []).withUnsafeBufferPointer { biases in
        left.withUnsafeBufferPointer { left in
          result.withUnsafeMutableBufferPointer { result in
            var product = KernelsProduct(
              m: Int64(m), n: Int64(n), k: Int64(k), a: left.baseAddress, lda: Int64(leftStride),
              transposeA: transposesLeft, b: numbers, ldb: Int64(rightStride), transposeB: transposesRight, bType: type,
              bias: bias == nil ? nil : biases.baseAddress, accumulate: adds, c: result.baseAddress,
              ldc: Int64(resultStride))
            kernels_own_matmul(kernels.path, &product, packsRows, isPacked)
          }
        }
      }
    }
    if let halves { multiply(halves.bits, halves.type) } else { multiply(right, KERNELS_F32) }
    return (0..<m).flatMap { result[$0 * resultStride..<$0 * resultStride + n] }
  }

  /// The largest error beside the largest number that the sums could have been.
  func error(of result: [Float]) -> Double {
    var worst = 0.0
    for row in 0..<m {
      for column in 0..<n {
        var (sum, size) = (0.0, 1.0)
        for i in 0..<k {
          let a = left[transposesLeft ? i * leftStride + row : row * leftStride + i]
          let b = right[transposesRight ? column * rightStride + i : i * rightStride + column]
          sum += Double(a) * Double(b)
          size += abs(Double(a) * Double(b))
        }
        if let bias { sum += Double(bias[column]) }
        if adds { sum += Double(before(row * resultStride + column)) }
        worst = max(worst, abs(sum - Double(result[row * n + column])) / size)
      }
    }
    return worst
  }
}
