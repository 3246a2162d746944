import Testing

@testable import Engine

/// Serialized, because there is one profiler; ops of other tests run on other threads, which it does not hear.
@Suite("The profiler says where time goes", .serialized)
struct ProfilerTests {
  @Test("by op, layer and direction, with the operations of the direct method")
  func places() throws {
    let layer = try Linear(8, 4, from: Weights.initializing(seed: 1)["blocks.3.profiled"])
    layer.weight.isTrainable = true
    let x = RandomSource(seed: 2).normal([5, 8], step: 0).trackingGradient()

    let entries = Profiler.measure {
      let y = layer(x).activated(.silu)
      y.backward(arriving: Tensor(repeating: 1, shape: y.shape))
    }

    let found = Dictionary(
      uniqueKeysWithValues: entries.map { ("\($0.key.op) \($0.key.isBackward ? "back" : "forth")", $0) })
    #expect(found.keys.sorted() == ["activated back", "activated forth", "linear back", "linear forth"])
    #expect(found.values.allSatisfy { $0.key.parameter == "blocks.3.profiled.bias" && $0.value.calls == 1 })
    #expect(found["linear forth"]?.value.operations == 320)
    // 2·5·8·4 products and sums; backward twice that, for the input and for the weights.
    #expect(found["linear back"]?.value.operations == 640)
    #expect(found["activated forth"]?.value.operations == 0)
    #expect(found.values.allSatisfy { $0.value.seconds > 0 })
  }

  @Test("an op that records nothing is heard too, and nothing is kept from one measurement to the next")
  func withoutGradients() {
    let x = Tensor(repeating: 1, shape: [4])

    let first = Profiler.measure { _ = x + x }
    let second = Profiler.measure { _ = x.scaled(by: 2) }

    #expect(first.keys.map(\.op) == ["+"] && second.keys.map(\.op) == ["scaled"])
  }

  @Test("what attention computes is counted by its keys")
  func attention() throws {
    let (q, k) = (Tensor(zeros: [1, 6, 8]).trackingGradient(), Tensor(zeros: [1, 3, 8]))

    let entries = Profiler.measure {
      q.attention(keys: k, values: k, heads: 2).backward(arriving: Tensor(zeros: [1, 6, 8]))
    }

    let forward = try #require(entries.first { !$0.key.isBackward })
    let backward = try #require(entries.first { $0.key.isBackward })
    #expect(forward.value.operations == 4 * 6 * 3 * 8 && backward.value.operations == 2 * 4 * 6 * 3 * 8)
  }

  @Test("what is computed again in the backward pass is heard op by op")
  func recomputation() throws {
    let x = Tensor(repeating: 0.5, shape: [4]).trackingGradient()

    let entries = Profiler.measure {
      Tensor.recomputed(x) { $0.scaled(by: 2).activated(.silu) }.sum().backward()
    }

    let calls = Dictionary(uniqueKeysWithValues: entries.map { ("\($0.key.op) \($0.key.isBackward)", $0.value.calls) })
    #expect(calls["activated false"] == 2 && calls["activated true"] == 1 && calls["scaled true"] == 1)
  }
}
