/// Forms of frozen weights for as long as one block of a model is computed again and differentiated: both passes want
/// the same ones, and where memory is short nobody keeps them longer.
///
/// Only the thread that computes the block finds them: the pool's threads do not inherit its values.
final class BlockForms: @unchecked Sendable {
  private struct Name: Hashable {
    let storage: ObjectIdentifier
    let layout: UInt64
  }

  private struct Form {
    /// Keeps the name from being given to other weights.
    let storage: Storage
    let packed: Packed
  }

  private var forms: [Name: Form] = [:]

  @TaskLocal private static var scoped: BlockForms?

  static var current: BlockForms? { scoped }

  static func during<R>(_ body: () throws -> R) rethrows -> R {
    try $scoped.withValue(BlockForms(), operation: body)
  }

  func form(of storage: Storage, _ layout: UInt64, make: () -> Packed) -> Packed {
    let name = Name(storage: ObjectIdentifier(storage), layout: layout)
    if let made = forms[name] { return made.packed }
    let packed = make()
    forms[name] = Form(storage: storage, packed: packed)
    return packed
  }
}
