import Testing

@testable import Engine

/// Sizes that no other test asks for, since all share the pool.
struct BufferPoolTests {
  /// A buffer with a mark in it that its successor shows if it is the same memory.
  private func leaveMark(_ count: Int, _ arithmetic: ArithmeticPolicy) {
    arithmetic.during { Storage(count: count).base[0] = 42 }
  }

  @Test("a large buffer serves the next wish of its size, or of one somewhat smaller")
  func reuse() {
    let count = 61 << 20
    leaveMark(count, ArithmeticPolicy())

    #expect(Storage(count: count).base[0] == 42)
    #expect(Storage(count: count / 4 * 3).base[0] == 42)
    // Not to be kept for the other tests.
    leaveMark(count, ArithmeticPolicy(memory: .small))
  }

  @Test("where memory is short, little of it lies idle")
  func shortMemory() {
    let count = 122 << 20
    leaveMark(count, ArithmeticPolicy(memory: .small))

    let next = ArithmeticPolicy(memory: .small).during { Storage(count: count).base[0] }
    #expect(next == 0)
  }
}
