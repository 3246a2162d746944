import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite struct CLIPTokenizerTests {
  @Test("Ids agree with transformers", arguments: TokenizerCase.all)
  func huggingFace(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary"))

    #expect(tokenizer.encode(it.text) == it.huggingFace)
  }

  @Test("Ids agree with OpenAI's rules", arguments: TokenizerCase.all)
  func openAI(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary"), cleaning: .openAI)

    #expect(tokenizer.encode(it.text) == it.openAI)
  }

  @Test("OpenAI's packed list of merges gives what open_clip gives", arguments: TokenizerCase.all)
  func simpleVocabulary(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(near: simpleFolder, frame: .openCLIP, contextLength: 24)

    #expect(tokenizer.encode(it.text) == it.openCLIP)
    #expect(tokenizer.tokens(it.text) == it.openCLIPFramed)
    #expect(tokenizer.fits(it.text) == (it.openCLIP.count <= 22))
  }

  @Test("The same list with OpenAI's frame follows OpenAI's rules", arguments: TokenizerCase.all)
  func openAIFrame(it: TokenizerCase) throws {
    #expect(try CLIPTokenizer(near: simpleFolder).encode(it.text) == it.openAI)
  }

  /// open_clip carries the vocabulary; the ids were computed with it.
  @Test(
    "CLIP's own vocabulary gives the published ids", .enabled(if: PublishedVocabulary.url != nil),
    arguments: PublishedVocabulary.vectors)
  func published(text: String, ids: [Int]) throws {
    let tokenizer = try CLIPTokenizer(near: try #require(PublishedVocabulary.url))

    #expect(tokenizer.vocabularySize == 49408)
    #expect(tokenizer.tokens(text) == ids + Array(repeating: 0, count: 77 - ids.count))
  }

  @Test("Start, end, truncation and padding agree with transformers", arguments: TokenizerCase.all)
  func framed(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary"))

    #expect(tokenizer.tokens(it.text) == it.framed)
  }

  @Test("tokenizer.json gives what vocab.json and merges.txt give", arguments: TokenizerCase.all)
  func singleFile(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary_single_file"), contextLength: 24)

    #expect(tokenizer.tokens(it.text) == it.framed)
  }

  @Test func theConfigurationGivesLengthAndPadding() throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary"))

    #expect(TokenizerCase.all.count == 70)
    #expect(tokenizer.start == 735 && tokenizer.end == 736 && tokenizer.padding == 736)
    #expect(tokenizer.contextLength == 24 && tokenizer.vocabularySize == 737)
    #expect(tokenizer.padded(with: 0).tokens("a ball").suffix(20).allSatisfy { $0 == 0 })
    #expect(
      try CLIPTokenizer(folder: fixture("mini_vocabulary"), contextLength: 5).tokens("a red ball and a cup").count == 5)
  }

  @Test func aPaddingTokenThatIsTypedBecomesItsId() throws {
    let folder = try copy { folder in
      try FileManager.default.removeItem(at: folder.appending(path: "special_tokens_map.json"))
      try Data(#"{"pad_token": {"content": "!", "lstrip": false}, "model_max_length": 1e30}"#.utf8)
        .write(to: folder.appending(path: "tokenizer_config.json"))
    }
    let tokenizer = try CLIPTokenizer(folder: folder)

    #expect(tokenizer.contextLength == 77)
    #expect(tokenizer.encode("a ball!") == [320, 587, 0])
  }

  @Test("A map of special tokens overrules the configuration, unless that has a table of added tokens")
  func specialTokensMap() throws {
    let map = #"{"pad_token": "!"}"#
    for (config, padding) in [("{}", 0), (#"{"pad_token": "a"}"#, 0), (#"{"added_tokens_decoder": {}}"#, 736)] {
      let folder = try copy { folder in
        try Data(map.utf8).write(to: folder.appending(path: "special_tokens_map.json"))
        try Data(config.utf8).write(to: folder.appending(path: "tokenizer_config.json"))
      }

      #expect(try CLIPTokenizer(near: folder).padding == padding, "\(config)")
    }
  }

  @Test func aTokenizerIsFoundBesideTheWeights() throws {
    let folder = URL.temporaryDirectory.appending(path: UUID().uuidString)
    let weights = folder.appending(path: "ViT-L-14.pt")
    let nothing = #expect(throws: Problem.self) { try CLIPTokenizer(near: weights) }
    #expect(nothing?.message.contains("expected bpe_simple_vocab_16e6.txt.gz, or vocab.json with merges.txt") == true)
    #expect(nothing?.advice?.contains("open_clip_torch") == true)

    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    try FileManager.default.copyItem(at: fixture("mini_vocabulary"), to: folder.appending(path: "tokenizer"))
    #expect(try CLIPTokenizer(near: weights).padding == 736)

    let packed = folder.appending(path: CLIPTokenizer.simpleVocabularyName)
    try FileManager.default.copyItem(
      at: simpleFolder.appending(path: CLIPTokenizer.simpleVocabularyName), to: packed)
    #expect(try CLIPTokenizer(near: weights).padding == 0)
  }

  @Test("A packed list that is cut, damaged or too large is refused")
  func badGzip() throws {
    let packed = [UInt8](try Data(contentsOf: simpleFolder.appending(path: CLIPTokenizer.simpleVocabularyName)))
    let whole = try Gzip.inflated(packed, limit: 1 << 20)
    var damaged = packed
    damaged[packed.count / 2] ^= 0x40

    #expect(try Gzip.inflated(packed + packed, limit: 1 << 20) == whole + whole)
    #expect(try Gzip.inflated(packed + [0, 0], limit: whole.count) == whole)
    #expect(throws: Problem.self) { try Gzip.inflated(packed, limit: whole.count - 1) }
    #expect(throws: Problem.self) { try Gzip.inflated(damaged, limit: 1 << 20) }
    for length in [2, 9, packed.count / 2, packed.count - 1] {
      #expect(throws: Problem.self) { try Gzip.inflated(Array(packed.prefix(length)), limit: 1 << 20) }
    }
  }

  @Test func aMissingFileIsNamed() throws {
    let folder = try copy { try FileManager.default.removeItem(at: $0.appending(path: "merges.txt")) }
    let problem = #expect(throws: Problem.self) { try CLIPTokenizer(folder: folder) }

    #expect(problem?.message == "cannot read \(folder.path)/merges.txt: No such file or directory")
  }

  @Test(
    "Tables that do not fit together are refused",
    arguments: [
      ("merges.txt", "#version: 0.2\na b\nq\n", "line 3 is not a pair of tokens"),
      ("merges.txt", "#version: 0.2\nb zz\n", "no token \"zz\", which merge 1 joins"),
      ("merges.txt", "#version: 0.2\nz z\n", "no token \"zz\", which merge 1 makes"),
      ("vocab.json", "{\"a\": 1,", "it is not the JSON of a tokenizer"),
      ("vocab.json", "{\"a\": 1}", "has no start and end token"),
      ("vocab.json", "{\"<|startoftext|>\": 0, \"<|endoftext|>\": 1}", "stands for byte 0"),
      ("vocab.json", "{\"<|startoftext|>\": -5, \"<|endoftext|>\": 1}", "an impossible id (-5)"),
      ("special_tokens_map.json", "{\"pad_token\": \"<pad>\"}", "no token \"<pad>\" to pad with"),
    ])
  func misfits(file: String, contents: String, reason: String) throws {
    let folder = try copy { try Data(contents.utf8).write(to: $0.appending(path: file)) }

    let problem = #expect(throws: Problem.self) { try CLIPTokenizer(folder: folder) }

    #expect(problem?.message.contains(reason) == true, "\(problem?.message ?? "")")
  }

  /// A copy of the fixture's folder with a change.
  private func copy(_ change: (URL) throws -> Void) throws -> URL {
    let folder = URL.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.copyItem(at: fixture("mini_vocabulary"), to: folder)
    try change(folder)
    return folder
  }
}

/// A text that Tests/Reference/clip_tokenizer.py tokenised.
struct TokenizerCase: Decodable, CustomTestStringConvertible, Sendable {
  let text: String
  let huggingFace: [Int]
  let openAI: [Int]
  let framed: [Int]
  let openCLIP: [Int]
  let openCLIPFramed: [Int]

  var testDescription: String { text.debugDescription }

  static let all: [TokenizerCase] = {
    let data = try? Data(contentsOf: fixture("clip_tokenizer.json"))
    return data.flatMap { try? JSONDecoder().decode(File.self, from: $0).cases } ?? []
  }()

  private struct File: Decodable {
    let cases: [TokenizerCase]
  }
}

/// The vocabulary that the Python package open_clip_torch carries, where `make parity` has installed it, or where
/// DIVA_CLIP_VOCABULARY says.
enum PublishedVocabulary {
  static let url: URL? = {
    let named = ProcessInfo.processInfo.environment["DIVA_CLIP_VOCABULARY"].map { [URL(filePath: $0)] }
    let library = Fixture.folder.appending(path: "../../.venv-parity/lib").standardizedFileURL
    let pythons = try? FileManager.default.contentsOfDirectory(at: library, includingPropertiesForKeys: nil)
    let installed = (pythons ?? []).map {
      $0.appending(path: "site-packages/open_clip/\(CLIPTokenizer.simpleVocabularyName)")
    }
    return (named ?? installed).first { FileManager.default.fileExists(atPath: $0.path) }
  }()

  static let vectors: [(String, [Int])] = [
    ("", [49406, 49407]),
    ("a photo of a .", [49406, 320, 1125, 539, 320, 269, 49407]),
    ("a photo of a dog facing left", [49406, 320, 1125, 539, 320, 1929, 7619, 1823, 49407]),
    ("don't can't we'll", [49406, 847, 713, 753, 713, 649, 1342, 49407]),
    (
      "Hello,   WORLD &amp; it's 2024!! café ñ 日本",
      [
        49406, 3306, 267, 1002, 261, 585, 568, 273, 271, 273, 275, 748, 15304, 127, 365, 39121, 19277, 361, 49407,
      ]
    ),
  ]
}

private let simpleFolder = fixture("mini_vocabulary_simple")

private func fixture(_ name: String) -> URL {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return tests.deletingLastPathComponent().appending(path: "Fixtures/\(name)")
}
