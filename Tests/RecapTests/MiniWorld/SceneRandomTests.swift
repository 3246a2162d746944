import Recap
import Testing

@Suite struct SceneRandomTests {
  @Test(
    "The draws are SplitMix64's, as Tests/Reference/splitmix.py computes them",
    arguments: [
      (0, 0, 0, [2_391_539_541_053_276_776, 920_862_675_595_841_680, 12_365_375_887_819_322_540]),
      (1, 2, 3, [2_399_657_773_382_937_285, 8_067_101_194_408_944_102, 17_615_266_516_125_549_910]),
      (.max, 7, 1 << 40, [16_308_839_313_195_828_242, 11_120_295_730_671_464_298, 14_273_873_902_647_893_042]),
    ] as [(UInt64, UInt64, UInt64, [UInt64])])
  func bits(seed: UInt64, stream: UInt64, index: UInt64, expected: [UInt64]) {
    var random = SceneRandom(seed: seed, stream: stream, index: index)

    #expect((0..<3).map { _ in random.bits() } == expected)
  }

  @Test func uniformNumbersFillTheirRangeEvenly() {
    var random = SceneRandom(seed: 5)

    let draws = (0..<10_000).map { _ in random.uniform(-2, 6) }

    #expect(draws.allSatisfy { $0 >= -2 && $0 < 6 })
    #expect(abs(draws.reduce(0, +) / 10_000 - 2) < 0.1)
    #expect(abs(Double(draws.count { $0 < 0 }) / 10_000 - 0.25) < 0.02)
  }

  @Test func aChoiceFollowsItsWeights() {
    var random = SceneRandom(seed: 6)

    let draws = (0..<10_000).map { _ in random.choice([("a", 1.0), ("b", 0), ("c", 3)]) }

    #expect(!draws.contains("b"))
    #expect(abs(Double(draws.count { $0 == "c" }) / 10_000 - 0.75) < 0.02)
  }

  @Test func everyOrderIsAsLikelyAsAnother() {
    var random = SceneRandom(seed: 7)
    var counts: [[Int]: Int] = [:]

    for _ in 0..<6000 { counts[random.shuffled([1, 2, 3]), default: 0] += 1 }

    #expect(counts.count == 6)
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 150 })
  }
}
