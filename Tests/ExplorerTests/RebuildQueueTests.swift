import Testing

@testable import Explorer

@Suite("The noise levels still to be rebuilt")
struct RebuildQueueTests {
  private func drained(_ queue: inout RebuildQueue) -> [Int] {
    var levels: [Int] = []
    while let next = queue.next() { levels.append(next.step ?? next.timestep) }
    return levels
  }

  @Test("are one alone until a person looks, then all of them, the chosen one first")
  func order() {
    var queue = RebuildQueue()
    #expect(drained(&queue) == [800])

    queue.look(at: 2, timestep: 300)

    #expect(drained(&queue) == [300, 100, 200, 400, 500, 600, 700, 800, 900])
    #expect(queue.image == 2 && queue.isEmpty)
  }

  @Test("are followed by the chosen level at the other recorded steps")
  func steps() {
    var queue = RebuildQueue()
    queue.steps = [0, 50, 150]
    queue.look(at: 2, timestep: 300)
    #expect(drained(&queue) == [300, 100, 200, 400, 500, 600, 700, 800, 900, 0, 50, 150])

    queue.look(at: 2, timestep: 300, step: 50)
    let first = queue.next()
    #expect(first == RebuildQueue.Target(timestep: 300, step: 50))
    #expect(drained(&queue).suffix(2) == [0, 150])
  }

  @Test("start over when the CLIP has changed, and bring the chosen one forward when another is chosen")
  func renewed() {
    var queue = RebuildQueue()
    queue.look(at: 0, timestep: 600)
    _ = queue.next()
    queue.look(at: 0, timestep: 900)
    #expect(drained(&queue).prefix(2) == [900, 100])

    queue.renew()

    #expect(drained(&queue).count == 9)
  }
}
