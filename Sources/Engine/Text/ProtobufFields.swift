/// The fields of one protobuf message, in order: just enough to read a SentencePiece model, an event file of
/// TensorBoard, or a log of wandb.
///
///     var fields = ProtobufFields(bytes[...])
///     while let field = try fields.next() { … field.number … field.value … }
public struct ProtobufFields {
  public enum Value: Equatable {
    case integer(UInt64)
    case fixed32(UInt32)
    case fixed64(UInt64)
    /// A string, bytes or another message.
    case bytes(ArraySlice<UInt8>)
  }

  public struct Field: Equatable {
    public let number: Int
    public let value: Value
  }

  private var rest: ArraySlice<UInt8>

  public init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

  /// The next field; nil at the end. Throws a `Problem` when the message is cut or is none.
  public mutating func next() throws -> Field? {
    guard !rest.isEmpty else { return nil }
    let key = try integer()
    let number = Int(key >> 3 & 0x1FFF_FFFF)
    guard key >> 3 == UInt64(number), number > 0 else { throw Self.damaged("a field has an impossible number") }
    let value: Value =
      switch key & 7 {
      case 0: .integer(try integer())
      case 1: .fixed64(try littleEndian(8))
      case 2: .bytes(try take(try integer()))
      case 5: .fixed32(UInt32(try littleEndian(4)))
      default: throw Self.damaged("field \(number) is of an unknown kind")
      }
    return Field(number: number, value: value)
  }

  /// Seven bits a byte, lowest first; the top bit says that more follow.
  private mutating func integer() throws -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: 0, through: 63, by: 7) {
      guard let byte = rest.popFirst() else { throw Self.damaged("it ends in the middle of a number") }
      let bits = UInt64(byte & 0x7F)
      guard shift < 63 || bits < 2 else { break }
      value |= bits << UInt64(shift)
      if byte < 0x80 { return value }
    }
    throw Self.damaged("a number is too long")
  }

  private mutating func littleEndian(_ count: UInt64) throws -> UInt64 {
    try take(count).reversed().reduce(0) { $0 << 8 | UInt64($1) }
  }

  private mutating func take(_ count: UInt64) throws -> ArraySlice<UInt8> {
    guard count <= UInt64(rest.count) else {
      throw Self.damaged("a field promises \(count) bytes, \(rest.count) are left")
    }
    defer { rest = rest.dropFirst(Int(count)) }
    return rest.prefix(Int(count))
  }

  private static func damaged(_ reason: String) -> Problem {
    Problem("\(reason)", advice: "The file is cut short or damaged; get it again.")
  }
}

extension ProtobufFields {
  /// A whole message, by the numbers of its fields.
  public struct Message {
    fileprivate let fields: [Field]

    /// The values of a field that may be repeated.
    public subscript(all number: Int) -> [Value] { fields.filter { $0.number == number }.map(\.value) }
    /// Of a field that stands several times the last value counts.
    public subscript(number: Int) -> Value? { fields.last { $0.number == number }?.value }
  }

  public static func all(_ bytes: ArraySlice<UInt8>) throws -> Message {
    var (reader, fields) = (ProtobufFields(bytes), [Field]())
    while let field = try reader.next() { fields.append(field) }
    return Message(fields: fields)
  }
}

extension ProtobufFields.Value {
  public var integer: UInt64? { if case .integer(let value) = self { value } else { nil } }
  public var bytes: ArraySlice<UInt8>? { if case .bytes(let value) = self { value } else { nil } }
  public var double: Double? { if case .fixed64(let value) = self { Double(bitPattern: value) } else { nil } }
  public var float: Float? { if case .fixed32(let value) = self { Float(bitPattern: value) } else { nil } }
}
