/// Reads a pickle by its instructions, as far as PyTorch and TorchScript write them (protocols 2 to 5).
///
/// Pickles are programs for a stack machine that may import and call anything. This one can't: names stay names, and
/// the few calls that build data go through `PickleCalls`; every other call ends in a refusal that names it.
/// Memory is bounded by the length of the pickle, which is bounded by the caller.
struct PickleMachine {
  private var reader: PickleReader
  private var objects: [PickleObject] = []
  private var stack: [PickleValue] = []
  private var marks: [Int] = []
  private var memo: [Int: PickleValue] = [:]

  /// Far above any model's; a tower of containers costs more memory than bytes.
  static let mostObjects = 4_000_000
  /// The same for what all containers hold together: a call copies a list of any length in four bytes of pickle.
  static let mostItems = 16_000_000
  private var items = 0

  private init(_ bytes: [UInt8], from position: Int) { reader = PickleReader(bytes, from: position) }

  /// Reads one pickle that begins at `position` and says where it ends.
  static func read(_ bytes: [UInt8], from position: Int = 0) throws(PickleRefusal) -> (pickle: Pickle, end: Int) {
    var machine = PickleMachine(bytes, from: position)
    let root = try machine.run()
    return (Pickle(root: root, objects: machine.objects), machine.reader.position)
  }

  private mutating func run() throws(PickleRefusal) -> PickleValue {
    while true {
      let code = try reader.byte()
      if code == PickleCode.stop { return try pop() }
      guard try execute(code) else {
        throw PickleRefusal("its pickle holds the instruction \(code), which PyTorch does not write")
      }
    }
  }

  /// False for an instruction that is not known.
  private mutating func execute(_ code: UInt8) throws(PickleRefusal) -> Bool {
    if try pushScalar(code) { return true }
    if try pushText(code) { return true }
    if try container(code) { return true }
    if try fill(code) { return true }
    if try recall(code) { return true }
    return try build(code)
  }

  // MARK: The stack

  private mutating func push(_ value: PickleValue) { stack.append(value) }

  private mutating func push(_ kind: PickleObject.Kind, _ items: [PickleValue] = []) throws(PickleRefusal) {
    try count(items)
    guard objects.count < Self.mostObjects else { throw PickleRefusal("its pickle makes more objects than any model") }
    objects.append(PickleObject(kind: kind, items: items))
    stack.append(.reference(objects.count - 1))
  }

  private mutating func count(_ new: [PickleValue]) throws(PickleRefusal) {
    items += new.count
    guard items <= Self.mostItems else { throw PickleRefusal("its pickle holds more values than any model") }
  }

  private mutating func pop() throws(PickleRefusal) -> PickleValue {
    guard stack.count > marks.last ?? 0, let value = stack.popLast() else { throw Self.underflow }
    return value
  }

  private mutating func pop(_ count: Int) throws(PickleRefusal) -> [PickleValue] {
    guard stack.count - count >= marks.last ?? 0 else { throw Self.underflow }
    let values = Array(stack.suffix(count))
    stack.removeLast(count)
    return values
  }

  private mutating func popToMark() throws(PickleRefusal) -> [PickleValue] {
    guard let mark = marks.last else { throw Self.underflow }
    let values = Array(stack[mark...])
    stack.removeLast(values.count)
    marks.removeLast()
    return values
  }

  /// The container on top of the stack, to be filled.
  private func top() throws(PickleRefusal) -> Int {
    guard stack.count > marks.last ?? 0, case .reference(let index)? = stack.last else { throw Self.underflow }
    return index
  }

  private static let underflow = PickleRefusal("its pickle takes what is not there")

  // MARK: Instructions

