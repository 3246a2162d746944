/// Takes bytes of a pickle in order; whatever is not there ends in a refusal.
struct PickleReader {
  private let bytes: [UInt8]
  private(set) var position: Int

  init(_ bytes: [UInt8], from position: Int = 0) { (self.bytes, self.position) = (bytes, position) }

  private static let cut = PickleRefusal("its pickle breaks off")

  mutating func byte() throws(PickleRefusal) -> UInt8 {
    guard position < bytes.count else { throw Self.cut }
    defer { position += 1 }
    return bytes[position]
  }

  mutating func take(_ count: Int) throws(PickleRefusal) -> ArraySlice<UInt8> {
    guard count >= 0, count <= bytes.count - position else { throw Self.cut }
    defer { position += count }
    return bytes[position..<position + count]
  }

  mutating func number<Number: FixedWidthInteger>(_: Number.Type) throws(PickleRefusal) -> Int {
    let slice = try take(MemoryLayout<Number>.size)
    var value: Number = 0
    for byte in slice.reversed() { value = value << 8 | Number(truncatingIfNeeded: byte) }
    guard let number = Int(exactly: value) else { throw Self.cut }
    return number
  }

  /// Big-endian, unlike everything else in a pickle.
  mutating func double() throws(PickleRefusal) -> Double {
    let slice = try take(8)
    return Double(bitPattern: slice.reduce(0) { $0 << 8 | UInt64($1) })
  }

  /// The text up to the next line break.
  mutating func line() throws(PickleRefusal) -> String {
    guard let end = bytes[position...].firstIndex(of: UInt8(ascii: "\n")) else { throw Self.cut }
    defer { position = end + 1 }
    return try Self.text(bytes[position..<end])
  }

  mutating func text(_ count: Int) throws(PickleRefusal) -> String { try Self.text(try take(count)) }

  private static func text(_ slice: ArraySlice<UInt8>) throws(PickleRefusal) -> String {
    guard let text = String(validating: slice, as: UTF8.self) else {
      throw PickleRefusal("its pickle holds text that is not UTF-8")
    }
    return text
  }

  /// A little-endian two's complement of `count` bytes; beyond 64 bits only its size is kept.
  mutating func long(_ count: Int) throws(PickleRefusal) -> PickleValue {
    let slice = try take(count)
    guard let top = slice.last else { return .integer(0) }
    let isNegative = top >= 0x80
    if count <= 8 {
      return .integer(slice.reversed().reduce(isNegative ? -1 : 0) { $0 << 8 | Int($1) })
    }
    let sum = slice.reversed().reduce(0.0) { $0 * 256 + Double($1) }
    return .number(isNegative ? sum - Double(sign: .plus, exponent: min(8 * count, 2000), significand: 1) : sum)
  }
}
