import Foundation

extension CLIPTokenizer {
  /// The name of the vocabulary that OpenAI's CLIP and open_clip carry.
  public static let simpleVocabularyName = "bpe_simple_vocab_16e6.txt.gz"

  /// The same, packed and unpacked.
  static let simpleVocabularyNames = [simpleVocabularyName, String(simpleVocabularyName.dropLast(3))]

  /// Merges of CLIP's vocabulary; the published file goes on with a quarter of a million that CLIP does not use.
  private static let mergeCount = 48_894

  /// Reads OpenAI's vocabulary, packed or not: a headline, then one merge a line. Fills up with 0, as `clip.tokenize`
  /// and open_clip do.
  ///
  /// The ids follow from the order: 256 bytes, the same at the end of a word, the merges, start and end.
  /// Throws a `Problem` that names the file.
  public init(
    simpleVocabulary url: URL, frame: Frame = .openAI, contextLength: Int = 77, cleaning: TextCleaning = .openAI
  ) throws {
    do {
      let tables = try Self.simpleTables(url, frame: frame)
      try self.init(
        vocabulary: tables.tokens.enumerated().map { ($1, $0) }, merges: tables.merges, contextLength: contextLength,
        cleaning: cleaning)
      self = padded(with: 0)
    } catch let problem as Problem {
      throw Problem("cannot use \(url.path): \(problem.message)", advice: problem.advice)
    }
  }

  /// The tokens, in the order of their ids, and the merges of OpenAI's vocabulary.
  static func simpleTables(_ url: URL, frame: Frame = .openAI) throws -> (
    tokens: [String], merges: [(String, String)]
  ) {
    let bytes = [UInt8](try SmallFile.read(url.path, advice: Self.whereFrom))
    let text = Gzip.isGzip(bytes) ? try Gzip.inflated(bytes, limit: 1 << 26) : bytes
    let merges = try Self.merges(in: text)
    let symbols = ByteSymbols.bytesInOrder.map(ByteSymbols.symbol)
    let tokens =
      symbols + symbols.map { $0 + BytePairEncoding.wordEnd } + merges.map { $0.0 + $0.1 }
      + [frame.names.start, frame.names.end]
    return (tokens, merges)
  }

  private static func merges(in text: [UInt8]) throws -> [(String, String)] {
    let lines = text.split(
      separator: UInt8(ascii: "\n"), maxSplits: mergeCount + 1, omittingEmptySubsequences: false)
    return try lines.dropFirst().prefix(mergeCount).enumerated().compactMap { number, line in
      if line.isEmpty { return nil }
      let pair = line.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\r") }
      guard pair.count == 2 else {
        throw Problem("line \(number + 2) is not a pair of tokens", advice: whereFrom)
      }
      return (String(decoding: pair[0], as: UTF8.self), String(decoding: pair[1], as: UTF8.self))
    }
  }

  /// Where people get CLIP's vocabulary.
  public static let whereFrom = """
    \(simpleVocabularyName) comes with OpenAI's CLIP (its folder clip) and with the Python package open_clip_torch \
    (its folder open_clip); vocab.json and merges.txt lie beside every CLIP on Hugging Face.
    """
}