  private mutating func pushScalar(_ code: UInt8) throws(PickleRefusal) -> Bool {
    switch code {
    case PickleCode.proto: _ = try reader.byte()
    case PickleCode.frame: _ = try reader.take(8)
    case PickleCode.none: push(.none)
    case PickleCode.newTrue: push(.bool(true))
    case PickleCode.newFalse: push(.bool(false))
    case PickleCode.binInt: push(.integer(try reader.number(Int32.self)))
    case PickleCode.binInt1: push(.integer(try reader.number(UInt8.self)))
    case PickleCode.binInt2: push(.integer(try reader.number(UInt16.self)))
    case PickleCode.long1: push(try reader.long(try reader.number(UInt8.self)))
    case PickleCode.long4: push(try reader.long(try reader.number(Int32.self)))
    case PickleCode.binFloat: push(.number(try reader.double()))
    case PickleCode.int: push(try decimal(try reader.line()))
    case PickleCode.long: push(try decimal(try reader.line()))
    default: return false
    }
    return true
  }

  /// A number in the text of Python 2's pickles: "12", "12L", and "01" for true.
  private func decimal(_ line: String) throws(PickleRefusal) -> PickleValue {
    if line == "01" { return .bool(true) }
    if line == "00" { return .bool(false) }
    guard let value = Int(line.hasSuffix("L") ? String(line.dropLast()) : line) else {
      throw PickleRefusal("its pickle holds “\(line.shown)” for a whole number")
    }
    return .integer(value)
  }

  private mutating func pushText(_ code: UInt8) throws(PickleRefusal) -> Bool {
    switch code {
    case PickleCode.binUnicode: push(.text(try reader.text(try reader.number(UInt32.self))))
    case PickleCode.shortBinUnicode: push(.text(try reader.text(try reader.number(UInt8.self))))
    case PickleCode.binUnicode8: push(.text(try reader.text(try reader.number(UInt64.self))))
    // Python 2's strings; PyTorch's names in them are ASCII.
    case PickleCode.shortBinString: push(.text(try reader.text(try reader.number(UInt8.self))))
    case PickleCode.binString: push(.text(try reader.text(try reader.number(Int32.self))))
    case PickleCode.shortBinBytes: push(.bytes(try reader.take(try reader.number(UInt8.self)).count))
    case PickleCode.binBytes: push(.bytes(try reader.take(try reader.number(UInt32.self)).count))
    case PickleCode.binBytes8, PickleCode.byteArray8:
      push(.bytes(try reader.take(try reader.number(UInt64.self)).count))
    default: return false
    }
    return true
  }

  private mutating func container(_ code: UInt8) throws(PickleRefusal) -> Bool {
    switch code {
    case PickleCode.mark: marks.append(stack.count)
    case PickleCode.emptyTuple: try push(.tuple)
    case PickleCode.tuple1: try push(.tuple, try pop(1))
    case PickleCode.tuple2: try push(.tuple, try pop(2))
    case PickleCode.tuple3: try push(.tuple, try pop(3))
    case PickleCode.tuple: try push(.tuple, try popToMark())
    case PickleCode.emptyList: try push(.list)
    case PickleCode.list: try push(.list, try popToMark())
    case PickleCode.emptyDict: try push(.dictionary)
    case PickleCode.dict: try push(.dictionary, try Self.pairs(try popToMark()))
    case PickleCode.emptySet: try push(.set)
    case PickleCode.frozenSet: try push(.set, try popToMark())
    case PickleCode.pop:
      // A mark on top is taken off like a value.
      if let mark = marks.last, mark == stack.count { marks.removeLast() } else { _ = try pop() }
    case PickleCode.popMark: _ = try popToMark()
    case PickleCode.dup:
      let value = try pop()
      stack += [value, value]
    default: return false
    }
    return true
  }

  private static func pairs(_ values: [PickleValue]) throws(PickleRefusal) -> [PickleValue] {
    guard values.count % 2 == 0 else { throw PickleRefusal("its pickle has a key without a value") }
    return values
  }

