/// Cuts clean lower-case text into the pieces that byte-pair encoding works on.
///
/// Special tokens; the endings 's 't 're 've 'm 'll 'd; runs of letters; single digits; runs of anything else that is
/// no space. The first of these that fits wins. Source: the pattern of OpenAI's `simple_tokenizer.py`, by Unicode's
/// general categories.
struct WordSplitter {
  enum Piece: Equatable {
    case word([UInt8])
    case special(Int)
  }

  private enum Class {
    case letter, number, space, other

    init(_ scalar: Unicode.Scalar) {
      switch scalar.properties.generalCategory {
      case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter: self = .letter
      case .decimalNumber, .letterNumber, .otherNumber: self = .number
      default: self = scalar.properties.isWhitespace ? .space : .other
      }
    }
  }

  private static let endings = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.unicodeScalars) }

  /// Strings that become one token wherever they stand.
  private let specials: [(scalars: [Unicode.Scalar], id: Int)]
  /// Whether a special token ends a run of signs ("!<|endoftext|>"), as in transformers; OpenAI's pattern reads on.
  private let specialsEndRuns: Bool

  init(specials: [(text: String, id: Int)], specialsEndRuns: Bool) {
    self.specialsEndRuns = specialsEndRuns
    self.specials = specials.map { (Array($0.text.unicodeScalars), $0.id) }
  }

  func pieces(of text: String) -> [Piece] {
    let scalars = Array(text.unicodeScalars)
    var pieces: [Piece] = []
    var rest = scalars[...]
    while let first = rest.first {
      if let special = special(at: rest) {
        pieces.append(.special(special.id))
        rest = rest.dropFirst(special.scalars.count)
        continue
      }
      let length = self.length(of: rest)
      if Class(first) != .space {
        var word = String.UnicodeScalarView()
        word.append(contentsOf: rest.prefix(length))
        pieces.append(.word(Array(String(word).utf8)))
      }
      rest = rest.dropFirst(length)
    }
    return pieces
  }

  /// How many scalars the piece at the front has; a run of spaces counts as one, too.
  private func length(of rest: ArraySlice<Unicode.Scalar>) -> Int {
    if let ending = Self.endings.first(where: { rest.starts(with: $0) }) { return ending.count }
    let kind = Class(rest[rest.startIndex])
    if kind == .number { return 1 }
    var end = rest.startIndex + 1
    while end < rest.endIndex, Class(rest[end]) == kind {
      if specialsEndRuns && special(at: rest[end...]) != nil { break }
      end += 1
    }
    return end - rest.startIndex
  }

  private func special(at rest: ArraySlice<Unicode.Scalar>) -> (scalars: [Unicode.Scalar], id: Int)? {
    specials.first { rest.starts(with: $0.scalars) }
  }
}
