import Kernels
import Synchronization

/// One parameter's numbers in packed layouts or another precision.
///
/// Each form is made once and used until the numbers change; then it is made anew in the same memory.
final class PackedWeights: Sendable {
  private struct Form {
    let bytes: OwnedBytes
    var isCurrent: Bool
  }

  private let forms = Mutex<[PackedLayout: Form]>([:])

  /// The form in this layout, `size` bytes long; written by `fill` if it is not there or out of date.
  func form(_ layout: PackedLayout, size: Int, fill: (UnsafeMutableRawPointer) -> Void) -> OwnedBytes {
    forms.withLock { forms in
      if let made = forms[layout], made.isCurrent { return made.bytes }
      let bytes = forms[layout]?.bytes ?? OwnedBytes(count: size)
      precondition(bytes.bytes.count == size, "a packed form of \(bytes.bytes.count) bytes should have \(size)")
      if let start = bytes.bytes.baseAddress { fill(start) }
      forms[layout] = Form(bytes: bytes, isCurrent: true)
      return bytes
    }
  }

  /// The numbers have changed.
  func expire() {
    forms.withLock { forms in
      for layout in forms.keys { forms[layout]?.isCurrent = false }
    }
  }

  /// The memory of all forms.
  var byteCount: Int { forms.withLock { $0.values.reduce(0) { $0 + $1.bytes.bytes.count } } }
}

/// A tensor's numbers in one packed layout; they stay while this value lives.
struct PackedWeight {
  let pointer: UnsafeRawPointer
  let owner: AnyObject

  init(_ bytes: OwnedBytes) {
    guard let start = bytes.bytes.baseAddress else { preconditionFailure("a packed form of no bytes") }
    (pointer, owner) = (UnsafeRawPointer(start), bytes)
  }

  /// Memory for one use.
  init(temporary storage: Storage) { (pointer, owner) = (UnsafeRawPointer(storage.base), storage) }
}

/// Packed layouts of frozen weights for as long as one block of a model is recomputed and differentiated: both passes
/// read the same ones, and where memory is short they are kept no longer.
///
/// Only the thread that computes the block finds them: the pool's threads do not inherit its values.
final class BlockWeights: @unchecked Sendable {
  private struct Name: Hashable {
    let storage: ObjectIdentifier
    let layout: PackedLayout
  }

  private struct Form {
    /// Keeps the name from being given to other weights.
    let storage: Storage
    let packed: PackedWeight
  }

  private var forms: [Name: Form] = [:]

  @TaskLocal private static var scoped: BlockWeights?

  static var current: BlockWeights? { scoped }

  static func during<R>(_ body: () throws -> R) rethrows -> R {
    try $scoped.withValue(BlockWeights(), operation: body)
  }

  func form(of storage: Storage, _ layout: PackedLayout, make: () -> PackedWeight) -> PackedWeight {
    let name = Name(storage: ObjectIdentifier(storage), layout: layout)
    if let made = forms[name] { return made.packed }
    let packed = make()
    forms[name] = Form(storage: storage, packed: packed)
    return packed
  }
}

extension Tensor {
  /// These numbers in a packed layout, `size` bytes long, that `fill` writes.
  ///
  /// A parameter keeps its forms until it changes or, if `keeps` is false, until the block ends that is being computed
  /// again; of any other tensor they are made for each use. `fill` gets the numbers in stored precision; pages of a file
  /// that it has read are given back to the system.
  func packed(
    _ layout: PackedLayout, size: Int, keeps: Bool = true, fill: (KernelsNumbers, UnsafeMutableRawPointer) -> Void
  ) -> PackedWeight {
    let isWhole = offset == 0 && count == storage.count
    if keeps, isWhole, let packs = storage.packs {
      return PackedWeight(
        packs.form(layout, size: size) { to in
          fill(storedNumbers, to)
          storage.stored?.dropPages()
        })
    }
    func make() -> PackedWeight {
      let memory = Storage(count: (size + 3) / 4)
      fill(storedNumbers, memory.base)
      storage.stored?.dropPages()
      return PackedWeight(temporary: memory)
    }
    guard isWhole, storage.isFrozen, let block = BlockWeights.current else { return make() }
    return block.form(of: storage, layout, make: make)
  }

  /// The numbers where they lie: in the mapped file until they are first read as floats.
  var storedNumbers: KernelsNumbers {
    guard let stored = storage.stored, !storage.ownsFloats, let type = stored.type.kernelsType else {
      return KernelsNumbers(data: UnsafeRawPointer(pointer), type: KERNELS_F32)
    }
    return KernelsNumbers(data: stored.start + offset * stored.type.bits / 8, type: type)
  }
}

extension StoredType {
  /// The kernels' name for it; nil for what they do not read.
  fileprivate var kernelsType: KernelsType? {
    switch self {
    case .f32: KERNELS_F32
    case .f16: KERNELS_F16
    case .bf16: KERNELS_BF16
    default: nil
    }
  }
}
