import FoundationEssentials

extension CLIPTokenizer {
  /// The tokenizer that lies at a place or beside it: the place may be a tokenizer's folder or file, a model's folder,
  /// or a file of weights.
  ///
  /// - Parameters:
  ///   - cleaning: Overrules what the files suggest: OpenAI's rules for its own vocabulary, else transformers'.
  ///   - readsPadding: False where the files are another model's, whose padding token is none here.
  /// Throws a `Problem` that says which files were looked for, and where people get them.
  public init(
    near place: URL, frame: Frame = .openAI, contextLength: Int? = nil, cleaning: TextCleaning? = nil,
    readsPadding: Bool = true
  ) throws {
    let simpleNames = Self.simpleVocabularyNames
    if simpleNames.contains(place.lastPathComponent) {
      try self.init(
        simpleVocabulary: place, frame: frame, contextLength: contextLength ?? 77, cleaning: cleaning ?? .openAI)
      return
    }
    for folder in TokenizerPlaces.folders(near: place) {
      if TokenizerPlaces.has(folder, anyOf: ["vocab.json", "tokenizer.json"]) {
        try self.init(
          folder: folder, contextLength: contextLength, cleaning: cleaning ?? .huggingFace, readsPadding: readsPadding)
        return
      }
      if let name = simpleNames.first(where: { TokenizerPlaces.has(folder, anyOf: [$0]) }) {
        try self.init(
          simpleVocabulary: folder.appending(path: name), frame: frame, contextLength: contextLength ?? 77,
          cleaning: cleaning ?? .openAI)
        return
      }
    }
    throw TokenizerPlaces.nothing(
      near: place, lookedFor: "\(Self.simpleVocabularyName), or vocab.json with merges.txt", advice: Self.whereFrom)
  }

  /// Reads a tokenizer folder in Hugging Face's layout: `tokenizer.json`, or `vocab.json` with `merges.txt`; and the
  /// padding token and length from `tokenizer_config.json` and `special_tokens_map.json` when they are there.
  ///
  /// OpenAI's rules fill up with 0, which no text spells, whatever the files say.
  /// - Parameter contextLength: Overrules the file; without both it is 77.
  /// Throws a `Problem` that names the file which is missing or wrong.
  public init(
    folder: URL, contextLength: Int? = nil, cleaning: TextCleaning = .huggingFace, readsPadding: Bool = true
  ) throws {
    let tables = try Tables(folder: folder)
    let config = try Config(folder: folder)
    do {
      try self.init(
        vocabulary: tables.vocabulary.map { ($0.key, $0.value) }, merges: tables.merges,
        padding: readsPadding && cleaning == .huggingFace ? config.padding?.content : nil,
        contextLength: contextLength ?? config.contextLength ?? 77, cleaning: cleaning)
      if cleaning == .openAI { self = padded(with: 0) }
    } catch let problem as Problem {
      throw Problem("cannot use the tokenizer in \(folder.path): \(problem.message)", advice: problem.advice)
    }
  }
}

/// The two tables of a tokenizer folder.
private struct Tables {
  var vocabulary: [String: Int]
  let merges: [(String, String)]

  init(folder: URL) throws {
    let vocabularyFile = folder.appending(path: "vocab.json")
    if FileManager.default.fileExists(atPath: vocabularyFile.path) {
      vocabulary = try decoded([String: Int].self, from: vocabularyFile)
      merges = try Self.merges(in: folder.appending(path: "merges.txt"))
    } else {
      let file = try decoded(TokenizerFile.self, from: folder.appending(path: "tokenizer.json"))
      vocabulary = file.model.vocab
      for token in file.addedTokens ?? [] { vocabulary[token.content] = token.id }
      merges = file.model.merges.map { ($0.left, $0.right) }
    }
  }

