/// SigLIP's tokenizer: from a text to the ids that its text tower reads.
///
///     let tokenizer = try SigLIPTokenizer(near: url, contextLength: 64)
///     tokenizer.tokens("A photo of a dog.")   // the pieces, then the end token up to 64 ids
///
/// The end token also fills up, and the whole context must be there: SigLIP reads its feature at the last place.
/// Source: open_clip's `HFTokenizer(clean="canonicalize")`; transformers' `tokenization_siglip.py`.
public struct SigLIPTokenizer: Tokenizer {
  /// Both take out ASCII punctuation and capitals, and differ in what they do before.
  public enum Cleaning: Sendable {
    /// open_clip's: the repairs of `TextCleaning.openAI`; an underscore is a space.
    case openCLIP
    /// transformers': no repairs; an underscore is punctuation; a space at the front counts. A text that spells `</s>`
    /// means the word here, and the end token there.
    case huggingFace
  }

  /// Ends every text, and fills up.
  public let end: Int
  public let contextLength: Int
  public let cleaning: Cleaning
  public var vocabularySize: Int { encoding.count }

  private var normalizer: SentencePieceNormalizer
  private let encoding: UnigramEncoding

  private static let endPiece = Array("</s>".utf8)

  /// Throws a `Problem` when the pieces make no vocabulary, or none of them is `</s>`.
  init(
    pieces: [UnigramEncoding.Piece], normalizer: SentencePieceNormalizer, contextLength: Int, cleaning: Cleaning
  ) throws {
    precondition(contextLength >= 1, "a context of \(contextLength) has no room for the end token")
    guard let end = pieces.firstIndex(where: { $0.bytes == Self.endPiece }) else {
      throw Problem("the vocabulary has no end token </s>", advice: "Expected SigLIP's own vocabulary.")
    }
    self.end = end
    self.contextLength = contextLength
    self.cleaning = cleaning
    self.normalizer = normalizer
    // transformers puts the space there itself, before it cleans the text.
    if cleaning == .huggingFace { self.normalizer.addsSpaceInFront = false }
    encoding = try UnigramEncoding(pieces)
  }

  public func encode(_ text: String) -> [Int] { encoding.encode(normalizer.normalized(clean(text))) }

  /// `contextLength` ids; a text that is too long loses its tail, never the end token.
  public func tokens(_ text: String) -> [Int] {
    let body = encode(text).prefix(contextLength - 1)
    return body + Array(repeating: end, count: contextLength - body.count)
  }

  public func fits(_ text: String) -> Bool { encode(text).count < contextLength }

  /// The text without capitals, punctuation and spaces too many.
  func clean(_ text: String) -> String {
    switch cleaning {
    case .openCLIP: return Self.canonical(text)
    case .huggingFace:
      let begun = "▁" + Self.spaced(text, "▁")
      return Self.plain(Self.withoutPunctuation(begun.lowercasedLikePython))
    }
  }

  /// `canonicalize_text` of open_clip, after its `basic_clean`.
  static func canonical(_ text: String) -> String {
    let spaced = spaced(TextCleaning.withoutMarkup(text), "_")
    return plain(withoutPunctuation(spaced).lowercasedLikePython)
  }

  /// With spaces in a character's place, also where an accent stands on it, which makes it another one to Swift.
  private static func spaced(_ text: String, _ mark: Unicode.Scalar) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0 == mark ? " " : $0 }))
  }

  private static func withoutPunctuation(_ text: String) -> String {
    let kept = text.unicodeScalars.filter { scalar in
      switch scalar.value {
      case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: false
      default: true
      }
    }
    return String(String.UnicodeScalarView(kept))
  }

  /// Single spaces only, by what Python takes for space: the four ASCII separators, too.
  private static func plain(_ text: String) -> String {
    text.unicodeScalars.split { $0.properties.isWhitespace || (0x1C...0x1F).contains($0.value) }
      .map { String(String.UnicodeScalarView($0)) }.joined(separator: " ")
  }
}
