import Testing

@testable import Engine

/// Sizes that no other test asks for, since all share the pool.
struct BufferPoolTests {
  /// A buffer with a mark in it that its successor shows if it is the same memory.
  private func leaveMark(_ count: Int, _ arithmetic: ArithmeticPolicy) {
    arithmetic.during {
      let storage = Storage(count: count)
      withExtendedLifetime(storage) { storage.base[0] = 42 }
    }
  }

  private func firstNumber(of count: Int) -> Float {
    let storage = Storage(count: count)
    return withExtendedLifetime(storage) { storage.base[0] }
  }

  @Test("a large buffer serves the next wish of its size, or of one somewhat smaller")
  func reuse() {
    let count = 61 << 20
    leaveMark(count, ArithmeticPolicy())

    #expect(firstNumber(of: count) == 42)
    #expect(firstNumber(of: count / 4 * 3) == 42)
    // Not to be kept for the other tests.
    leaveMark(count, ArithmeticPolicy(memory: .small))
  }

  @Test("where memory is short, little of it lies idle")
  func shortMemory() {
    let count = 122 << 20
    leaveMark(count, ArithmeticPolicy(memory: .small))

    #expect(ArithmeticPolicy(memory: .small).during { firstNumber(of: count) } == 0)
  }
}
