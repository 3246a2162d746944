/// The named tensors of a pickle, as PyTorch's `state_dict()` would name them.
///
/// Three kinds of pickle are distinguished by what they hold: a dictionary of tensors (nested ones get dotted names), a
/// whole saved `nn.Module`, and a TorchScript module.
struct PickledModel {
  enum Kind: Equatable {
    case dictionary
    case module
    case script
  }

  let kind: Kind
  private(set) var tensors: [(name: String, tensor: PickledTensor)] = []
  /// Plain values beside the weights (an epoch), the key that the weights stood under, the class of a module.
  private(set) var metadata: [String: String] = [:]

  private let pickle: Pickle
  private let names: PickledNames
  /// The first class beside the weights that is not known.
  private var foreign: String?
  private var visits = 0
  private var letters = 0

  /// Keys under which training programs put the weights, beside an epoch and an optimizer.
  private static let wrappers = ["state_dict", "model_state_dict", "model"]
  private static let deepest = 64
  private static let longestName = 1000
  /// A few containers that hold each other can spell out more names than there are atoms.
  private static let mostVisits = 2_000_000
  /// Of all names together.
  private static let mostLetters = 1 << 26

  init(_ pickle: Pickle) throws(PickleRefusal) {
    self.pickle = pickle
    let model = PickledModel.unwrapped(pickle)
    kind = PickledModel.kind(of: model.value, in: pickle)
    if let key = model.key { metadata = PickledModel.remarks(pickle).merging(["wrapped in": key]) { _, key in key } }
    if let name = pickle.className(model.value) { metadata["class"] = String(name.shown) }
    names = try PickledNames(pickle)
    try walk(model.value, named: "", depth: 0)
    guard !tensors.isEmpty else {
      throw foreign.map { PickleCalls.refusal($0) }
        ?? PickleRefusal("it holds no tensors with names", advice: "expected weights")
    }
  }

  private static func kind(of value: PickleValue, in pickle: Pickle) -> Kind {
    guard let name = pickle.className(value) else { return .dictionary }
    return name.hasPrefix("__torch__.") ? .script : .module
  }

  /// The weights: the whole pickle, or what stands in it under a well-known key.
  private static func unwrapped(_ pickle: Pickle) -> (value: PickleValue, key: String?) {
    guard let entries = pickle.entries(pickle.root) else { return (pickle.root, nil) }
    let hasTensors = entries.contains { if case .tensor? = pickle.object($0.value)?.kind { true } else { false } }
    if !hasTensors {
      for key in wrappers {
        if let value = pickle.member(key, of: pickle.root), pickle.entries(value) != nil || pickle.isModule(value) {
          return (value, key)
        }
      }
    }
    return (pickle.root, nil)
  }

  /// The plain values at the root, such as an epoch.
  private static func remarks(_ pickle: Pickle) -> [String: String] {
    var remarks: [String: String] = [:]
    for (key, value) in (pickle.entries(pickle.root) ?? []).prefix(100) {
      guard case .text(let name) = key else { continue }
      switch value {
      case .integer(let number): remarks[name.shown] = String(number)
      case .number(let number): remarks[name.shown] = String(number)
      case .bool(let flag): remarks[name.shown] = String(flag)
      case .text(let text): remarks[name.shown] = text.shown
      default: break
      }
    }
    return remarks
  }

