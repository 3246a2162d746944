import Engine
import TestSupport
import Testing

@Suite("Random numbers depend on seed, stream, step and sample only")
struct RandomSourceTests {
  /// The known answers of the generator's authors (Random123, kat_vectors, philox4x32-10).
  @Test func wordsAreThoseOfPhilox() {
    let ones = Int(UInt32.max)

    #expect(
      RandomSource(seed: 0, stream: 0).words(step: 0) == SIMD4(0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8))
    #expect(
      RandomSource(seed: .max, stream: .max).words(step: ones, sample: ones, position: ones)
        == SIMD4(0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd))
    #expect(
      RandomSource(seed: 0x299f_31d0_a409_3822, stream: 0x0370_7344)
        .words(step: 0x1319_8a2e, sample: 0x85a3_08d3, position: 0x243f_6a88)
        == SIMD4(0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1))
  }

  @Test func normalNumbersHaveTheMomentsOfTheNormalDistribution() {
    let x = RandomSource(seed: 11).normal([10, 40_001], step: 3).values.map(Double.init)

    let moments = (1...4).map { power in x.reduce(0) { $0 + product($1, power) } / Double(x.count) }

    // Three standard errors of 400,000 draws.
    #expect(abs(moments[0]) < 0.0048)
    #expect(abs(moments[1] - 1) < 0.0068)
    #expect(abs(moments[2]) < 0.0185)
    #expect(abs(moments[3] - 3) < 0.047)
    #expect(!x.contains { !$0.isFinite })
  }

  @Test func neighbouringNormalNumbersAreIndependent() {
    let x = RandomSource(seed: 12).normal([400_000], step: 0).values.map(Double.init)

    for distance in 1...4 {
      let products = zip(x, x.dropFirst(distance)).reduce(0) { $0 + $1.0 * $1.1 } / Double(x.count)
      let squares = zip(x, x.dropFirst(distance)).reduce(0) { $0 + $1.0 * $1.0 * $1.1 * $1.1 } / Double(x.count)
      #expect(abs(products) < 0.0048, "distance \(distance)")
      #expect(abs(squares - 1) < 0.014, "distance \(distance)")
    }
  }

  @Test func aSampleIsTheSameInAnyBatch() {
    let random = RandomSource(seed: 1, stream: 2)

    let whole = random.normal([5, 3, 7], step: 9)

    expect(random.normal([2, 3, 7], step: 9, firstSample: 3), equals: whole.sliced(3..<5), within: .exact)
  }

  @Test func seedStreamAndStepEachGiveOtherNumbers() {
    let base = RandomSource(seed: 1).normal([4, 8], step: 0).values

    for other in [
      RandomSource(seed: 2).normal([4, 8], step: 0), RandomSource(seed: 1 << 32 | 1).normal([4, 8], step: 0),
      RandomSource(seed: 1, stream: 1).normal([4, 8], step: 0), RandomSource(seed: 1).normal([4, 8], step: 1),
    ] {
      #expect(zip(base, other.values).count { $0 == $1 } == 0)
    }
  }

  @Test func wholeNumbersFillTheirRangeEvenly() {
    let random = RandomSource(seed: 4)
    var counts: [Int: Int] = [:]

    for step in 0..<7000 { counts[random.integer(in: -3..<4, step: step), default: 0] += 1 }

    #expect(counts.keys.sorted() == Array(-3..<4))
    #expect(counts.values.allSatisfy { abs($0 - 1000) < 100 }, "\(counts)")
  }

  @Test func aPermutationHoldsEveryNumberOnceAndNoPlaceIsPreferred() {
    let random = RandomSource(seed: 5)
    var firsts: [Int: Int] = [:]

    for step in 0..<5000 {
      let order = random.permutation(5, step: step)
      #expect(order.sorted() == [0, 1, 2, 3, 4])
      firsts[order[0], default: 0] += 1
    }

    #expect(firsts.values.allSatisfy { abs($0 - 1000) < 100 }, "\(firsts)")
    #expect(random.permutation(0, step: 0).isEmpty && random.permutation(1, step: 0) == [0])
  }

  @Test func uniformNumbersStayInsideTheirBound() {
    let x = RandomSource(seed: 6).uniform([20_000], bound: 0.25, step: 0).values

    let (least, most) = (x.min() ?? 0, x.max() ?? 0)
    #expect(least >= -0.25 && least < -0.24)
    #expect(most <= 0.25 && most > 0.24)
    #expect(abs(x.reduce(0, +) / 20_000) < 0.004)
  }

  @Test func aTensorHoldsTheUniformNumbersThatAreDrawnOneByOne() {
    let random = RandomSource(seed: 1 << 40 | 6, stream: 7)

    let x = random.uniform([3, 6007], bound: 0.3, step: 5)

    #expect(x.values == (0..<18_021).map { (2 * random.uniform(step: 5, position: $0) - 1) * 0.3 })
  }
}

private func product(_ x: Double, _ power: Int) -> Double { (0..<power).reduce(1) { y, _ in y * x } }
