import Kernels
import Synchronization

/// What the kernels made of one parameter's numbers: a layout that a product likes better, or another precision.
///
/// Each form is made once and used until the numbers change; then it is made anew in the same memory.
final class PackedForms: Sendable {
  private struct Form {
    let bytes: OwnedBytes
    var isCurrent: Bool
  }

  private let forms = Mutex<[UInt64: Form]>([:])

  /// The form called `layout`, `size` bytes long; written by `fill` if it is not there or out of date.
  func form(_ layout: UInt64, size: Int, fill: (UnsafeMutableRawPointer) -> Void) -> OwnedBytes {
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

/// A tensor's numbers in a form that a kernel asked for; they stay while this value lives.
struct Packed {
  let pointer: UnsafeRawPointer
  let owner: AnyObject

  init(_ bytes: OwnedBytes) {
    guard let start = bytes.bytes.baseAddress else { preconditionFailure("a packed form of no bytes") }
    (pointer, owner) = (UnsafeRawPointer(start), bytes)
  }

  /// Memory that nobody keeps.
  init(temporary storage: Storage) { (pointer, owner) = (UnsafeRawPointer(storage.base), storage) }
}

/// Names of forms that are made here and not by a kernel.
enum KernelsLayouts {
  /// As the numbers are laid out, in another precision.
  static let plain: UInt64 = 2 << 62
}

extension Tensor {
  /// These numbers in the form called `layout`, `size` bytes long, that `fill` writes.
  ///
  /// A parameter keeps its forms until it changes or, if `keeps` is false, until the block ends that is being computed
  /// again; of any other tensor they are made for each use. `fill` gets the numbers in stored precision; pages of a file that it has read are given back to the system.
  func packed(
    _ layout: UInt64, size: Int, keeps: Bool = true, fill: (KernelsNumbers, UnsafeMutableRawPointer) -> Void
  ) -> Packed {
    let isWhole = offset == 0 && count == storage.count
    if keeps, isWhole, let packs = storage.packs {
      return Packed(
        packs.form(layout, size: size) { to in
          fill(storedNumbers, to)
          storage.stored?.dropPages()
        })
    }
    func make() -> Packed {
      let memory = Storage(count: (size + 3) / 4)
      fill(storedNumbers, memory.base)
      storage.stored?.dropPages()
      return Packed(temporary: memory)
    }
    guard isWhole, storage.isFrozen, let block = BlockForms.current else { return make() }
    return block.form(of: storage, layout, make: make)
  }

  /// The numbers where they lie: in the mapped file as long as nobody asked for floats.
  var storedNumbers: KernelsNumbers {
    guard let stored = storage.stored, !storage.ownsFloats, let type = stored.type.kernelsType else {
      return KernelsNumbers(data: UnsafeRawPointer(pointer), type: KERNELS_F32)
    }
    return KernelsNumbers(data: stored.start + offset * stored.type.bits / 8, type: type)
  }
}

extension StoredType {
  /// How the kernels call it; nil for what they do not read.
  fileprivate var kernelsType: KernelsType? {
    switch self {
    case .f32: KERNELS_F32
    case .f16: KERNELS_F16
    case .bf16: KERNELS_BF16
    default: nil
    }
  }
}