  private mutating func fill(_ code: UInt8) throws(PickleRefusal) -> Bool {
    switch code {
    case PickleCode.append: try extend(.list, with: try pop(1))
    case PickleCode.appends: try extend(.list, with: try popToMark())
    case PickleCode.setItem: try extend(.dictionary, with: try pop(2))
    case PickleCode.setItems: try extend(.dictionary, with: try Self.pairs(try popToMark()))
    case PickleCode.addItems: try extend(.set, with: try popToMark())
    default: return false
    }
    return true
  }

  private mutating func extend(_ kind: PickleObject.Kind, with values: [PickleValue]) throws(PickleRefusal) {
    let index = try top()
    switch objects[index].kind {
    case kind:
      try count(values)
      objects[index].items += values
    // What objects that we have no use for are filled with, we have no use for either.
    case .opaque, .instance: break
    default: throw PickleRefusal("its pickle fills something that is not a \(kind)")
    }
  }

  private mutating func recall(_ code: UInt8) throws(PickleRefusal) -> Bool {
    switch code {
    case PickleCode.binPut: try remember(try reader.number(UInt8.self))
    case PickleCode.longBinPut: try remember(try reader.number(UInt32.self))
    case PickleCode.memoize: try remember(memo.count)
    case PickleCode.binGet: try recall(try reader.number(UInt8.self))
    case PickleCode.longBinGet: try recall(try reader.number(UInt32.self))
    default: return false
    }
    return true
  }

  private mutating func remember(_ index: Int) throws(PickleRefusal) {
    guard stack.count > marks.last ?? 0, let value = stack.last else { throw Self.underflow }
    memo[index] = value
  }

  private mutating func recall(_ index: Int) throws(PickleRefusal) {
    guard let value = memo[index] else { throw PickleRefusal("its pickle recalls the value \(index), never kept") }
    push(value)
  }

  // MARK: Names and calls

  private mutating func build(_ code: UInt8) throws(PickleRefusal) -> Bool {
    switch code {
    case PickleCode.global:
      let module = try reader.line()
      try push(.global(module + "." + (try reader.line())))
    case PickleCode.stackGlobal:
      let words = try pop(2)
      guard case .text(let module) = words[0], case .text(let name) = words[1] else { throw Self.underflow }
      try push(.global(module + "." + name))
    case PickleCode.binPersistentID:
      let id = try pop()
      let result = try PickleCalls(objects).persistent(id)
      try push(result)
    case PickleCode.newObject: try instantiate(try pop(2))
    case PickleCode.newObjectEx: try instantiate(try pop(3))
    case PickleCode.reduce: try reduce()
    case PickleCode.build: try setState()
    default: return false
    }
    return true
  }

  /// An object of a class, without running the class: its state, set by BUILD, is all that we may look at.
  private mutating func instantiate(_ parts: [PickleValue]) throws(PickleRefusal) {
    guard case .reference(let index) = parts[0], case .global = objects[index].kind else {
      throw PickleRefusal("its pickle makes an object of something that is not a class")
    }
    try push(.instance, [parts[0]])
  }

  private mutating func reduce() throws(PickleRefusal) {
    let parts = try pop(2)
    guard case .reference(let callee) = parts[0], case .global(let name) = objects[callee].kind else {
      throw PickleRefusal("its pickle calls something that is not a function")
    }
    guard case .reference(let list) = parts[1], objects[list].kind == .tuple else {
      throw PickleRefusal("its pickle calls \(name.shown) without arguments")
    }
    // On a line of its own, so that the objects are not shared when they grow.
    let result = try PickleCalls(objects).result(of: name, objects[list].items)
    try push(result)
  }

  private mutating func push(_ result: PickleCalls.Result) throws(PickleRefusal) {
    switch result {
    case .value(let value): push(value)
    case .object(let kind, let items): try push(kind, items)
    }
  }

  private mutating func setState() throws(PickleRefusal) {
    let state = try pop()
    let index = try top()
    // Attributes of dictionaries, tensors and the like say nothing that we need.
    if objects[index].kind == .instance { objects[index].items = [objects[index].items[0], state] }
  }
}
