import Testing

@testable import Engine

/// Sizes that no other test asks for, since all share the pool.
@Suite(.serialized)
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
    ProcessMemory.trim()
  }

  @Test("where memory is short, what lies idle gives way to what would make a new peak")
  func shortMemory() {
    let (count, small) = (122 << 20, ArithmeticPolicy(memory: .small))
    leaveMark(count, small)
    #expect(small.during { firstNumber(of: count) } == 42)

    // More than all tests together ever use, but for the mark nothing of it is touched.
    leaveMark(1 << 30, small)

    #expect(small.during { firstNumber(of: count) } == 0)
    ProcessMemory.trim()
  }
}
