/// What a Python pickle describes, as data: a graph of values in which nothing is ever called or imported.
///
/// Containers stand in `objects` and refer to each other by number. So cycles and endless nesting, which a hostile
/// file may hold, cost neither memory nor stack.
struct Pickle {
  var root: PickleValue
  var objects: [PickleObject]

  /// The container that `value` refers to.
  func object(_ value: PickleValue) -> PickleObject? {
    if case .reference(let index) = value { objects[index] } else { nil }
  }

  /// Keys and values of a dictionary; nil for anything else.
  func entries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)]? {
    guard let object = object(value), case .dictionary = object.kind else { return nil }
    return stride(from: 0, to: object.items.count - 1, by: 2).map { (object.items[$0], object.items[$0 + 1]) }
  }

  /// The value of a text key; nil when there is none, or when `value` is no dictionary.
  func member(_ name: String, of value: PickleValue) -> PickleValue? {
    entries(value)?.last { $0.key == .text(name) }?.value
  }

  /// The elements of a tuple or list; nil for anything else.
  func elements(_ value: PickleValue) -> [PickleValue]? {
    guard let object = object(value), object.kind == .tuple || object.kind == .list else { return nil }
    return object.items
  }
}

/// A plain value, or the number of a container.
enum PickleValue: Equatable {
  case none
  case bool(Bool)
  case integer(Int)
  /// Also a whole number beyond 64 bits, which no tensor has use for.
  case number(Double)
  case text(String)
  /// A byte string: nothing that we read is one, so only its length is kept.
  case bytes(Int)
  case reference(Int)
}

/// Something made of other values.
struct PickleObject: Equatable {
  enum Kind: Equatable {
    case tuple
    case list
    case set
    /// Keys and values in turn.
    case dictionary
    /// A class or function by its full name: "torch.nn.modules.linear.Linear".
    case global(String)
    /// An object of the class `items[0]`; `items[1]`, once known, is its state.
    case instance
    /// A value of a harmless class that we have no use for, by the class's name.
    case opaque(String)
    case storage(PickledStorage)
    case tensor(PickledTensor)
  }

  var kind: Kind
  var items: [PickleValue] = []
}

/// A run of numbers that a pickle refers to by its key; the numbers lie elsewhere in the file.
struct PickledStorage: Equatable {
  let key: String
  let type: StoredType
  /// In entries of `type`.
  let count: Int
}

/// A view of a storage, in entries; unchecked as it stands in the pickle.
struct PickledTensor: Equatable {
  let storage: PickledStorage
  let offset: Int
  let dims: [Int]
  let strides: [Int]
}

/// How a pickle cannot be read: the reader that knows the file's name makes a `Problem` of it.
struct PickleRefusal: Error, Equatable {
  let reason: String
  /// What the person may do; nil when the file is simply damaged.
  var advice: String?

  init(_ reason: String, advice: String? = nil) { (self.reason, self.advice) = (reason, advice) }
}
