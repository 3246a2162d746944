/// PyTorch's file format before version 1.6: five pickles in a row, then every storage with its size before it.
///
/// Source: `_legacy_load` in `torch/serialization.py`.
struct LegacyPyTorch {
  let model: PickledModel
  private let places: [String: Range<Int>]

  /// The magic number 0x1950a86a20f9469cfc6c as a pickle of its own.
  private static let magic: [UInt8] = [
    0x8A, 0x0A, 0x6C, 0xFC, 0x9C, 0x46, 0xF9, 0x20, 0x6A, 0xA8, 0x50, 0x19, UInt8(ascii: "."),
  ]
  private static let start = 2 + magic.count

  /// True for a file that begins with the magic number; the second byte is the pickle's protocol.
  static func isLegacy(_ file: UnsafeRawBufferPointer) -> Bool { file.has([0x80]) && file.has(magic, at: 2) }

  init(_ file: UnsafeRawBufferPointer) throws(PickleRefusal) {
    let head = [UInt8](file.prefix(PyTorchFile.longestPickle))
    let (version, second) = try PickleMachine.read(head, from: Self.start)
    guard version.root == .integer(1001) else {
      throw PickleRefusal("it is of a version of PyTorch's old format that is not known", advice: "save it again")
    }
    let (system, third) = try PickleMachine.read(head, from: second)
    guard system.member("little_endian", of: system.root) == .bool(true) else {
      throw PickleRefusal(
        "it was written on a machine that stores numbers back to front", advice: "save it again on an ordinary one")
    }
    let (object, fourth) = try PickleMachine.read(head, from: third)
    let (keys, end) = try PickleMachine.read(head, from: fourth)
    model = try PickledModel(object)
    places = try Self.places(of: keys.elements(keys.root) ?? [], types: Self.types(object), in: file, from: end)
  }

  func bytes(of storage: PickledStorage) throws(PickleRefusal) -> Range<Int> {
    guard let place = places[storage.key] else { throw PickleRefusal("it has no storage \(storage.key.shown)") }
    return place
  }

  /// The type of each storage that the object refers to.
  private static func types(_ pickle: Pickle) throws(PickleRefusal) -> [String: StoredType] {
    var types: [String: StoredType] = [:]
    for object in pickle.objects {
      guard case .storage(let storage) = object.kind else { continue }
      guard types.updateValue(storage.type, forKey: storage.key) ?? storage.type == storage.type else {
        throw PickleRefusal("its storage \(storage.key.shown) is of two types")
      }
    }
    return types
  }

  private static func places(
    of keys: [PickleValue], types: [String: StoredType], in file: UnsafeRawBufferPointer, from start: Int
  ) throws(PickleRefusal) -> [String: Range<Int>] {
    var places: [String: Range<Int>] = [:]
    var position = start
    for key in keys {
      guard case .text(let key) = key, let type = types[key] else {
        throw PickleRefusal("its list of storages does not fit its tensors")
      }
      guard let count = file.number(at: position, as: Int64.self), count >= 0,
        count <= (file.count - position - 8) / (type.bits / 8)
      else { throw PickleRefusal("the storage \(key.shown) at byte \(position) is longer than the file") }
      let begin = position + 8
      position = begin + Int(count) * type.bits / 8
      guard places.updateValue(begin..<position, forKey: key) == nil else {
        throw PickleRefusal("the storage \(key.shown) stands in it twice")
      }
    }
    return places
  }
}
