/// CLIP's byte-pair tokenizer: from a text to the ids that the text tower reads.
///
///     let tokenizer = try CLIPTokenizer(folder: url)
///     tokenizer.tokens("a photo of a dog")   // start, five tokens, end, padding: `contextLength` ids
///
/// Source: OpenAI's `simple_tokenizer.py` and transformers' `tokenization_clip.py`, which agree on every id that does
/// not depend on cleaning.
public struct CLIPTokenizer: Tokenizer {
  /// The token before the text, and the one after it, at which the text feature is read.
  public let start: Int
  public let end: Int
  /// Fills up what the text leaves free.
  public private(set) var padding: Int
  /// The length of every token list that `tokens` gives, start and end included.
  public let contextLength: Int
  /// One more than the highest id.
  public let vocabularySize: Int
  public let cleaning: TextCleaning

  private let encoding: BytePairEncoding
  private let splitter: WordSplitter

  /// How the tokens before and after a text are written. Typed in a text they become those tokens, but in the library
  /// that writes them so only.
  public enum Frame: Sendable, CaseIterable {
    /// OpenAI's and transformers': `<|startoftext|>`, `<|endoftext|>`.
    case openAI
    /// open_clip's: `<start_of_text>`, `<end_of_text>`.
    case openCLIP

    var names: (start: String, end: String) {
      self == .openAI ? ("<|startoftext|>", "<|endoftext|>") : ("<start_of_text>", "<end_of_text>")
    }
  }

  /// - Parameters:
  ///   - vocabulary: Every token with its id, as `vocab.json` has it.
  ///   - merges: The pairs of `merges.txt`, first line first.
  ///   - padding: The token that fills up: the end token unless given. Typed in a text it becomes its own id.
  /// Throws a `Problem` when the tables do not fit together.
  public init(
    vocabulary: [(token: String, id: Int)], merges: [(String, String)], padding: String? = nil,
    contextLength: Int = 77, cleaning: TextCleaning = .huggingFace
  ) throws {
    precondition(contextLength >= 2, "a context of \(contextLength) has no room for start and end")
    var ids: [[UInt8]: Int] = [:]
    ids.reserveCapacity(vocabulary.count)
    for (token, id) in vocabulary {
      guard (0..<1 << 31).contains(id), ids.updateValue(id, forKey: Array(token.utf8)) == nil else {
        throw Problem(
          "the vocabulary gives \"\(token.shown)\" twice or an impossible id (\(id))", advice: "Get it again.")
      }
    }
    guard
      let frame = Frame.allCases.map(\.names).first(where: { ids[Array($0.start.utf8)] != nil }),
      let start = ids[Array(frame.start.utf8)], let end = ids[Array(frame.end.utf8)]
    else {
      throw Problem(
        "the vocabulary has no start and end token", advice: "Expected <|startoftext|> and <|endoftext|> in it.")
    }
    let paddingToken = padding ?? frame.end
    guard let padding = ids[Array(paddingToken.utf8)] else {
      throw Problem("the vocabulary has no token \"\(paddingToken.shown)\" to pad with", advice: "Correct pad_token.")
    }
    self.start = start
    self.end = end
    self.padding = padding
    self.contextLength = contextLength
    self.cleaning = cleaning
    vocabularySize = (ids.values.max() ?? 0) + 1
    encoding = try BytePairEncoding(ids: ids, merges: merges)
    splitter = WordSplitter(
      specials: [(frame.start, start), (frame.end, end), (paddingToken, padding)],
      specialsEndRuns: cleaning == .huggingFace)
  }

  /// The tokens of the text alone, however long.
  public func encode(_ text: String) -> [Int] {
    splitter.pieces(of: cleaning.clean(text)).flatMap { piece in
      switch piece {
      case .word(let bytes): encoding.encode(bytes)
      case .special(let id): [id]
      }
    }
  }

  /// `contextLength` ids: start, text, end, padding. A text that is too long loses its tail, never the end token.
  public func tokens(_ text: String) -> [Int] {
    let body = encode(text).prefix(contextLength - 2)
    let free = contextLength - 2 - body.count
    return [start] + body + [end] + Array(repeating: padding, count: free)
  }

  public func fits(_ text: String) -> Bool { encode(text).count <= contextLength - 2 }

  /// The same tokenizer that fills up with another id, such as the 0 of OpenAI's `clip.tokenize`.
  public func padded(with id: Int) -> CLIPTokenizer {
    var copy = self
    copy.padding = id
    return copy
  }
}
