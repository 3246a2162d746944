import Engine
import TestSupport
import Testing

@Suite("Gradients through several ops")
struct ChainTests {
  @Test func aTensorUsedTwiceGetsBothGradients() throws {
    let x = Tensor([1, -2, 3], shape: [3]).trackingGradient()

    (x * x + x.scaled(by: 5)).sum().backward()

    expect(try #require(x.gradient), equals: Tensor([7, 1, 11], shape: [3]), within: .exact)
  }

  @Test func aTensorOnBothSidesOfAnOpGetsBothGradients() throws {
    let x = Tensor([1, 2, 3, 4], shape: [2, 2]).trackingGradient()

    x.matmul(x).sum().backward()

    // d/dX Σ(XX) = 1·Xᵀ + Xᵀ·1, with 1 the matrix of ones.
    expect(try #require(x.gradient), equals: Tensor([7, 11, 9, 13], shape: [2, 2]), within: .exact)
  }

  @Test func severalBackwardPassesAddUp() throws {
    let x = Tensor([2], shape: [1]).trackingGradient()

    x.scaled(by: 3).sum().backward()
    (x * x).sum().backward()

    expect(try #require(x.gradient), equals: Tensor([7], shape: [1]), within: .exact)
  }

  @Test func viewsOfOneTensorAddTheirParts() throws {
    let x = Tensor([1, 2, 3], shape: [3, 1]).trackingGradient()

    (x.sliced(0..<2).reshaped([2]) + x.sliced(1..<3).reshaped([2]).scaled(by: 10)).sum().backward()

    expect(try #require(x.gradient), equals: Tensor([1, 11, 10], shape: [3, 1]), within: .exact)
  }

  @Test func whatNeedsNoGradientRecordsNothing() {
    let x = Tensor([1, 2], shape: [2])

    #expect(!(x * x).sum().requiresGradient)
    #expect(!x.trackingGradient().detached().requiresGradient)
    #expect(!withoutGradient { x.trackingGradient().scaled(by: 2) }.requiresGradient)
  }

  @Test func theGradientStopsAtADetachedTensor() throws {
    let x = Tensor([3], shape: [1]).trackingGradient()

    (x.detached() * x).sum().backward()

    expect(try #require(x.gradient), equals: Tensor([3], shape: [1]), within: .exact)
  }

  @Test func aDeepChainNeedsNoDeepStack() throws {
    let x = Tensor([1], shape: [1]).trackingGradient()
    let y = (0..<5_000).reduce(x) { y, _ in y.scaled(by: 1) }

    y.backward(arriving: Tensor([2], shape: [1]))

    expect(try #require(x.gradient), equals: Tensor([2], shape: [1]), within: .exact)
  }
}
