/// A JSON value as it stands in a file: members keep their order, whole numbers stay exact.
///
/// Configurations and safetensors headers are read through this type rather than `Codable`, because both need to know
/// which members a file really has: unknown ones must be refused, not skipped.
public enum JSON: Equatable, Sendable {
  case null
  case bool(Bool)
  case integer(Int)
  case number(Double)
  case string(String)
  case array([JSON])
  case object([Member])

  public struct Member: Equatable, Sendable {
    public let name: String
    public let value: JSON

    public init(_ name: String, _ value: JSON) {
      self.name = name
      self.value = value
    }
  }

  /// The member `name` of an object; nil when there is none, or when this is not an object.
  public subscript(name: String) -> JSON? { members?.first { $0.name == name }?.value }

  public var members: [Member]? {
    if case .object(let members) = self { members } else { nil }
  }

  public var elements: [JSON]? {
    if case .array(let elements) = self { elements } else { nil }
  }

  public var text: String? {
    if case .string(let text) = self { text } else { nil }
  }

  public var integer: Int? {
    if case .integer(let value) = self { value } else { nil }
  }

  /// Any number, whole or not.
  public var double: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  public var bool: Bool? {
    if case .bool(let value) = self { value } else { nil }
  }
}

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
  ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
  public init(stringLiteral value: String) { self = .string(value) }
  public init(integerLiteral value: Int) { self = .integer(value) }
  public init(floatLiteral value: Double) { self = .number(value) }
  public init(booleanLiteral value: Bool) { self = .bool(value) }
  public init(arrayLiteral elements: JSON...) { self = .array(elements) }
  public init(dictionaryLiteral members: (String, JSON)...) { self = .object(members.map { Member($0.0, $0.1) }) }
}

extension JSON {
  /// The value on one line, without spaces.
  public var compact: String { written(indent: nil, depth: 0) }

  /// The value over several lines, two spaces a level, with a final line break: for files that people open.
  public var pretty: String { written(indent: "  ", depth: 0) + "\n" }

  private func written(indent: String?, depth: Int) -> String {
    switch self {
    case .null: "null"
    case .bool(let value): value ? "true" : "false"
    case .integer(let value): String(value)
    // JSON has no words for these two; null is what a reader can at least refuse by name.
    case .number(let value): value.isFinite ? value.description : "null"
    case .string(let value): JSON.quoted(value)
    case .array(let elements):
      JSON.enclosed("[", elements.map { $0.written(indent: indent, depth: depth + 1) }, "]", indent, depth)
    case .object(let members):
      JSON.enclosed(
        "{",
        members.map {
          JSON.quoted($0.name) + (indent == nil ? ":" : ": ") + $0.value.written(indent: indent, depth: depth + 1)
        }, "}", indent, depth)
    }
  }

  private static func enclosed(_ open: String, _ parts: [String], _ close: String, _ indent: String?, _ depth: Int)
    -> String
  {
    guard let indent, !parts.isEmpty else { return open + parts.joined(separator: ",") + close }
    let margin = "\n" + String(repeating: indent, count: depth)
    return open + parts.map { margin + indent + $0 }.joined(separator: ",") + margin + close
  }

  private static func quoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": out += "\\\""
      case "\\": out += "\\\\"
      case "\n": out += "\\n"
      case "\r": out += "\\r"
      case "\t": out += "\\t"
      case "\u{08}": out += "\\b"
      case "\u{0C}": out += "\\f"
      case ..<" ": out += "\\u00" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out + "\""
  }
}
