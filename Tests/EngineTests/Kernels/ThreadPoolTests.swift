import Synchronization
import TestSupport
import Testing

@testable import Engine

@Suite("The thread pool runs every piece once", .serialized)
struct ThreadPoolTests {
  @Test("all pieces", arguments: [0, 1, 2, 3, 1000], [1, 2, 5])
  func pieces(count: Int, threads: Int) {
    onThreads(threads) {
      #expect(runs(of: count) == Array(repeating: 1, count: count))
    }
  }

  @Test func aNestedRunIsDoneByTheSameThread() {
    let total = Atomic(0)

    onThreads(3) {
      ThreadPool.run(7) { _ in ThreadPool.run(11) { _ in total.add(1, ordering: .relaxed) } }
    }

    #expect(total.load(ordering: .relaxed) == 77)
  }

  @Test func twoCallersAtOnceBothFinish() async {
    ThreadPool.setThreads(2)
    defer { ThreadPool.setThreads(1) }

    await withTaskGroup(of: [Int].self) { group in
      for _ in 0..<8 { group.addTask { runs(of: 500) } }
      for await counts in group { #expect(counts == Array(repeating: 1, count: 500)) }
    }
  }

  @Test("a thread that is held up leaves its share to the others", .timeLimit(.minutes(5)))
  func sharesAreTaken() {
    let others = Atomic(0)

    onThreads(2) {
      ThreadPool.run(8) { piece in
        if piece > 0 { others.add(1, ordering: .relaxed) }
        while piece == 0 && others.load(ordering: .relaxed) < 7 {}
      }
    }

    #expect(others.load(ordering: .relaxed) == 7)
  }

  @Test func elementsAreCutWithoutGapsOrOverlaps() {
    let covered = Mutex<[Range<Int>]>([])

    onThreads(2) {
      ThreadPool.runElements(50_000) { start, count in covered.withLock { $0.append(start..<start + Int(count)) } }
    }

    let pieces = covered.withLock { $0 }.sorted { $0.lowerBound < $1.lowerBound }
    #expect(pieces.map { $0.lowerBound } == [0] + pieces.dropLast().map { $0.upperBound })
    #expect(pieces.last?.upperBound == 50_000)
  }
}

/// How often each of `count` pieces ran.
private func runs(of count: Int) -> [Int] {
  let counts = Mutex(Array(repeating: 0, count: count))
  ThreadPool.run(count) { index in counts.withLock { $0[index] += 1 } }
  return counts.withLock { $0 }
}
