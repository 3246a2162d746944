import Glibc
import Kernels
import Synchronization

/// The memory behind tensors: 64-byte aligned floats that return to a pool when nobody uses them.
///
/// Written by the op that made it and, for a parameter, by its optimizer; read by everyone else.
public final class Storage: @unchecked Sendable {
  public let base: UnsafeMutablePointer<Float>
  public let count: Int
  /// Not 0 for weights that never change, whose packed forms the kernels may keep under this number.
  private(set) var frozenID: UInt64 = 0

  init(count: Int) {
    self.count = count
    base = BufferPool.take(count)
  }

  deinit {
    thaw()
    BufferPool.giveBack(base, count)
  }

  /// From now on nobody writes here, so that the kernels may pack these weights once and keep them packed.
  func freeze() {
    if frozenID == 0 { frozenID = Storage.nextID.add(1, ordering: .relaxed).newValue }
  }

  /// The weights may change again: what was packed is dropped.
  func thaw() {
    if frozenID != 0 { kernels_forget_weights(frozenID) }
    frozenID = 0
  }

  private static let nextID = Atomic<UInt64>(0)
}

/// Buffers by size, so that a training step allocates nothing once it has run.
enum BufferPool {
  private struct Address: @unchecked Sendable { let pointer: UnsafeMutablePointer<Float> }
  private static let free = Mutex<[Int: [Address]]>([:])
  /// How often the system was asked for memory since the program began.
  static let misses = Atomic<Int>(0)

  /// Rounds up to an eighth of a power of two: few distinct sizes, little waste.
  private static func capacity(_ count: Int) -> Int {
    let least = max(count, 64)
    let step = max(16, 1 << max(0, Int.bitWidth - least.leadingZeroBitCount - 4))
    return (least + step - 1) / step * step
  }

  static func take(_ count: Int) -> UnsafeMutablePointer<Float> {
    let capacity = capacity(count)
    if let used = free.withLock({ $0[capacity]?.popLast() }) { return used.pointer }
    misses.add(1, ordering: .relaxed)
    guard let memory = aligned_alloc(64, capacity * MemoryLayout<Float>.stride) else {
      fatalError("out of memory: \(capacity * 4) bytes more are not to be had")
    }
    return memory.bindMemory(to: Float.self, capacity: capacity)
  }

  static func giveBack(_ pointer: UnsafeMutablePointer<Float>, _ count: Int) {
    let address = Address(pointer: pointer)
    free.withLock { $0[capacity(count), default: []].append(address) }
  }

  /// Returns to the system what no tensor uses.
  static func trim() {
    let unused = free.withLock { pool in
      defer { pool = [:] }
      return pool.values.flatMap { $0 }
    }
    for address in unused { Glibc.free(address.pointer) }
  }
}
