import Testing

@testable import Engine

@Suite("Numbers as text")
struct NumberTextTests {
  @Test func decimalsAndFigures() {
    #expect((0.0763).text(figures: 3) == "0.0763")
    #expect((-1.25).text(decimals: 1) == "−1.3")
    #expect((-0.001).text(decimals: 1) == "0.0")
    #expect((0.0003).scientific == "3.0e−4")
    #expect((9.96).scientific == "1.0e1")
    #expect((12345678.0).text(decimals: 0) == "1.2e7")
    #expect(Double.nan.text(decimals: 2) == "NaN" && (-Double.infinity).text(decimals: 2) == "−∞")
    #expect((0.352).percent(decimals: 1) == "35.2")
  }

  @Test("A sign is that of the number as it is written")
  func signs() {
    #expect((0.0).signed(decimals: 1) == "+0.0" && (-0.04).signed(decimals: 1) == "+0.0")
    #expect((-0.06).signed(decimals: 1) == "−0.1" && (4.6).signed(decimals: 1) == "+4.6")
    #expect([5.2, -19.94].intervalText == "+5.2 … −19.9")
    #expect([-1.3, -0.02].intervalText == "−1.3 … −0.0")
    #expect([-0.0, 0.02].intervalText == "+0.0 … +0.0")
  }

  @Test("A p-value too small to count is a bound")
  func probabilities() {
    #expect((0.0016).pText == "p 0.0016" && (1e-9).pText == "p < 0.0001")
    #expect((0.0016).probability == "0.0016" && (1e-9).probability == "< 0.0001" && (1.0).probability == "1.0")
  }

  @Test(
    arguments: [
      (0, "0 s"), (4.56e-5, "45.6 µs"), (0.0123, "12.3 ms"), (0.99949, "999 ms"), (0.9996, "1.00 s"), (8.214, "8.21 s"),
      (59.9, "59.9 s"), (59.96, "1 min"), (92, "1 min 32 s"), (252, "4 min 12 s"), (3599.6, "1 h"),
      (11_100, "3 h 5 min"), (11_159, "3 h 5 min"), (172_800, "2 days"),
      (215_280, "2 days 11 h"), (-1, "–"), (1e300, "–"), (.nan, "–"), (.infinity, "–"),
    ] as [(Double, String)])
  func durations(seconds: Double, text: String) {
    #expect(seconds.durationText == text)
  }

  @Test func aClockRuns() {
    #expect((42.0).clockTime == "0:42" && (725.0).clockTime == "12:05" && (3734.4).clockTime == "1:02:14")
    #expect(Double.infinity.clockTime == "–")
  }

  @Test("Bytes are counted in decimal units")
  func bytes() {
    #expect(640.byteText == "640 bytes" && 1_500.byteText == "1.5 kB" && 38_400_000.byteText == "38.4 MB")
    #expect(400_000_000.byteText == "400 MB" && 1_709_000_000.byteText == "1.71 GB")
    #expect(640_000_000.byteText(of: 1_220_000_000) == "0.64 of 1.22 GB")
    #expect(40_000_000.byteText(of: 605_000_000) == "40 of 605 MB")
  }

  @Test func counts() {
    #expect(1600.grouped == "1,600" && (-12).grouped == "−12" && 1_234_567.grouped == "1,234,567")
    #expect(1.counted("step") == "1 step" && 1600.counted("step") == "1,600 steps" && 0.counted("pair") == "0 pairs")
    #expect(427_616_513.shortText == "428 M" && 12_000.shortText == "12.0 k")
  }
}
