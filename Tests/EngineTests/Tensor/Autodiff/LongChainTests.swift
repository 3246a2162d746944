import Foundation
import Testing

@testable import Engine

/// Graphs are freed node by node in a loop: on a small stack, on whichever thread lets go of them.
struct LongChainTests {
  private static let length = 50_000

  /// Runs `body` on a thread with the stack of a background thread on a small system.
  private func onSmallStack(_ body: @escaping @Sendable () -> Void) {
    let done = DispatchSemaphore(value: 0)
    let thread = Thread {
      body()
      done.signal()
    }
    thread.stackSize = 256 << 10
    thread.start()
    done.wait()
  }

  private func chain(from x: Tensor) -> Tensor { (0..<Self.length).reduce(x) { y, _ in y + x } }

  @Test("a chain of 50 000 ops that was never walked is freed on a small stack")
  func unwalked() {
    onSmallStack {
      let x = Tensor(scalar: 1).trackingGradient()
      _ = chain(from: x)
    }
  }

  @Test("a chain of 50 000 ops is walked and freed on a small stack, with the right gradient")
  func walked() {
    onSmallStack {
      let x = Tensor(scalar: 1).trackingGradient()
      let y = chain(from: x)
      y.backward()
      #expect(x.gradient?.item == Float(Self.length + 1))
    }
  }

  @Test("a graph that one thread built is freed on another")
  func handedOver() {
    let box = Box()
    onSmallStack {
      let x = Tensor(scalar: 1).trackingGradient()
      box.tensor = chain(from: x)
    }
    onSmallStack { box.tensor = nil }
  }

  @Test("whatever a graph held is gone when its last tensor is")
  func nothingStays() {
    weak var kept: Storage?
    do {
      let x = Tensor(scalar: 1).trackingGradient()
      // A multiplication keeps its factors for the way back.
      let factor = Tensor(repeating: 2, shape: [8])
      kept = factor.storage
      _ = (0..<1000).reduce(x) { y, _ in (factor * y).sum() }
    }
    #expect(kept == nil)
  }

  private final class Box: @unchecked Sendable { var tensor: Tensor? }
}
