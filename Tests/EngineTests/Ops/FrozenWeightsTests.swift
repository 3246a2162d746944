import Engine
import TestSupport
import Testing

/// Frozen weights are packed once for the direct kernels, which few channels take; nobody may see the packing.
@Suite("Frozen weights compute what trained ones do")
struct FrozenWeightsTests {
  private let x = RandomSource(seed: 1, stream: 0).normal([3, 6, 5, 11], step: 0)
  private let first = RandomSource(seed: 1, stream: 1).normal([33, 11, 3, 3], step: 0)
  private let second = RandomSource(seed: 1, stream: 2).normal([33, 11, 3, 3], step: 0)

  @Test func freezingChangesNoBit() {
    let weight = Parameter(name: "w", value: first)
    let frozen = x.convolved(weight: weight.value)
    weight.isTrainable = true

    expect(x.convolved(weight: weight.value).detached(), equals: frozen, within: .exact)
  }

  @Test func newWeightsAreSeenAtOnce() {
    let weight = Parameter(name: "w", value: first)
    _ = x.convolved(weight: weight.value)

    weight.assign(second)

    expect(x.convolved(weight: weight.value), equals: x.convolved(weight: second), within: .exact)
  }

  @Test func theGradientThroughFrozenWeightsIsThatThroughTrainedOnes() throws {
    let frozen = Parameter(name: "w", value: first)
    let trained = Parameter(name: "w", value: first)
    trained.isTrainable = true
    let (a, b) = (x.trackingGradient(), x.trackingGradient())

    (a.convolved(weight: frozen.value) * second.sliced(0..<1).sum()).sum().backward()
    (b.convolved(weight: trained.value) * second.sliced(0..<1).sum()).sum().backward()

    expect(try #require(a.gradient), equals: try #require(b.gradient), within: .exact)
    #expect(frozen.gradient == nil)
    #expect(trained.gradient?.shape == first.shape)
  }

  @Test func manyModelsOneAfterAnotherDoNotMeet() {
    for seed in 0..<20 {
      let value = RandomSource(seed: UInt64(seed), stream: 3).normal([4, 11, 3, 3], step: 0)

      let weight = Parameter(name: "w", value: value)

      expect(x.convolved(weight: weight.value), equals: x.convolved(weight: value), within: .exact)
    }
  }
}
