import TestSupport
import Testing

@testable import Engine

/// Every way of reading weights against plain Float32 ones, at sizes where blocks and pieces end.
@Suite("Products with packed weights agree with plain ones")
struct WeightsProductTests {
  static let shapes: [(rows: Int, inputs: Int, outputs: Int)] = [
    (1, 1, 1), (1, 17, 33), (7, 5, 64), (65, 128, 128), (65, 128, 512), (77, 320, 192), (257, 96, 640), (130, 33, 65),
    (600, 64, 48), (33, 1280, 1280),
  ]

  @Test("frozen, forward and backward", arguments: shapes)
  func frozen(shape: (rows: Int, inputs: Int, outputs: Int)) throws {
    let case0 = Case(shape)

    let (y, dx) = try case0.run(case0.frozen)

    let (plainY, plainDX) = try case0.run(case0.plain)
    expect(y, equals: plainY, within: .relative(2e-6))
    expect(dx, equals: plainDX, within: .relative(2e-6))
  }

  @Test("bfloat16, forward and backward", arguments: shapes)
  func bfloat16(shape: (rows: Int, inputs: Int, outputs: Int)) throws {
    let case0 = Case(shape)
    let (plainY, plainDX) = try case0.run(case0.plain)

    for memory in MemoryUse.allCases {
      let (y, dx) = try ArithmeticPolicy(precision: .bf16, memory: memory).during { try case0.run(case0.frozen) }

      expect(y, equals: plainY, within: .relative(1e-2), "\(memory)")
      expect(dx, equals: plainDX, within: .relative(1e-2), "\(memory)")
    }
  }

  @Test("bfloat16 rounds the factors and nothing else")
  func roundsFactorsOnly() throws {
    guard ArithmeticPolicy.hasBF16 else { return }
    let case0 = Case((130, 65, 192))
    let (x, w) = (case0.x.roundedToBF16, Parameter(name: "w", value: case0.plain.roundedToBF16))

    let y = ArithmeticPolicy(precision: .bf16).during { x.linear(weight: w.value, bias: case0.bias) }

    expect(y, equals: x.linear(weight: w.value.copied(), bias: case0.bias), within: .relative(1e-6))
  }

  @Test("where activations stay Float32, it rounds the weights and nothing else")
  func roundsWeightsOnly() throws {
    guard GemmBackend.isOwn(isBF16: true) else { return }
    for shape in WeightsProductTests.shapes {
      let case0 = Case(shape)
      let (y, dx) = try ArithmeticPolicy(precision: .bf16).during { try case0.run(case0.frozen) }

      let (roundedY, roundedDX) = try case0.run(case0.plain.roundedToBF16)
      expect(y, equals: roundedY, within: .relative(1e-6), "\(shape)")
      expect(dx, equals: roundedDX, within: .relative(1e-6), "\(shape)")
    }
  }

  @Test("trained weights in bfloat16 follow each update, and so does their gradient")
  func trained() throws {
    let case0 = Case((70, 48, 33))
    let weight = Parameter(name: "w", value: case0.plain)
    weight.isTrainable = true
    let bf16 = ArithmeticPolicy(precision: .bf16)

    for step in 0..<3 {
      weight.update { $0[step] += 3 }
      weight.clearGradient()
      let exact = case0.gradient(weight.value.copied())
      let y = bf16.during { case0.x.linear(weight: weight.value) }
      y.backward(arriving: case0.dy)

      expect(y.detached(), equals: case0.x.linear(weight: weight.value.copied()), within: .relative(1e-2))
      expect(try #require(weight.gradient), equals: exact, within: .relative(1e-2))
    }
  }

  @Test("trained weights of many rows, which may be packed, follow each update")
  func trainedManyRows() throws {
    let case0 = Case((600, 48, 33))
    let weight = Parameter(name: "w", value: case0.plain)
    weight.isTrainable = true

    for step in 0..<3 {
      weight.update { $0[step] += 3 }
      let (y, dx) = try case0.run(weight.value)

      let (plainY, plainDX) = try case0.run(weight.value.copied())
      expect(y, equals: plainY, within: .relative(1e-6))
      expect(dx, equals: plainDX, within: .relative(1e-6))
    }
  }

  @Test("one, two and three threads give the same bits", arguments: ArithmeticPolicy.Precision.allCases)
  func threads(precision: ArithmeticPolicy.Precision) throws {
    let case0 = Case((257, 96, 640))
    let before = ThreadPool.threads
    defer { ThreadPool.setThreads(before) }
    let results = try [1, 2, 3].map { threads in
      ThreadPool.setThreads(threads)
      return try ArithmeticPolicy(precision: precision).during { try case0.run(case0.frozen) }
    }

    for (y, dx) in results.dropFirst() {
      expect(y, equals: results[0].0, within: .exact)
      expect(dx, equals: results[0].1, within: .exact)
    }
  }

  @Test("pieces cover a product once, whatever its shape")
  func pieces() {
    for (rows, columns, block) in [(1, 1, 1), (4096, 320, 64), (257, 4096, 64), (65, 512, 512), (300, 77, 77)] {
      let cut = GemmPlan(rows: rows, columns: columns, inner: 1280, columnBlock: block)
      var seen = Array(repeating: 0, count: rows * columns)

      for index in 0..<cut.rowPieces * cut.columnPieces {
        let piece = cut.piece(index)
        #expect(!piece.rows.isEmpty && !piece.columns.isEmpty && piece.columns.lowerBound % block == 0)
        for row in piece.rows { for column in piece.columns { seen[row * columns + column] += 1 } }
      }

      #expect(seen.allSatisfy { $0 == 1 }, "\(rows) × \(columns)")
    }
  }
}

/// One linear layer with a gradient that arrives.
private struct Case {
  let x: Tensor
  let plain: Tensor
  let bias: Tensor
  let dy: Tensor
  /// The same weights as a frozen parameter.
  let frozen: Tensor

  init(_ shape: (rows: Int, inputs: Int, outputs: Int)) {
    x = normal([shape.rows, shape.inputs], 0)
    plain = normal([shape.outputs, shape.inputs], 1)
    bias = normal([shape.outputs], 2)
    dy = normal([shape.rows, shape.outputs], 3)
    frozen = Parameter(name: "w", value: plain).value
  }

  func run(_ weight: Tensor) throws -> (Tensor, Tensor) {
    let leaf = x.trackingGradient()
    let y = leaf.linear(weight: weight, bias: bias)
    y.backward(arriving: dy)
    return (y.detached(), try #require(leaf.gradient))
  }

  func gradient(_ weight: Tensor) -> Tensor {
    let leaf = weight.trackingGradient()
    x.linear(weight: leaf).backward(arriving: dy)
    return leaf.gradient ?? Tensor(zeros: weight.shape)
  }
}

private func normal(_ shape: Shape, _ stream: UInt32) -> Tensor {
  RandomSource(seed: 13, stream: stream).normal(shape, step: 0)
}

extension Tensor {
  fileprivate var roundedToBF16: Tensor {
    let even = values.map { $0.bitPattern }.map { $0 + 0x7FFF + ($0 >> 16 & 1) }
    return Tensor(even.map { Float(bitPattern: $0 & 0xFFFF_0000) }, shape: shape)
  }
}
