import Glibc
import Synchronization

/// Buffers by size, so that a training step allocates nothing once it has run.
enum BufferPool {
  struct Buffer: @unchecked Sendable {
    let start: UnsafeMutablePointer<Float>
    /// In floats; at least what was asked for.
    let capacity: Int
  }

  private static let free = Mutex<[Int: [Buffer]]>([:])
  /// How often the system was asked for memory since the program began.
  static let misses = Atomic<Int>(0)

  /// From here on, in floats, a buffer is large: a somewhat larger one will do, since a step's phases want them in
  /// sizes that differ, one phase's activations where another's gradients were.
  private static let large = 1 << 18
  /// What may lie idle in large buffers where memory is short.
  static let mostIdleBytes = 256 << 20

  /// Rounds up to an eighth of a power of two: few distinct sizes, little waste.
  private static func capacity(_ count: Int) -> Int {
    let least = max(count, 64)
    let step = max(16, 1 << max(0, Int.bitWidth - least.leadingZeroBitCount - 4))
    return (least + step - 1) / step * step
  }

  static func take(_ count: Int) -> Buffer {
    let capacity = capacity(count)
    let most = capacity >= large ? capacity + capacity / 2 : capacity
    if let used = free.withLock({ $0.takeSmallest(in: capacity...most) }) { return used }
    misses.add(1, ordering: .relaxed)
    let memory = capacity >= large ? pages(4 * capacity) : aligned_alloc(64, 4 * capacity)
    guard let memory else { fatalError("out of memory: \(4 * capacity) bytes more are not to be had") }
    return Buffer(start: memory.bindMemory(to: Float.self, capacity: capacity), capacity: capacity)
  }

  static func giveBack(_ buffer: Buffer) {
    let isBounded = buffer.capacity >= large && ArithmeticPolicy.current.memory == .small
    let isKept = free.withLock { pool in
      if isBounded, 4 * (buffer.capacity + pool.largeFloats(from: large)) > mostIdleBytes { return false }
      pool[buffer.capacity, default: []].append(buffer)
      return true
    }
    if !isKept { release(buffer) }
  }

  /// Large buffers are whole pages, which go back to the system one by one; the heap would keep them.
  private static func pages(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let memory = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return memory == MAP_FAILED ? nil : memory
  }

  private static func release(_ buffer: Buffer) {
    if buffer.capacity >= large { munmap(buffer.start, 4 * buffer.capacity) } else { Glibc.free(buffer.start) }
  }

  /// Returns to the system what no tensor uses.
  static func trim() {
    let unused = free.withLock { pool in
      defer { pool = [:] }
      return pool.values.flatMap { $0 }
    }
    unused.forEach(release)
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

  /// What lies in buffers of at least `least` floats.
  fileprivate func largeFloats(from least: Int) -> Int {
    reduce(0) { $0 + ($1.key >= least ? $1.key * $1.value.count : 0) }
  }
}
