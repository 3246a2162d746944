import Foundation

/// What happens to a text before it is cut into words.
public enum TextCleaning: Sendable {
  /// Transformers' `CLIPTokenizer`: composed form (NFC) and lower case.
  case huggingFace
  /// OpenAI's and open_clip's tokenizers: before that, straight quotes and HTML characters.
  ///
  /// Of ftfy's repairs only the quotes are done here, which is all that clean UTF-8 English needs; of HTML's named
  /// characters only the five that XML has, and the no-break space.
  case openAI

  func clean(_ text: String) -> String {
    let prepared =
      switch self {
      case .huggingFace: text
      case .openAI: Self.unescaped(Self.unescaped(Self.withStraightQuotes(text)))
      }
    return prepared.precomposedStringWithCanonicalMapping.lowercased()
  }

  private static func withStraightQuotes(_ text: String) -> String {
    let scalars = text.unicodeScalars.map { scalar -> Unicode.Scalar in
      switch scalar.value {
      case 0x2018...0x201B: "'"
      case 0x201C...0x201F: "\""
      default: scalar
      }
    }
    return String(String.UnicodeScalarView(scalars))
  }

  private static let named = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": "\u{A0}"]

  /// Replaces `&amp;`, `&#65;` and `&#x41;`; what is not known stays as it is.
  private static func unescaped(_ text: String) -> String {
    guard text.contains("&") else { return text }
    var result = ""
    var rest = text[...]
    while let start = rest.firstIndex(of: "&") {
      result += rest[..<start]
      rest = rest[start...]
      let body = rest.dropFirst().prefix(10)
      if let end = body.firstIndex(of: ";"), let character = character(body[..<end]) {
        result += character
        rest = rest[rest.index(after: end)...]
      } else {
        result += "&"
        rest = rest.dropFirst()
      }
    }
    return result + rest
  }

  private static func character(_ name: Substring) -> String? {
    guard name.hasPrefix("#") else { return named[String(name)] }
    let digits = name.dropFirst()
    let code = digits.lowercased().hasPrefix("x") ? UInt32(digits.dropFirst(), radix: 16) : UInt32(digits)
    return code.flatMap(Unicode.Scalar.init).map { String(Character($0)) }
  }
}