  /// One pair a line; the first line may be a comment such as `#version: 0.2`.
  private static func merges(in url: URL) throws -> [(String, String)] {
    let lines = String(decoding: try contents(of: url), as: UTF8.self).split(
      omittingEmptySubsequences: false, whereSeparator: \.isNewline)
    return try lines.enumerated().compactMap { number, line in
      if line.isEmpty || (number == 0 && line.hasPrefix("#version")) { return nil }
      guard let pair = MergePair(line) else {
        throw Problem(
          "cannot use \(url.path): line \(number + 1) is not a pair of tokens", advice: "Get the file again.")
      }
      return (pair.left, pair.right)
    }
  }
}

/// What `tokenizer_config.json` says, as far as it matters here.
private struct Config: Decodable {
  /// A token is written as a string, or as an object with its text and flags.
  struct Token: Decodable {
    let content: String

    init(from decoder: any Decoder) throws {
      if let text = try? decoder.singleValueContainer().decode(String.self) {
        content = text
      } else {
        content = try decoder.container(keyedBy: Key.self).decode(String.self, forKey: .content)
      }
    }

    private enum Key: CodingKey {
      case content
    }
  }

  var padding: Token?
  private var hasTokenTable = false
  /// Hugging Face writes 10³⁰ for "no limit", hence a Double.
  private var length: Double?
  var contextLength: Int? { length.flatMap { $0 >= 2 && $0 < 100_000 ? Int($0) : nil } }

  private enum CodingKeys: String, CodingKey {
    case padding = "pad_token"
    case length = "model_max_length"
    case tokenTable = "added_tokens_decoder"
  }

  init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: CodingKeys.self)
    padding = try values.decodeIfPresent(Token.self, forKey: .padding)
    length = try values.decodeIfPresent(Double.self, forKey: .length)
    hasTokenTable = values.contains(.tokenTable)
  }

  /// In folders written before transformers kept a table of added tokens, the map's word counts: Stable Diffusion 2
  /// fills up with "!" because its map says so, whatever its configuration says.
  init(folder: URL) throws {
    let url = folder.appending(path: "tokenizer_config.json")
    if FileManager.default.fileExists(atPath: url.path) { self = try decoded(Config.self, from: url) }
    let map = folder.appending(path: "special_tokens_map.json")
    if !hasTokenTable, FileManager.default.fileExists(atPath: map.path) {
      padding = try decoded(Config.self, from: map).padding ?? padding
    }
  }
}

/// The parts of `tokenizer.json` that hold the tables.
private struct TokenizerFile: Decodable {
  struct Model: Decodable {
    let vocab: [String: Int]
    let merges: [MergePair]
  }

  struct AddedToken: Decodable {
    let id: Int
    let content: String
  }

  let model: Model
  let addedTokens: [AddedToken]?

  private enum CodingKeys: String, CodingKey {
    case model
    case addedTokens = "added_tokens"
  }
}

/// Two tokens, written "a b" or, in newer files, ["a", "b"].
private struct MergePair: Decodable {
  let left: String
  let right: String

  init?(_ line: some StringProtocol) {
    let parts = line.split(separator: " ")
    guard parts.count == 2 else { return nil }
    (left, right) = (String(parts[0]), String(parts[1]))
  }

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let line = try (try? container.decode(String.self)) ?? container.decode([String].self).joined(separator: " ")
    guard let pair = MergePair(line) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "a merge is not a pair of tokens")
    }
    self = pair
  }
}

private func contents(of url: URL) throws -> Data {
  try SmallFile.read(url.path, advice: "A tokenizer folder holds vocab.json with merges.txt, or tokenizer.json.")
}

private func decoded<Value: Decodable>(_ type: Value.Type, from url: URL) throws -> Value {
  let data = try contents(of: url)
  do {
    return try JSONDecoder().decode(type, from: data)
  } catch {
    throw Problem("cannot use \(url.path): it is not the JSON of a tokenizer", advice: "Get the file again.")
  }
}
