import Glibc
import Kernels
import Synchronization

/// The numbers behind tensors: floats of our own, or those of a mapped file.
///
/// Floats of our own are 64-byte aligned and return to a pool when nobody uses them: written by the op that made them
/// and, for a parameter, by its optimizer; read by everyone else. A file's numbers are never written. Float32 ones are
/// read where they lie; others become floats of our own when somebody asks for floats, which no product with packed
/// weights does.
public final class Storage: @unchecked Sendable {
  public let count: Int
  /// The numbers in their file's precision; nil for floats of our own.
  let stored: StoredTensor?
  private let floats: Atomic<UnsafeMutablePointer<Float>?>
  private let conversion = Mutex<Void>(())
  /// Other forms of a parameter's numbers; nil where nobody would find them again.
  private(set) var packs: PackedForms?
  /// Not 0 for weights that never change, whose packed forms the kernels may keep under this number.
  private(set) var frozenID: UInt64 = 0

  init(count: Int) {
    self.count = count
    stored = nil
    floats = Atomic(BufferPool.take(count))
  }

  /// A parameter's numbers as they stand in a file; the type must be a readable float.
  init(_ stored: StoredTensor) {
    count = stored.description.count
    self.stored = stored
    floats = Atomic(stored.alignedFloats.map { UnsafeMutablePointer(mutating: $0) })
    packs = PackedForms()
  }

  deinit {
    thaw()
    if ownsFloats, let base = floats.load(ordering: .acquiring) { BufferPool.giveBack(base, count) }
  }

  /// The first of the floats; those of a file must not be written.
  public var base: UnsafeMutablePointer<Float> { floats.load(ordering: .acquiring) ?? convert() }

  /// False while the only floats, if any, are those of the file.
  var ownsFloats: Bool {
    guard let stored else { return true }
    return stored.alignedFloats == nil && floats.load(ordering: .acquiring) != nil
  }

  private func convert() -> UnsafeMutablePointer<Float> {
    conversion.withLock { _ in
      if let made = floats.load(ordering: .acquiring) { return made }
      guard let stored else { preconditionFailure("floats of our own are there from the beginning") }
      let made = BufferPool.take(count)
      stored.floats(into: UnsafeMutableBufferPointer(start: made, count: count))
      stored.dropPages()
      floats.store(made, ordering: .releasing)
      return made
    }
  }

  /// These numbers belong to a parameter: it is worth keeping what is made of them.
  func keepPacks() { packs = packs ?? PackedForms() }

  var isFrozen: Bool { frozenID != 0 }

  /// From now on nobody writes here, so that the kernels may pack these weights once and keep them packed.
  func freeze() {
    if frozenID == 0 { frozenID = Storage.nextID.add(1, ordering: .relaxed).newValue }
  }

  /// The weights may change, or have changed: what was packed is out of date.
  func thaw() {
    packs?.expire()
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
