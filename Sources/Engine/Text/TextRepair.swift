import Foundation

/// The repairs of `ftfy.fix_text` that OpenAI's and open_clip's tokenizers begin with, but for one.
///
/// Done: HTML characters, terminal escapes, Windows' characters 128 to 159, Latin ligatures, full- and half-width forms,
/// straight quotes, control characters, composed form. Not done: undoing text that was decoded with the wrong alphabet
/// ("dÃ©jÃ "), which ftfy guesses at; clean UTF-8 does not need it.
enum TextRepair {
  static func repaired(_ text: String) -> String {
    // Nothing of the below touches plain ASCII without these.
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "&") }) { return text }
    let scalars = withoutTerminalEscapes(withHTMLCharacters(text)).unicodeScalars.flatMap(plain)
    return String(String.UnicodeScalarView(scalars)).precomposedStringWithCanonicalMapping
  }

  /// ftfy unescapes again and again, unless the text looks like HTML that is meant to stay so.
  private static func withHTMLCharacters(_ text: String) -> String {
    guard !text.utf8.contains(UInt8(ascii: "<")) else { return text }
    let once = HTMLCharacters.unescaped(text)
    return once.utf8.elementsEqual(text.utf8) ? text : withHTMLCharacters(once)
  }

  /// Takes out what colours a terminal: escape, "[", digits and semicolons, a letter.
  private static func withoutTerminalEscapes(_ text: String) -> String {
    guard text.utf8.contains(0x1B) else { return text }
    return text.replacing(/\u{1B}\[[0-9;]*[a-zA-Z]/, with: "")
  }

  /// What one character becomes: itself, another, several or none.
  private static func plain(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    switch scalar.value {
    case 0x02BC, 0x2018...0x201B: ["'"]
    case 0x201C...0x201F: ["\""]
    case 0x80...0x9F: straight(Windows1252.scalar(UInt8(scalar.value)))
    case 0x00...0x08, 0x0B, 0x0E...0x1F, 0x7F, 0x206A...0x206F, 0xFEFF, 0xFFF9...0xFFFC: []
    case 0x149: ["'", "n"]
    case 0xFB05: ["\u{17F}", "t"]
    case 0x132, 0x133, 0x1C4...0x1CC, 0x1F1...0x1F3, 0xFB00...0xFB06, 0x3000, 0xFF01...0xFFEE:
      Array(String(Character(scalar)).precomposedStringWithCompatibilityMapping.unicodeScalars)
    default: [scalar]
    }
  }

  /// The quotes among Windows' characters become straight, too; the five without meaning stay.
  private static func straight(_ scalar: Unicode.Scalar) -> [Unicode.Scalar] {
    scalar.value < 0xA0 ? [scalar] : plain(scalar)
  }
}

/// The characters that Windows' Western alphabet has where Unicode has the control characters 128 to 159.
enum Windows1252 {
  private static let scalars: [UInt32] = [
    0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D, 0x17D, 0x8F,
    0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A, 0x153, 0x9D, 0x17E,
    0x178,
  ]

  static func scalar(_ byte: UInt8) -> Unicode.Scalar {
    (0x80...0x9F).contains(byte) ? Unicode.Scalar(scalars[Int(byte) - 0x80]) ?? "\u{FFFD}" : Unicode.Scalar(byte)
  }
}
