import Engine
import Testing

/// Shapes that do not fit are our own mistakes: the program stops at once and prints both.
@Suite("Ops refuse shapes that do not fit")
struct OpRefusalTests {
  @Test func additionNeedsASuffix() async {
    await #expect(processExitsWith: .failure) { _ = zeros([2, 3]) + zeros([2]) }
  }

  @Test func linearNeedsItsWidth() async {
    await #expect(processExitsWith: .failure) { _ = zeros([2, 3]).linear(weight: zeros([4, 5])) }
  }

  @Test func linearNeedsABiasOfItsOutputs() async {
    await #expect(processExitsWith: .failure) { _ = zeros([2, 3]).linear(weight: zeros([4, 3]), bias: zeros([3])) }
  }

  @Test func convolutionNeedsItsChannels() async {
    await #expect(processExitsWith: .failure) { _ = zeros([1, 4, 4, 3]).convolved(weight: zeros([2, 4, 3, 3])) }
  }

  @Test func filtersMustFitThePaddedImage() async {
    await #expect(processExitsWith: .failure) {
      _ = zeros([1, 2, 2, 3]).convolved(weight: zeros([2, 3, 3, 3]), padding: .none)
    }
  }

  @Test func attentionNeedsWholeHeads() async {
    await #expect(processExitsWith: .failure) {
      let x = zeros([1, 2, 5])
      _ = x.attention(keys: x, values: x, heads: 2)
    }
  }

  @Test func groupNormNeedsWholeGroups() async {
    await #expect(processExitsWith: .failure) {
      _ = zeros([1, 2, 2, 6]).groupNorm(groups: 4, scale: zeros([6]), shift: zeros([6]), epsilon: 1e-5)
    }
  }

  @Test func embeddingNeedsKnownIds() async {
    await #expect(processExitsWith: .failure) { _ = zeros([3, 2]).embedding(ids: [3], shape: [1]) }
  }

  @Test func gatherNeedsKnownTokens() async {
    await #expect(processExitsWith: .failure) { _ = zeros([1, 3, 2]).gatherTokens([[0, -1]]) }
  }

  @Test func lossNeedsOneTargetAnEntry() async {
    await #expect(processExitsWith: .failure) { _ = zeros([2, 3]).meanSquaredError(zeros([3, 2])) }
  }

  @Test func labelsMustBeClasses() async {
    await #expect(processExitsWith: .failure) { _ = zeros([1, 3]).crossEntropy(labels: [3]) }
  }

  @Test func reshapingKeepsTheCount() async {
    await #expect(processExitsWith: .failure) { _ = zeros([2, 3]).reshaped([5]) }
  }

  @Test func slicesStayInside() async {
    await #expect(processExitsWith: .failure) { _ = zeros([2, 3]).sliced(1..<3) }
  }

  @Test func gradientsHaveTheShapeOfTheResult() async {
    await #expect(processExitsWith: .failure) {
      zeros([2, 3]).trackingGradient().scaled(by: 2).backward(arriving: zeros([3, 2]))
    }
  }

  @Test func onlyANumberCanBeginABackwardPass() async {
    await #expect(processExitsWith: .failure) { zeros([2]).trackingGradient().scaled(by: 2).backward() }
  }
}

private func zeros(_ shape: Shape) -> Tensor { Tensor(zeros: shape) }
