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

  @Test func frozenWeightsSpareAThirdOfTheGradientsWork() throws {
    let op = OpCase.small[try #require(OpCase.small.firstIndex { $0.name == "linear: tokens" })]
    let once = try #require(op.operations)

    #expect(TimedCase(op, .frozen).operations(gradients: false) == once)
    #expect(TimedCase(op, .frozen).operations(gradients: true) == 2 * once)
    #expect(TimedCase(op, .trained).operations(gradients: true) == 3 * once)
  }

  @Test("every row of one kind of op runs both ways, whatever its weights are")
  func everyKindRuns() {
    for op in OpCase.timed where op.inputs[0][0] > 1 {
      for others in [TimedCase.Others.activations, .frozen, .trained] {
        TimedCase(op, others).prepared(gradients: false)()
        TimedCase(op, others).prepared(gradients: op.differentiable > 0)()
      }

      #expect(TimedCase(op, .activations).bytes >= 4 * Double(op.inputs[0].count))
    }
  }

  @Test("the models' shapes are told apart by their names, and their weights fit them")
  func families() {
    for (part, cases) in TimedCase.families {
      #expect(Set(cases.map(\.op.name)).count == cases.count, "\(part)")
      for it in cases where it.others != .activations {
        #expect(it.op.inputs.count > 1 && it.op.inputs[0].last > 0, "\(it.op.name)")
      }
    }
  }

  @Test func aSampleRunsAtLeastOnceAndIsAMedian() {
    var runs = 0

    #expect(Stopwatch.sample(atLeast: 0) { runs += 1 } > 0 && runs == 1)
    #expect(Stopwatch.median([3, 1, 2]) == 2 && Stopwatch.median([4, 1, 2, 3]) == 2.5 && Stopwatch.median([]).isNaN)
  }

  @Test func theMachineDoesSomething() throws {
    let plain = try #require(MachinePeak.measure())

    #expect(plain > 0.1)
    #expect(MachinePeak.measure(.bf16).map { $0 > 0.1 } ?? true)
  }
}

private func operations(_ name: String) throws -> Int {
  let row = try #require(OpCase.small.first { $0.name == name })
  return Int(try #require(row.operations))
}
