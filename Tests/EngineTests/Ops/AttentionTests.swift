import TestSupport
import Testing

@testable import Engine

/// Sizes where blocks of queries or keys end, where heads are cut into parts, and where packing begins.
@Suite("Attention and its gradient agree with their definition")
struct AttentionTests {
  static let shapes: [(queries: Int, keys: Int, heads: Int, width: Int)] = [
    (1, 1, 1, 1), (65, 65, 2, 32), (64, 12, 3, 16), (77, 77, 1, 64), (129, 257, 2, 8), (300, 130, 1, 24),
    (257, 128, 1, 64), (520, 33, 1, 5), (31, 129, 17, 3), (97, 600, 1, 16), (600, 600, 1, 8), (19, 1100, 1, 9),
  ]

  @Test("float32", arguments: shapes, [false, true])
  func float32(shape: (queries: Int, keys: Int, heads: Int, width: Int), causal: Bool) throws {
    let sample = Sample(shape, causal: causal)

    let found = try sample.run()

    let expected = sample.definition()
    for (a, (b, name)) in zip(found, zip(expected, ["out", "dq", "dk", "dv"])) {
      expect(a, equals: b, within: .relative(5e-6), name)
    }
  }

  @Test("bfloat16", arguments: shapes, [false, true])
  func bfloat16(shape: (queries: Int, keys: Int, heads: Int, width: Int), causal: Bool) throws {
    let sample = Sample(shape, causal: causal)

    let found = try ArithmeticPolicy(precision: .bf16).during { try sample.run() }

    let expected = sample.definition()
    for (a, (b, name)) in zip(found, zip(expected, ["out", "dq", "dk", "dv"])) {
      // One key alone leaves no gradient for queries and keys but rounding.
      if shape.keys == 1, name == "dq" || name == "dk" { continue }
      expect(a, equals: b, within: .relative(2e-2), name)
    }
  }

  @Test("scores that rise from block to block of keys, far beyond what a power holds")
  func risingScores() throws {
    var sample = Sample((30, 1100, 1, 16), causal: false)
    let steps = Tensor((0..<2 * 1100 * 16).map { Float($0 / 16 % 1100) / 8 }, shape: [2, 1100, 16])
    sample.k = sample.k + steps

    let found = try sample.run()

    for (a, b) in zip(found, sample.definition()) { expect(a, equals: b, within: .relative(5e-5)) }
  }

  @Test("one, two and three threads give the same bits", arguments: ArithmeticPolicy.Precision.allCases)
  func threads(precision: ArithmeticPolicy.Precision) throws {
    let before = ThreadPool.threads
    defer { ThreadPool.setThreads(before) }
    for shape in [(600, 150, 1, 16), (70, 70, 5, 32)] {
      let sample = Sample(shape, causal: false)
      let results = try [1, 2, 3].map { threads in
        ThreadPool.setThreads(threads)
        return try ArithmeticPolicy(precision: precision).during { try sample.run() }
      }

      for several in results.dropFirst() {
        for (a, b) in zip(several, results[0]) { expect(a, equals: b, within: .exact) }
      }
    }
  }

  @Test("a gradient of the queries alone is the same as among all")
  func queriesAlone() throws {
    let sample = Sample((65, 20, 2, 8), causal: false)
    let leaf = sample.q.trackingGradient()

    leaf.attention(keys: sample.k, values: sample.v, heads: 2).backward(arriving: sample.dy)

    expect(try #require(leaf.gradient), equals: try sample.run()[1], within: .exact)
  }
}

/// Random queries, keys, values and an arriving gradient.
private struct Sample {
  let q: Tensor
  var k: Tensor
  let v: Tensor
  let dy: Tensor
  let heads: Int
  let causal: Bool

  init(_ shape: (queries: Int, keys: Int, heads: Int, width: Int), causal: Bool) {
    func normal(_ tokens: Int, _ stream: UInt32) -> Tensor {
      RandomSource(seed: 17, stream: stream).normal([2, tokens, shape.heads * shape.width], step: 0)
    }
    (q, k, v, dy) = (normal(shape.queries, 0), normal(shape.keys, 1), normal(shape.keys, 2), normal(shape.queries, 3))
    (heads, self.causal) = (shape.heads, causal)
  }

  /// The result and the gradients of q, k and v.
  func run() throws -> [Tensor] {
    let leaves = [q, k, v].map { $0.trackingGradient() }
    let y = leaves[0].attention(keys: leaves[1], values: leaves[2], heads: heads, causal: causal)
    y.backward(arriving: dy)
    return try [y.detached()] + leaves.map { try #require($0.gradient) }
  }

  func definition() -> [Tensor] {
    [Naive.attention(q, k, v, heads: heads, causal: causal)]
      + Naive.attentionGradient(q, k, v, arriving: dy, heads: heads, causal: causal)
  }
}
