import Engine
import Testing

@Suite("What an op costs")
struct OpTimingTests {
  @Test func aMultiplyAddCountsAsTwo() throws {
    #expect(try operations("linear: tokens") == 2 * 15 * 17 * 33)
    #expect(try operations("matmul: transposed") == 2 * 7 * 17 * 33)
  }

  @Test func aConvolutionCountsTheProductsOfItsOutputPixels() throws {
    // 5×4 of 9×7 pixels survive a stride of 2, each 3×3×4 products for 5 channels of 2 images.
    #expect(try operations("convolved: 3×3, stride 2") == 2 * 20 * 36 * 5 * 2)
  }

  @Test func attentionCountsScoresAndWeightedValues() throws {
    #expect(try operations("attention: a context") == 2 * 2 * (2 * 9 * 4 * 16))
  }

  @Test func everyTimedRowRunsBothWays() {
    for row in OpCase.timed where row.inputs[0][0] > 1 {
      let timing = row.timed(repetitions: 1)

      #expect(timing.forward > 0 && timing.withGradients ?? 0 > 0, "\(timing)")
      #expect((timing.gigaflops != nil) == (row.operations != nil) && timing.gigabytesPerSecond > 0, "\(timing)")
    }
  }
}

private func operations(_ name: String) throws -> Int {
  let row = try #require(OpCase.small.first { $0.name == name })
  return Int(try #require(row.operations))
}
