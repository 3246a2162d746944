import Recap
import Testing

@Suite struct PairStatisticsTests {
  @Test func theFixtureIsThere() {
    #expect(StatisticsFixture.it.paired.count == 15 && StatisticsFixture.it.single.count == 8)
  }

  @Test("McNemar's p is exact", arguments: StatisticsFixture.it.paired)
  func mcNemar(it: StatisticsFixture.Paired) {
    let comparison = PairedComparison(pairs: it.pairs, fixed: it.fixed, broken: it.broken)

    // Beyond a few thousand changed pairs the logarithms of large factorials cost digits.
    let tolerance = it.fixed + it.broken > 3000 ? 1e-9 : 1e-11
    #expect(abs(comparison.pValue - it.p) <= tolerance * it.p)
  }

  @Test("The interval of the difference is Tango's", arguments: StatisticsFixture.it.paired)
  func tango(it: StatisticsFixture.Paired) {
    let interval = PairedComparison(pairs: it.pairs, fixed: it.fixed, broken: it.broken).interval

    #expect(abs(interval.low - it.interval[0]) < 1e-9)
    #expect(abs(interval.high - it.interval[1]) < 1e-9)
  }

  @Test("The interval of a proportion is Wilson's", arguments: StatisticsFixture.it.single)
  func wilson(it: StatisticsFixture.Single) {
    let interval = ConfidenceInterval.wilson(successes: it.successes, trials: it.trials)

    #expect(abs(interval.low - it.interval[0]) < 1e-12)
    #expect(abs(interval.high - it.interval[1]) < 1e-12)
  }

  @Test("The interval of a mean over seeds is Student's")
  func student() throws {
    let known = [1: 12.706204736, 2: 4.302652730, 3: 3.182446305, 4: 2.776445105, 9: 2.262157163, 30: 2.042272456]
    for (degrees, t) in known {
      let count = Double(degrees + 1)
      let interval = try #require(ConfidenceInterval.mean(of: (0...degrees).map(Double.init)))
      // 0, 1, …, n − 1 have the variance n (n + 1) / 12.
      let half = t * ((count + 1) / 12).squareRoot()
      #expect(abs((interval.low + interval.high) / 2 - Double(degrees) / 2) < 1e-9)
      #expect(abs((interval.high - interval.low) / 2 - half) < 1e-6)
    }
    #expect(ConfidenceInterval.mean(of: [4]) == nil)
  }

  @Test func exchangingTheModelsMirrorsTheComparison() {
    let there = PairedComparison(pairs: 135, fixed: 20, broken: 6)
    let back = PairedComparison(pairs: 135, fixed: 6, broken: 20)

    #expect(there.pValue == back.pValue)
    #expect(there.difference == -back.difference)
    #expect(abs(there.interval.low + back.interval.high) < 1e-12)
  }

  @Test func noPairsProveNothing() {
    let nothing = PairedComparison(pairs: 0, fixed: 0, broken: 0)

    #expect(nothing.pValue == 1 && nothing.difference == 0)
    #expect(nothing.interval.low == -1 && nothing.interval.high == 1)
    #expect(ConfidenceInterval.wilson(successes: 0, trials: 0).high == 1)
  }

  @Test func manyChangesDoNotUnderflowToNaN() {
    #expect(PairedComparison(pairs: 10_000, fixed: 9000, broken: 10).pValue == 0)
    #expect(PairedComparison(pairs: 200_000, fixed: 100_000, broken: 100_000).pValue == 1)
  }
}