  /// - Parameter besideTensors: among tensors nothing may be passed over, elsewhere what is not known is no weight.
  private mutating func walk(
    _ value: PickleValue, named name: String, depth: Int, besideTensors: Bool = false
  ) throws(PickleRefusal) {
    visits += 1
    guard visits <= Self.mostVisits else { throw PickleRefusal("it repeats itself more often than any model") }
    guard depth <= Self.deepest else { throw PickleRefusal("it is nested deeper than \(Self.deepest) levels") }
    guard let object = pickle.object(value) else { return }
    switch object.kind {
    case .tensor(let tensor):
      guard !name.isEmpty else { throw PickleRefusal("it is one tensor without a name", advice: "expected a model") }
      letters += name.utf8.count
      guard letters <= Self.mostLetters else { throw PickleRefusal("its tensors have longer names than any model's") }
      tensors.append((name, tensor))
    case .dictionary: try walk(pickle.entries(value) ?? [], under: name, depth: depth)
    case .tuple, .list:
      for (index, element) in object.items.enumerated() {
        try walk(element, named: try Self.join(name, String(index)), depth: depth + 1)
      }
    case .instance:
      if let type = pickle.className(value) { try pass(type, besideTensors) }
      try walk(pickle.moduleEntries(value), under: name, depth: depth)
    case .global(let type), .opaque(let type): try pass(type, besideTensors)
    case .set, .storage: break
    }
  }

  private mutating func walk(_ entries: [(key: PickleValue, value: PickleValue)], under name: String, depth: Int)
    throws(PickleRefusal)
  {
    let isTable = entries.contains { if case .tensor? = pickle.object($0.value)?.kind { true } else { false } }
    for (key, value) in entries {
      switch key {
      case .text(let text):
        try walk(value, named: try Self.join(name, text), depth: depth + 1, besideTensors: isTable)
      case .integer(let number):
        try walk(value, named: try Self.join(name, String(number)), depth: depth + 1, besideTensors: isTable)
      // Nothing in a model is keyed by anything else.
      default: break
      }
    }
  }

  /// Passes over an object of a class that says nothing of the weights.
  private mutating func pass(_ type: String, _ besideTensors: Bool) throws(PickleRefusal) {
    guard !names.isKnown(type) else { return }
    if besideTensors { throw PickleCalls.refusal(type) }
    foreign = foreign ?? type
  }

  private static func join(_ scope: String, _ name: String) throws(PickleRefusal) -> String {
    let joined = scope.isEmpty ? name : scope + "." + name
    guard joined.utf8.count <= longestName else {
      throw PickleRefusal("it has a name of \(joined.utf8.count) letters: \(name.shown)")
    }
    return joined
  }
}

extension Pickle {
  /// The full name of an object's class; nil when `value` is no object.
  func className(_ value: PickleValue) -> String? {
    guard let object = object(value), case .instance = object.kind else { return nil }
    guard let type = object.items.first.flatMap(self.object), case .global(let name) = type.kind else { return nil }
    return name
  }

  /// The attributes of an object; nil when it has none in a dictionary.
  private func state(_ value: PickleValue) -> PickleValue? {
    guard let object = object(value), case .instance = object.kind, object.items.count == 2 else { return nil }
    let state = object.items[1]
    // A class with slots keeps its dictionary as the first of two.
    return entries(state) != nil ? state : elements(state)?.first
  }

  /// Whether an object is a saved `nn.Module`, recognised by its state: its class may be of any module.
  func isModule(_ value: PickleValue) -> Bool {
    guard let state = state(value), let parameters = member("_parameters", of: state) else { return false }
    return entries(parameters) != nil && member("_modules", of: state).flatMap(entries) != nil
  }

  /// What an object contributes to `state_dict()`, in its order; nothing unless it is a module.
  ///
  /// A TorchScript module keeps parameters, buffers and sub-modules among its attributes; an `nn.Module` has a table
  /// of each, and may leave buffers out.
  func moduleEntries(_ value: PickleValue) -> [(key: PickleValue, value: PickleValue)] {
    guard let state = state(value) else { return [] }
    if className(value)?.hasPrefix("__torch__.") == true { return entries(state) ?? [] }
    guard isModule(value) else { return [] }
    let left = member("_non_persistent_buffers_set", of: state).flatMap(object)?.items ?? []
    func table(_ name: String) -> [(key: PickleValue, value: PickleValue)] {
      member(name, of: state).flatMap(entries) ?? []
    }
    return table("_parameters") + table("_buffers").filter { !left.contains($0.key) } + table("_modules")
  }
}
