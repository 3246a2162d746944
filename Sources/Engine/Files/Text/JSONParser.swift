extension JSON {
  /// Reads one JSON value that fills `bytes`; `file` stands in the `Problem` that a mistake throws.
  ///
  /// Strict (RFC 8259), with two limits: a name stands once in an object, and values nest at most 64 deep.
  ///
  /// - Parameter takesNonFinite: whether `NaN`, `Infinity` and `-Infinity` are numbers, as Python's `json` writes them.
  public init(parsing bytes: [UInt8], file: String, takesNonFinite: Bool = false) throws {
    var parser = JSONParser(bytes: bytes, takesNonFinite: takesNonFinite)
    do {
      self = try parser.document()
    } catch {
      let before = bytes[..<min(error.position, bytes.count)]
      let line = before.count { $0 == UInt8(ascii: "\n") } + 1
      let column = error.position - (before.lastIndex(of: UInt8(ascii: "\n")) ?? -1)
      throw Problem("cannot read \(file): not valid JSON at line \(line), column \(column): \(error.reason)")
    }
  }
}

private struct Mistake: Error {
  let position: Int
  let reason: String
}

private struct JSONParser {
  let bytes: [UInt8]
  let takesNonFinite: Bool
  var position = 0
  var depth = 0

  init(bytes: [UInt8], takesNonFinite: Bool) { (self.bytes, self.takesNonFinite) = (bytes, takesNonFinite) }

  private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

  private func mistake(_ reason: String) -> Mistake { Mistake(position: position, reason: reason) }

  private mutating func skipSpace() {
    while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    guard next == byte else { return false }
    position += 1
    return true
  }

  private mutating func take(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard position + length <= bytes.count else { return false }
    for i in 0..<length where bytes[position + i] != word.utf8Start[i] { return false }
    position += length
    return true
  }

  mutating func document() throws(Mistake) -> JSON {
    let value = try value()
    skipSpace()
    guard position == bytes.count else { throw mistake("text after the end of the value") }
    return value
  }

  private mutating func value() throws(Mistake) -> JSON {
    skipSpace()
    if takesNonFinite {
      if take("NaN") { return .number(.nan) }
      if take("Infinity") { return .number(.infinity) }
      if take("-Infinity") { return .number(-.infinity) }
    }
    switch next {
    case UInt8(ascii: "{"): return try nested { parser throws(Mistake) in try parser.object() }
    case UInt8(ascii: "["): return try nested { parser throws(Mistake) in try parser.array() }
    case UInt8(ascii: "\""): return .string(try string())
    case let byte? where byte == UInt8(ascii: "-") || isDigit(byte): return try number()
    default:
      if take("null") { return .null }
      if take("true") { return .bool(true) }
      if take("false") { return .bool(false) }
      throw mistake("expected a value")
    }
  }

  private mutating func nested(_ body: (inout JSONParser) throws(Mistake) -> JSON) throws(Mistake) -> JSON {
    guard depth < 64 else { throw mistake("nested deeper than 64 levels") }
    depth += 1
    position += 1
    let value = try body(&self)
    depth -= 1
    return value
  }

  private mutating func array() throws(Mistake) -> JSON {
    var elements: [JSON] = []
    skipSpace()
    if take(UInt8(ascii: "]")) { return .array([]) }
    while true {
      elements.append(try value())
      skipSpace()
      if take(UInt8(ascii: "]")) { return .array(elements) }
      guard take(UInt8(ascii: ",")) else { throw mistake("expected ',' or ']'") }
    }
  }

  private mutating func object() throws(Mistake) -> JSON {
    var members: [JSON.Member] = []
    // By bytes: Swift's strings are equal under canonical equivalence, and a token table holds both spellings.
    var names: Set<[UInt8]> = []
    skipSpace()
    if take(UInt8(ascii: "}")) { return .object([]) }
    while true {
      skipSpace()
      guard next == UInt8(ascii: "\"") else { throw mistake("expected a name in quotes") }
      let name = try string()
      guard names.insert(Array(name.utf8)).inserted else {
        throw mistake("the name \"\(name.shown)\" stands twice in one object")
      }
      skipSpace()
      guard take(UInt8(ascii: ":")) else { throw mistake("expected ':'") }
      members.append(JSON.Member(name, try value()))
      skipSpace()
      if take(UInt8(ascii: "}")) { return .object(members) }
      guard take(UInt8(ascii: ",")) else { throw mistake("expected ',' or '}'") }
    }
  }

  private func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

  private mutating func digits() throws(Mistake) {
    let start = position
    while let byte = next, isDigit(byte) { position += 1 }
    guard position > start else { throw mistake("expected a digit") }
  }

  private mutating func number() throws(Mistake) -> JSON {
    let start = position
    _ = take(UInt8(ascii: "-"))
    let leadingZero = next == UInt8(ascii: "0")
    let firstDigit = position
    try digits()
    guard !leadingZero || position == firstDigit + 1 else { throw mistake("a number cannot begin with 0") }
    var isWhole = true
    if take(UInt8(ascii: ".")) {
      isWhole = false
      try digits()
    }
    if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
      isWhole = false
      if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
      try digits()
    }
    let text = String(decoding: bytes[start..<position], as: UTF8.self)
    if isWhole, let value = Int(text) { return .integer(value) }
    guard let value = Double(text), value.isFinite else { throw mistake("the number \(text.shown) is too large") }
    return .number(value)
  }

  private mutating func string() throws(Mistake) -> String {
    position += 1
    var text: [UInt8] = []
    while let byte = next {
      position += 1
      switch byte {
      case UInt8(ascii: "\""):
        guard let string = String(validating: text, as: UTF8.self) else { throw mistake("text that is not UTF-8") }
        return string
      case UInt8(ascii: "\\"): try escape(into: &text)
      case 0..<0x20: throw mistake("a control character inside a string")
      default: text.append(byte)
      }
    }
    throw mistake("the file ends inside a string")
  }

  private mutating func escape(into text: inout [UInt8]) throws(Mistake) {
    guard let byte = next else { throw mistake("the file ends inside a string") }
    position += 1
    switch byte {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
    case UInt8(ascii: "b"): text.append(0x08)
    case UInt8(ascii: "f"): text.append(0x0C)
    case UInt8(ascii: "n"): text.append(0x0A)
    case UInt8(ascii: "r"): text.append(0x0D)
    case UInt8(ascii: "t"): text.append(0x09)
    case UInt8(ascii: "u"):
      var code = try hexadecimal()
      if (0xD800..<0xDC00).contains(code), take("\\u") {
        let low = try hexadecimal()
        guard (0xDC00..<0xE000).contains(low) else { throw mistake("half a surrogate pair") }
        code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
      }
      guard let scalar = Unicode.Scalar(code) else { throw mistake("half a surrogate pair") }
      text.append(contentsOf: String(scalar).utf8)
    default: throw mistake("an unknown escape in a string")
    }
  }

  private mutating func hexadecimal() throws(Mistake) -> UInt32 {
    guard position + 4 <= bytes.count else { throw mistake("the file ends inside a string") }
    var code: UInt32 = 0
    for _ in 0..<4 {
      guard let digit = Character(Unicode.Scalar(bytes[position])).hexDigitValue else {
        throw mistake("expected four hexadecimal digits")
      }
      code = code << 4 | UInt32(digit)
      position += 1
    }
    return code
  }
}
