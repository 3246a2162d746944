import Engine
import FoundationEssentials

/// A CLIP vocabulary in which every word of the mini world is one token, and any other text can still be spelled.
///
/// 256 bytes, 256 bytes at the end of a word, one token per merge, and the two frame tokens with the highest ids: the
/// order that CLIP's own vocabulary has, so that the text feature stands at the highest id.
public struct MiniVocabulary: Sendable {
  /// All tokens; a token's position is its id.
  public let tokens: [String]
  public let merges: [(String, String)]

  public static let start = "<|startoftext|>"
  public static let end = "<|endoftext|>"

  /// Every word that a caption of the mini world can hold.
  public static let words: [String] = {
    let kinds = Thing.Kind.allCases.map(\.rawValue) + Scene.countable.map(\.plural)
    let looks = Thing.Paint.allCases.map(\.rawValue) + Scene.Background.allCases.map(\.rawValue)
    let values = Thing.Value.allCases.map(\.rawValue).filter { !["present", "absent"].contains($0) }
    let parts = ["chimney", "apples", "glasses", "hat", "leaves", "handle", "letter"]
    let relations = Scene.Relation.allCases.map(\.rawValue)
    let numbers = ["one", "two", "three", "four", "some", "a", "an"]
    let links = [
      "of", "and", "with", "without", "on", "the", "against", "that", "is", "pointing", "facing", "seen", "from",
    ]
    return Set(kinds + looks + values + parts + relations + numbers + links).sorted()
  }()

  /// Learns merges, each word counted once: the most frequent pair of neighbours is joined everywhere, the
  /// alphabetically first of equals, until every word is one token.
  public init(words: [String] = MiniVocabulary.words) {
    let bytes = ByteSymbols.bytesInOrder.map(ByteSymbols.symbol)
    var tokens = bytes + bytes.map { $0 + BytePairEncoding.wordEnd }
    var known = Set(tokens)
    var merges: [(String, String)] = []
    var spellings = words.map(Self.spelled)
    while let (left, right) = Self.mostFrequentPair(in: spellings) {
      merges.append((left, right))
      if known.insert(left + right).inserted { tokens.append(left + right) }
      spellings = spellings.map { Self.joining(left, right, in: $0) }
    }
    self.tokens = tokens + [Self.start, Self.end]
    self.merges = merges
  }

  /// The tokenizer that the written files give.
  public func tokenizer(contextLength: Int) throws -> CLIPTokenizer {
    let vocabulary = tokens.enumerated().map { (token: $1, id: $0) }
    return try CLIPTokenizer(vocabulary: vocabulary, merges: merges, contextLength: contextLength)
  }

  private static func spelled(_ word: String) -> [String] {
    var symbols = word.utf8.map(ByteSymbols.symbol)
    symbols[symbols.count - 1] += BytePairEncoding.wordEnd
    return symbols
  }

  private static func mostFrequentPair(in spellings: [[String]]) -> (String, String)? {
    var counts: [[String]: Int] = [:]
    for symbols in spellings {
      for (left, right) in zip(symbols, symbols.dropFirst()) { counts[[left, right], default: 0] += 1 }
    }
    let best = counts.min { a, b in
      a.value == b.value ? a.key.lexicographicallyPrecedes(b.key) : a.value > b.value
    }
    return best.map { ($0.key[0], $0.key[1]) }
  }

  private static func joining(_ left: String, _ right: String, in symbols: [String]) -> [String] {
    var result: [String] = []
    for symbol in symbols {
      if symbol == right && result.last == left {
        result[result.count - 1] = left + right
      } else {
        result.append(symbol)
      }
    }
    return result
  }
}

extension MiniVocabulary {
  /// Writes `vocab.json`, `merges.txt`, `tokenizer_config.json` and `special_tokens_map.json` as transformers'
  /// `CLIPTokenizer` reads them. Throws a `Problem` when the folder cannot be written.
  public func write(to folder: URL, contextLength: Int) throws {
    for (name, text) in files(contextLength: contextLength) {
      let url = folder.appending(path: name)
      do {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      } catch {
        throw DurableFile.cannotWrite(url.path, error.systemReason)
      }
      try DurableFile.write(Data(text.utf8), to: url.path)
    }
  }

  /// The files by name.
  func files(contextLength: Int) -> [(name: String, text: String)] {
    let vocabulary = tokens.enumerated().map { "\(Self.quoted($1)): \($0)" }.joined(separator: ",\n")
    let pairs = merges.map { "\($0.0) \($0.1)\n" }.joined()
    let special = """
        "bos_token": "\(Self.start)",
        "eos_token": "\(Self.end)",
        "pad_token": "\(Self.end)",
        "unk_token": "\(Self.end)"
      """
    let config = """
        "tokenizer_class": "CLIPTokenizer",
        "do_lower_case": true,
        "errors": "replace",
        "model_max_length": \(contextLength),
      """
    return [
      ("vocab.json", "{\n\(vocabulary)\n}\n"),
      ("merges.txt", "#version: 0.2\n\(pairs)"),
      ("tokenizer_config.json", "{\n\(config)\n\(special)\n}\n"),
      ("special_tokens_map.json", "{\n\(special)\n}\n"),
    ]
  }

  private static func quoted(_ token: String) -> String {
    "\"\(token.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\""
  }
}
