import Engine
import Foundation
import Testing

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

  @Test("Start, end, truncation and padding agree with transformers", arguments: TokenizerCase.all)
  func framed(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary"))

    #expect(tokenizer.tokens(it.text) == it.framed)
    #expect(tokenizer.endPosition(in: it.framed) == it.framed.firstIndex(of: 736))
  }

  @Test("tokenizer.json gives what vocab.json and merges.txt give", arguments: TokenizerCase.all)
  func singleFile(it: TokenizerCase) throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary_single_file"), contextLength: 24)

    #expect(tokenizer.tokens(it.text) == it.framed)
  }

  @Test func theConfigurationGivesLengthAndPadding() throws {
    let tokenizer = try CLIPTokenizer(folder: fixture("mini_vocabulary"))

    #expect(TokenizerCase.all.count == 58)
    #expect(tokenizer.start == 735 && tokenizer.end == 736 && tokenizer.padding == 736)
    #expect(tokenizer.contextLength == 24 && tokenizer.vocabularySize == 737)
    #expect(tokenizer.padded(with: 0).tokens("a ball").suffix(20).allSatisfy { $0 == 0 })
    #expect(
      try CLIPTokenizer(folder: fixture("mini_vocabulary"), contextLength: 5).tokens("a red ball and a cup").count == 5)
  }

  @Test func aPaddingTokenThatIsTypedBecomesItsId() throws {
    let folder = try copy { folder in
      try Data(#"{"pad_token": {"content": "!", "lstrip": false}, "model_max_length": 1e30}"#.utf8)
        .write(to: folder.appending(path: "tokenizer_config.json"))
    }
    let tokenizer = try CLIPTokenizer(folder: folder)

    #expect(tokenizer.contextLength == 77)
    #expect(tokenizer.encode("a ball!") == [320, 587, 0])
  }

  @Test func aMissingFileIsNamed() throws {
    let folder = try copy { try FileManager.default.removeItem(at: $0.appending(path: "merges.txt")) }
    let problem = #expect(throws: Problem.self) { try CLIPTokenizer(folder: folder) }

    #expect(problem?.message == "cannot read \(folder.path)/merges.txt")
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
      ("tokenizer_config.json", "{\"pad_token\": \"<pad>\"}", "no token \"<pad>\" to pad with"),
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

  var testDescription: String { text.debugDescription }

  static let all: [TokenizerCase] = {
    let data = try? Data(contentsOf: fixture("clip_tokenizer.json"))
    return data.flatMap { try? JSONDecoder().decode(File.self, from: $0).cases } ?? []
  }()

  private struct File: Decodable {
    let cases: [TokenizerCase]
  }
}

private func fixture(_ name: String) -> URL {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  return tests.deletingLastPathComponent().appending(path: "Fixtures/\(name)")
}
