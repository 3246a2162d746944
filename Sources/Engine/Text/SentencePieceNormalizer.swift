/// Prepares a text for `UnigramEncoding`: characters in their usual form, each word with a "▁" in front of it.
struct SentencePieceNormalizer: Sendable {
  /// Whose reading of the table of characters: they differ where marks are combined.
  enum Rule: Sendable {
    /// The longest sequence that the table knows, wherever it ends. Source: SentencePiece `normalizer.cc`.
    case sentencePiece
    /// Whole characters as people see them, if shorter than six bytes, and then the shortest sequence that the table
    /// knows stands for all of it. Source: the `Precompiled` normaliser of Hugging Face's tokenizers.
    case huggingFace
  }

  var characters: CharacterMap?
  var rule = Rule.sentencePiece
  var addsSpaceInFront = true
  var removesExtraSpaces = true

  private static let wordStart = Array("▁".utf8)
  private static let space = UInt8(ascii: " ")

  /// The bytes to cut into pieces; none for a text of spaces only. A "▁" in the text is a space, but at the front.
  func normalized(_ text: String) -> [UInt8] {
    let written = rule == .sentencePiece ? longestForms(Array(text.utf8)) : wholeForms(text)
    let words = removesExtraSpaces ? withoutExtraSpaces(written) : written
    guard !words.isEmpty else { return [] }
    var result = words.flatMap { $0 == Self.space ? Self.wordStart : [$0] }
    let hasStart = rule == .huggingFace && result.starts(with: Self.wordStart)
    if addsSpaceInFront && !hasStart { result = Self.wordStart + result }
    while rule == .sentencePiece && removesExtraSpaces && result.suffix(3) == Self.wordStart[...] {
      result.removeLast(3)
    }
    return result
  }

  private func longestForms(_ text: [UInt8]) -> [UInt8] {
    guard let characters else { return text }
    var result: [UInt8] = []
    var rest = text[...]
    while let first = rest.first {
      if let match = characters.longestMatch(rest) {
        result += match.replacement
        rest = rest.dropFirst(match.length)
      } else {
        result.append(first)
        rest = rest.dropFirst()
      }
    }
    return result
  }

  private func wholeForms(_ text: String) -> [UInt8] {
    guard let characters else { return Array(text.utf8) }
    return text.flatMap { character -> [UInt8] in
      let whole = Array(character.utf8)
      if whole.count < 6, let replacement = characters.firstMatch(whole[...]) { return Array(replacement) }
      return character.unicodeScalars.flatMap { scalar -> [UInt8] in
        let part = Array(UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
        return characters.firstMatch(part[...]).map(Array.init) ?? part
      }
    }
  }

  /// No space at the front and the end, single ones between.
  private func withoutExtraSpaces(_ text: [UInt8]) -> [UInt8] {
    let words = text.split(separator: Self.space)
    return Array(words.joined(separator: [Self.space]))
  }
}
