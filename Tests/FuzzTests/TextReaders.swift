import Foundation

@testable import Engine

extension Reader {
  static let texts = [json, tokenizer, tokenizerFile, simpleVocabulary, gzip, sentencePiece, unigramFile, gemma]

  private static let json = Reader(
    name: "JSON",
    victims: {
      try ["models/unet/config.json", "mini_vocabulary/vocab.json", "mini_vocabulary_single_file/tokenizer.json"].map(
        Victim.fixture)
    }, lie: JSONLies.lie,
    read: { file, _ in
      let value = try JSON(parsing: [UInt8](Data(contentsOf: file)), file: file.path)
      for text in [value.compact, value.pretty] where try JSON(parsing: Array(text.utf8), file: "again") != value {
        throw Malformed("JSON that changes when it is written")
      }
    })

  private static let tokenizer = Reader(
    name: "vocabulary and merges",
    victims: {
      try ["vocab.json", "merges.txt", "tokenizer_config.json"].map { try .fixture("mini_vocabulary/" + $0) }
    },
    lie: { victim, random in
      victim.name.hasSuffix(".json")
        ? JSONLies.lie(victim, &random) : LineLies.lie(victim, &random, separator: UInt8(ascii: " "))
    },
    read: { file, victim in
      let name = String(victim.name.dropFirst("mini_vocabulary/".count))
      try inFolder(file, of: "mini_vocabulary", as: name) { try encode(CLIPTokenizer(folder: $0)) }
    })

  private static let tokenizerFile = Reader(
    name: "tokenizer.json", victims: { [try .fixture("mini_vocabulary_single_file/tokenizer.json")] },
    lie: JSONLies.lie,
    read: { file, _ in
      try inFolder(file, of: "mini_vocabulary_single_file", as: "tokenizer.json") {
        try encode(CLIPTokenizer(folder: $0))
      }
    })

  private static let simpleName = "mini_vocabulary_simple/" + CLIPTokenizer.simpleVocabularyName

  /// Spoilt before it is packed, so that the packing is in order.
  private static let simpleVocabulary = Reader(
    name: "OpenAI's vocabulary",
    victims: {
      let packed = try Victim.fixture(simpleName).bytes
      return [Victim(name: simpleName, bytes: try Gzip.inflated(packed, limit: 1 << 26))]
    }, lie: { LineLies.lie($0, &$1, separator: UInt8(ascii: " ")) },
    read: { file, _ in
      let packed = file.appendingPathExtension("gz")
      try Data(StoredGzip.file([UInt8](Data(contentsOf: file)))).write(to: packed)
      try encode(CLIPTokenizer(simpleVocabulary: packed))
    })

  private static let gzip = Reader(
    name: "gzip", victims: { [try .fixture(simpleName)] },
    read: { file, _ in try encode(CLIPTokenizer(simpleVocabulary: file)) })

  private static let sentencePiece = Reader(
    name: "SentencePiece model", victims: { [try .fixture("mini_siglip/spiece.model")] }, lie: ProtobufLies.lie,
    read: { file, _ in
      let model = file.deletingLastPathComponent().appending(path: "spiece.model")
      try Data(contentsOf: file).write(to: model)
      try encode(SigLIPTokenizer(file: model))
    })

  private static let unigramFile = Reader(
    name: "tokenizer.json of SigLIP", victims: { [try .fixture("mini_siglip/tokenizer.json")] }, lie: JSONLies.lie,
    read: { file, _ in
      let model = file.deletingLastPathComponent().appending(path: "tokenizer.json")
      try Data(contentsOf: file).write(to: model)
      try encode(SigLIPTokenizer(file: model))
    })

  /// SigLIP 2's vocabulary in both forms, and the settings beside the second.
  private static let gemma = Reader(
    name: "Gemma's vocabulary",
    victims: {
      try ["tokenizer.model", "tokenizer.json", "tokenizer_config.json"].map { try .fixture("mini_gemma/" + $0) }
    },
    lie: { victim, random in
      victim.name.hasSuffix(".model") ? ProtobufLies.lie(victim, &random) : JSONLies.lie(victim, &random)
    },
    read: { file, victim in
      let name = String(victim.name.dropFirst("mini_gemma/".count))
      try inFolder(file, of: "mini_gemma", as: name) { folder in
        // Settings are read beside tokenizer.json only.
        let place = name == "tokenizer.model" ? name : "tokenizer.json"
        try encode(SigLIPVocabulary.tokenizer(near: folder.appending(path: place)))
      }
    })

  private static func encode(_ tokenizer: any Tokenizer) throws {
    for text in ["a photo of a dog, don't", "Ｆｕｌｌ ﬁ e\u{301}\u{202E} 日本語 ½ <|endoftext|></s>"] {
      let tokens = tokenizer.tokens(text)
      guard tokens.count == tokenizer.contextLength,
        tokens.allSatisfy({ (0..<tokenizer.vocabularySize).contains($0) })
      else { throw Malformed("tokens \(tokens)") }
    }
  }
}
