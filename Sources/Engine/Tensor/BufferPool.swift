import Synchronization

/// Buffers by size, so that a training step allocates nothing once it has run.
enum BufferPool {
  struct Buffer: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
    /// In floats; at least what was requested.
    let capacity: Int
  }

  private static let pool = Mutex(Pool())
  /// How many allocations the system made since the program began.
  static let misses = Atomic<Int>(0)

  /// From here on, in floats, a buffer is large: a somewhat larger one will do, since a step's phases need them in
  /// sizes that differ, one phase's activations where another's gradients were.
  static let large = 1 << 18

  /// Bytes of the pages that large buffers of one size share, where they are smaller and memory is not short: alone
  /// they would have no pages of 2 MiB, and products wait for the many small ones. What is not used yet is not there yet.
  private static let family = 8 << 20

  /// Rounds up to an eighth of a power of two: few distinct sizes, little waste.
  private static func capacity(_ count: Int) -> Int {
    let least = max(count, 64)
    let step = max(16, 1 << max(0, Int.bitWidth - least.leadingZeroBitCount - 4))
    return (least + step - 1) / step * step
  }

  static func take(_ count: Int) -> Buffer {
    let capacity = capacity(count)
    let most = capacity >= large ? capacity + capacity / 2 : capacity
    if let used = pool.withLock({ $0.takeIdle(in: capacity...most) }) { return used }
    misses.add(1, ordering: .relaxed)
    if capacity < large { return part(capacity) }
    let isShort = ArithmeticPolicy.current.memory == .small
    pool.withLock { $0.makeRoom(for: capacity, isShort: isShort) }.forEach(release)
    let count = isShort ? 1 : max(1, family / (4 * capacity))
    // Whole pages, which go back to the system one by one.
    let floats = pages(4 * capacity * count).bindMemory(to: Float.self, capacity: capacity * count)
    let buffers = (0..<count).map { Buffer(start: floats + $0 * capacity, capacity: capacity) }
    if count > 1 { pool.withLock { $0.add(buffers.dropFirst()) } }
    return buffers[0]
  }

  static func giveBack(_ buffer: Buffer) { pool.withLock { $0.keep(buffer) } }

  /// A buffer that is not large is a part of pages that it shares with others, of whatever sizes.
  private static func part(_ capacity: Int) -> Buffer {
    if let buffer = pool.withLock({ $0.slab.cut(capacity) }) { return buffer }
    var slab = Slab(next: pages(slabBytes), left: slabBytes)
    guard let buffer = slab.cut(capacity) else { preconditionFailure("a slab holds \(slabBytes) bytes") }
    let rest = slab
    pool.withLock { $0.slab = rest }
    return buffer
  }

  /// Bytes of the pages that small buffers share.
  private static let slabBytes = 8 << 20

  /// Bytes between two of them, lest buffers of equal size share their places in the caches.
  private static let stagger = 64

  private static func pages(_ bytes: Int) -> UnsafeMutableRawPointer {
    guard let memory = LargePages.take(bytes) else {
      fatalError("out of memory: \(bytes) bytes more are not to be had")
    }
    return memory
  }

  /// Returns to the system what no tensor uses, as far as it is large.
  static func trim() { pool.withLock { $0.takeLargeIdle() }.forEach(release) }

  private static func release(_ buffer: Buffer) { LargePages.giveBack(buffer.start, bytes: 4 * buffer.capacity) }

  /// Pages of which small buffers are cut.
  private struct Slab: @unchecked Sendable {
    var next: UnsafeMutableRawPointer?
    var left = 0

    mutating func cut(_ capacity: Int) -> Buffer? {
      let bytes = 4 * capacity + stagger
      guard let start = next, bytes <= left else { return nil }
      (next, left) = (start + bytes, left - bytes)
      return Buffer(start: start.bindMemory(to: Float.self, capacity: capacity), capacity: capacity)
    }
  }

  /// Free buffers, and how much lies in large ones.
  private struct Pool {
    private var idle: [Int: [Buffer]] = [:]
    var slab = Slab()
    /// Floats in large buffers: idle, in use, and the most that were ever in use.
    private var idleFloats = 0
    private var usedFloats = 0
    private var peakFloats = 0

    mutating func takeIdle(in range: ClosedRange<Int>) -> Buffer? {
      let buffer = idle.takeSmallest(in: range)
      if let buffer, buffer.capacity >= large {
        idleFloats -= buffer.capacity
        countUse(buffer.capacity)
      }
      return buffer
    }

    /// Large buffers that have not been used yet.
    mutating func add(_ buffers: ArraySlice<Buffer>) {
      for buffer in buffers {
        idleFloats += buffer.capacity
        idle[buffer.capacity, default: []].append(buffer)
      }
    }

    mutating func keep(_ buffer: Buffer) {
      if buffer.capacity >= large {
        usedFloats -= buffer.capacity
        idleFloats += buffer.capacity
      }
      idle[buffer.capacity, default: []].append(buffer)
    }

    /// Before a new large buffer. Where memory is short, what is idle and what is used together never take more than
    /// what was once used: gives the idle buffers that must go.
    mutating func makeRoom(for floats: Int, isShort: Bool) -> [Buffer] {
      countUse(floats)
      var leaving: [Buffer] = []
      guard isShort else { return leaving }
      for capacity in idle.keys.sorted(by: >) where capacity >= large {
        while usedFloats + idleFloats > peakFloats, let buffer = idle[capacity]?.popLast() {
          idleFloats -= capacity
          leaving.append(buffer)
        }
      }
      return leaving
    }

    mutating func takeLargeIdle() -> [Buffer] {
      let leaving = idle.filter { $0.key >= large }
      for capacity in leaving.keys { idle[capacity] = nil }
      idleFloats = 0
      return leaving.values.flatMap { $0 }
    }

    private mutating func countUse(_ floats: Int) {
      usedFloats += floats
      peakFloats = max(peakFloats, usedFloats)
    }
  }
}

extension [Int: [BufferPool.Buffer]] {
  /// The smallest buffer whose capacity lies in `range`.
  fileprivate mutating func takeSmallest(in range: ClosedRange<Int>) -> BufferPool.Buffer? {
    if let exact = self[range.lowerBound]?.popLast() { return exact }
    guard range.count > 1 else { return nil }
    let larger = filter { range.contains($0.key) && !$0.value.isEmpty }.keys.min()
    return larger.flatMap { self[$0]?.popLast() }
  }
}
