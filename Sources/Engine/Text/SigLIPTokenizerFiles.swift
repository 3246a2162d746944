import Foundation

extension SigLIPTokenizer {
  private static let modelNames = ["spiece.model", "tokenizer.model", "sentencepiece.model"]
  private static let singleFileName = "tokenizer.json"

  /// The tokenizer that lies at a place or beside it: the place may be a tokenizer's file or folder, a model's folder, or
  /// a file of weights.
  ///
  /// Throws a `Problem` that names the file which is missing or wrong, and where people get it.
  public init(near place: URL, contextLength: Int = 64, cleaning: Cleaning = .openCLIP) throws {
    try self.init(file: Self.file(near: place), contextLength: contextLength, cleaning: cleaning)
  }

  /// The tokenizer's file at a place or beside it.
  static func file(near place: URL) throws -> URL {
    let names = Self.modelNames + [Self.singleFileName]
    if names.contains(place.lastPathComponent) { return place }
    for folder in TokenizerPlaces.folders(near: place) {
      if let name = names.first(where: { TokenizerPlaces.has(folder, anyOf: [$0]) }) {
        return folder.appending(path: name)
      }
    }
    throw TokenizerPlaces.nothing(
      near: place, lookedFor: "spiece.model or tokenizer.json",
      advice: """
        spiece.model lies beside google/siglip-so400m-patch14-384 on Hugging Face, tokenizer.json also beside \
        timm/ViT-SO400M-14-SigLIP; all of SigLIP's first models share one vocabulary, all SigLIP 2 another.
        """)
  }

  /// Reads a SentencePiece model, or the `tokenizer.json` that was made from one.
  public init(file: URL, contextLength: Int = 64, cleaning: Cleaning = .openCLIP) throws {
    let data = try SmallFile.read(file.path)
    do {
      if file.pathExtension == "json" {
        try self.init(tokenizerFile: data, contextLength: contextLength, cleaning: cleaning)
      } else {
        try self.init(model: [UInt8](data), contextLength: contextLength, cleaning: cleaning)
      }
    } catch let problem as Problem {
      throw Problem("cannot use \(file.path): \(problem.message)", advice: problem.advice)
    }
  }

  private init(model bytes: [UInt8], contextLength: Int, cleaning: Cleaning) throws {
    let model = try SentencePieceModel(bytes)
    try model.requireUnigram()
    let normalizer = SentencePieceNormalizer(
      characters: model.characters, addsSpaceInFront: model.addsSpaceInFront,
      removesExtraSpaces: model.removesExtraSpaces)
    try self.init(pieces: model.pieces, normalizer: normalizer, contextLength: contextLength, cleaning: cleaning)
  }

  private init(tokenizerFile data: Data, contextLength: Int, cleaning: Cleaning) throws {
    let file: UnigramFile
    do {
      file = try JSONDecoder().decode(UnigramFile.self, from: data)
    } catch let problem as Problem {
      throw problem
    } catch {
      throw Problem("it is not the JSON of a unigram tokenizer", advice: "Expected the tokenizer.json of a SigLIP.")
    }
    let normalizer = SentencePieceNormalizer(characters: try file.normalizer?.characters(), rule: .huggingFace)
    try self.init(pieces: file.pieces, normalizer: normalizer, contextLength: contextLength, cleaning: cleaning)
  }
}

/// The parts of `tokenizer.json` that matter here.
private struct UnigramFile: Decodable {
  struct Model: Decodable {
    let type: String
    let unknown: Int?
    let vocabulary: [Entry]

    private enum CodingKeys: String, CodingKey {
      case type
      case unknown = "unk_id"
      case vocabulary = "vocab"
    }

    init(from decoder: any Decoder) throws {
      let values = try decoder.container(keyedBy: CodingKeys.self)
      type = try values.decodeIfPresent(String.self, forKey: .type) ?? "Unigram"
      guard type == "Unigram" else {
        throw Problem(
          "it is a tokenizer of the kind \(type.shown)", advice: "Expected SigLIP's own, of the kind Unigram.")
      }
      unknown = try values.decodeIfPresent(Int.self, forKey: .unknown)
      vocabulary = try values.decode([Entry].self, forKey: .vocabulary)
    }
  }

  /// A piece and its score: ["▁the", -2.5].
  struct Entry: Decodable {
    let text: String, score: Float

    init(from decoder: any Decoder) throws {
      var values = try decoder.unkeyedContainer()
      text = try values.decode(String.self)
      score = Float(try values.decode(Double.self))
    }
  }

  struct AddedToken: Decodable {
    let content: String
  }

  /// A step of the preparation, or several.
  struct Normalizer: Decodable {
    let type: String
    let normalizers: [Normalizer]?
    let table: Data?

    private enum CodingKeys: String, CodingKey {
      case type, normalizers
      case table = "precompiled_charsmap"
    }

    /// The table of characters. The other steps only concern spaces, which are brought in order anyway.
    func characters() throws -> CharacterMap? {
      switch type {
      case "Sequence": return try normalizers?.compactMap { try $0.characters() }.first
      case "Precompiled": return try table.map { try CharacterMap([UInt8]($0)[...]) }
      case "Strip", "Replace": return nil
      default:
        throw Problem(
          "its normaliser \(type.shown) is not SigLIP's", advice: "Expected the tokenizer.json of a SigLIP.")
      }
    }
  }

  let model: Model
  let normalizer: Normalizer?
  let addedTokens: [AddedToken]?

  private enum CodingKeys: String, CodingKey {
    case model, normalizer
    case addedTokens = "added_tokens"
  }

  /// Added tokens are no pieces: a text cannot spell them.
  var pieces: [UnigramEncoding.Piece] {
    let added = Set((addedTokens ?? []).map { Array($0.content.utf8) })
    return model.vocabulary.enumerated().map { id, entry in
      let bytes = Array(entry.text.utf8)
      let kind: UnigramEncoding.Piece.Kind =
        id == model.unknown ? .unknown : added.contains(bytes) ? .control : .normal
      return UnigramEncoding.Piece(bytes: bytes, score: entry.score, kind: kind)
    }
  }
}
