import Kernels
import Synchronization

/// The numbers behind tensors: floats of our own, or those of a mapped file.
///
/// Floats of our own are 64-byte aligned and return to a pool when their last owner goes: written by the op that made them
/// and, for a parameter, by its optimizer; read by everyone else. A file's numbers are never written. Float32 ones are
/// read where they lie; others become floats of our own when they are first read as floats, which no product with packed
/// weights does.
public final class Storage: @unchecked Sendable {
  public let count: Int
  /// The numbers in their file's precision; nil for floats of our own.
  let stored: StoredTensor?
  private let floats: Atomic<UnsafeMutablePointer<Float>?>
  private let conversion = Mutex<Void>(())
  /// How many floats our own memory has place for.
  private var capacity = 0
  /// Other forms of a parameter's numbers; nil where they would not be found again.
  private(set) var packs: PackedWeights?
  /// Not 0 for weights that never change, whose packed forms the kernels may keep under this number.
  private(set) var frozenID: UInt64 = 0

  init(count: Int) {
    self.count = count
    stored = nil
    let buffer = BufferPool.take(count)
    capacity = buffer.capacity
    floats = Atomic(buffer.start)
  }

  /// A parameter's numbers as they stand in a file; the type must be a readable float.
  init(_ stored: StoredTensor) {
    count = stored.description.count
    self.stored = stored
    floats = Atomic(stored.alignedFloats.map { UnsafeMutablePointer(mutating: $0) })
    packs = PackedWeights()
  }

  deinit {
    thaw()
    if ownsFloats, let start = floats.load(ordering: .acquiring) {
      BufferPool.giveBack(BufferPool.Buffer(start: start, capacity: capacity))
    }
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
      stored.floats(into: UnsafeMutableBufferPointer(start: made.start, count: count))
      stored.dropPages()
      capacity = made.capacity
      floats.store(made.start, ordering: .releasing)
      return made.start
    }
  }

  /// These numbers belong to a parameter: it is worth keeping what is made of them.
  func keepPacks() { packs = packs ?? PackedWeights() }

  var isFrozen: Bool { frozenID != 0 }

  /// No more writes: the kernels may pack these weights once and keep them packed.
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
