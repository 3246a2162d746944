/// SigLIP 2's tokenizer: Gemma's vocabulary of byte pairs, which the model was trained with on texts in lower case.
///
///     let tokenizer = try SigLIPVocabulary.tokenizer(near: url, contextLength: 64)
///     tokenizer.tokens("A photo of a dog.")   // the pieces, the end token, padding up to 64 ids
///
/// Source: transformers' `Siglip2Tokenizer`; open_clip's `HFTokenizer(clean="canonicalize")`.
public struct GemmaTokenizer: Tokenizer {
  /// What stands around a text.
  struct Frame {
    var start: Int?
    var end: Int?
    var padding: Int
    var padsInFront = false
  }

  public let contextLength: Int
  public var vocabularySize: Int { max(pieces.count, written.highest + 1, prepared.highest + 1) }

  let frame: Frame
  let cleaning: SigLIPTokenizer.Cleaning
  let isLowercase: Bool
  private let pieces: MergedPieces
  /// Tokens that are found in a text as it is written, and as it is prepared.
  private let written: WholeTokens
  private let prepared: WholeTokens

  /// - Parameters:
  ///   - added: tokens that stand for their text wherever it occurs; those that are `isPrepared` are compared with the
  ///     prepared text.
  init(
    _ pieces: MergedPieces, added: [(text: String, id: Int, isPrepared: Bool)], frame: Frame, contextLength: Int,
    cleaning: SigLIPTokenizer.Cleaning, isLowercase: Bool
  ) {
    precondition(contextLength >= 2, "a context of \(contextLength) has no room for a text")
    self.pieces = pieces
    (self.frame, self.contextLength, self.cleaning, self.isLowercase) = (frame, contextLength, cleaning, isLowercase)
    written = WholeTokens(added.filter { !$0.isPrepared }.map { (Array($0.text.utf8), $0.id) })
    prepared = WholeTokens(
      added.filter(\.isPrepared).map { (Self.prepared($0.text, isLowercase: isLowercase), $0.id) })
  }

  public func encode(_ text: String) -> [Int] {
    let text = cleaning == .openCLIP ? SigLIPTokenizer.canonical(text) : text
    return written.split(Array(text.utf8)).flatMap { part -> [Int] in
      if let token = part.token { return [token] }
      let text = Self.prepared(String(decoding: part.text, as: UTF8.self), isLowercase: isLowercase)
      return prepared.split(text).flatMap { $0.token.map { [$0] } ?? pieces.encode(Array($0.text)) }
    }
  }

  /// A text that is too long loses its tail, never the end token.
  public func tokens(_ text: String) -> [Int] {
    let body = encode(text).prefix(room)
    let ids = (frame.start.map { [$0] } ?? []) + body + (frame.end.map { [$0] } ?? [])
    let padding = Array(repeating: frame.padding, count: contextLength - ids.count)
    return frame.padsInFront ? padding + ids : ids + padding
  }

  public func fits(_ text: String) -> Bool { encode(text).count <= room }

  private var room: Int { contextLength - (frame.start == nil ? 0 : 1) - (frame.end == nil ? 0 : 1) }

  /// Character by character, as transformers' library does: a sigma stays a sigma.
  private static func prepared(_ text: String, isLowercase: Bool) -> [UInt8] {
    (isLowercase ? text.lowercased() : text).utf8.flatMap { $0 == UInt8(ascii: " ") ? Array("▁".utf8) : [$0] }
  }
}

/// Tokens that stand for their text wherever it occurs, the longest of those that begin at a place.
private struct WholeTokens: Sendable {
  struct Part {
    let text: ArraySlice<UInt8>
    /// nil for text between such tokens.
    let token: Int?
  }

  let highest: Int
  private let table: PrefixTable

  init(_ tokens: [(text: [UInt8], id: Int)]) {
    let tokens = tokens.filter { !$0.text.isEmpty }
    highest = tokens.map(\.id).max() ?? -1
    table = PrefixTable(tokens.map { ($0.text, $0.id) })
  }

  func split(_ text: [UInt8]) -> [Part] {
    var parts: [Part] = []
    var (start, place) = (0, 0)
    while place < text.count {
      var found: (id: Int, length: Int)?
      table.forEachMatch(in: text, from: place) { found = ($0, $1) }
      if let found {
        if start < place { parts.append(Part(text: text[start..<place], token: nil)) }
        place += found.length
        parts.append(Part(text: text[start..<place], token: found.id))
        start = place
      } else {
        place += 1
      }
    }
    return start < place ? parts + [Part(text: text[start..<place], token: nil)] : parts
  }
}
