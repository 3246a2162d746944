import Foundation
import TestSupport
import Testing

@testable import Engine

/// Tests/Reference/gemma_tokenizer.py trained the vocabulary; expected ids are those of transformers, open_clip and SentencePiece.
@Suite struct GemmaTokenizerTests {
  private static let folder = Fixture.folder.appending(path: "mini_gemma")
  private static let model = folder.appending(path: "tokenizer.model")

  private func tokenizer(
    _ file: String = "tokenizer.json", cleaning: SigLIPTokenizer.Cleaning
  ) throws -> any Tokenizer {
    try SigLIPVocabulary.tokenizer(
      near: Self.folder.appending(path: file), contextLength: 16, cleaning: cleaning)
  }

  @Test("tokenizer.json gives what transformers' Siglip2Tokenizer gives, and what open_clip does")
  func framed() throws {
    let cases = try GemmaCase.all.get()
    #expect(cases.count == 50)
    let (ours, open) = (try tokenizer(cleaning: .huggingFace), try tokenizer(cleaning: .openCLIP))
    #expect(ours is GemmaTokenizer && ours.vocabularySize == 600)
    for it in cases {
      #expect(ours.tokens(it.text) == it.huggingFace, "\(it.text)")
      #expect(open.tokens(it.text) == it.openCLIP, "\(it.text)")
      #expect(ours.fits(it.text) == (ours.encode(it.text).count < 16))
    }
  }

  @Test("tokenizer.model gives what SentencePiece gives")
  func pieces() throws {
    let tokenizer = try tokenizer("tokenizer.model", cleaning: .huggingFace)
    for it in try GemmaCase.all.get() {
      #expect(tokenizer.encode(it.text) == it.pieces, "\(it.text)")
    }
    #expect(tokenizer.tokens("") == [1] + Array(repeating: 0, count: 15))
  }

  @Test("a text of three thousand words is cut in little time")
  func longText() throws {
    let tokenizer = try tokenizer(cleaning: .huggingFace)
    let text = Array(repeating: "a photo of a red ball", count: 500).joined(separator: " ")

    #expect(tokenizer.encode(text).count >= 3000)
    #expect(tokenizer.tokens(text).last == 1 && !tokenizer.fits(text))
  }

  @Test("what tokenizer_config.json says of the frame holds")
  func settings() throws {
    let files = FileManager.default
    let folder = files.temporaryDirectory.appending(path: UUID().uuidString)
    try files.copyItem(at: Self.folder, to: folder)
    defer { try? files.removeItem(at: folder) }
    try files.removeItem(at: folder.appending(path: "tokenizer.model"))
    func tokens(_ settings: JSON) throws -> [Int] {
      try WeightsFolder(folder.path).write(settings, named: "tokenizer_config.json")
      return try SigLIPVocabulary.tokenizer(near: folder, contextLength: 6, cleaning: .huggingFace).tokens("A")
    }
    let small = try tokens(["do_lower_case": true])[0]
    #expect(try tokens([:]) == [small, 1, 0, 0, 0, 0])
    #expect(try tokens(["padding_side": "left"]) == [0, 0, 0, 0, small, 1])
    #expect(try tokens(["add_bos_token": true, "add_eos_token": false]) == [2, small, 0, 0, 0, 0])
    #expect(try tokens(["do_lower_case": false])[0] != small)
    let problem = #expect(throws: Problem.self) { try tokens(["pad_token": "<none>"]) }
    #expect(problem?.message.contains("no token <none>") == true)
  }

  @Test(
    "a tokenizer.json with steps that are not Gemma's is refused by its step",
    arguments: [
      (#"{"type":"Lowercase"}"#, #"{"type":"NFKC"}"#, "NFKC"), (#""String":" ""#, #""String":"x""#, "other characters"),
      (#""lstrip":false"#, #""lstrip":true"#, "lstrip"),
      (#""ignore_merges":false"#, #""ignore_merges":true"#, "ignore_merges"),
    ])
  func otherSteps(part: String, other: String, reason: String) throws {
    let file = Self.folder.appending(path: "tokenizer.json")
    let json = try JSON(parsing: [UInt8](Data(contentsOf: file)), file: file.path).compact
    let changed = json.replacing(part, with: other)
    #expect(changed != json)

    let problem = #expect(throws: Problem.self) {
      try GemmaTokenizer(
        JSON(parsing: Array(changed.utf8), file: "file"), beside: file, contextLength: 64, cleaning: .huggingFace)
    }

    #expect(problem?.message.contains(reason) == true)
  }

  @Test("the first SigLIP's vocabulary is opened as before, and refuses this one")
  func twoKinds() throws {
    let first = try SigLIPVocabulary.tokenizer(near: Fixture.folder.appending(path: "mini_siglip"))
    #expect(first is SigLIPTokenizer)

    let problem = #expect(throws: Problem.self) { try SigLIPTokenizer(file: Self.model) }

    #expect(problem?.message.contains("is not of the unigram kind") == true)
  }

  @Test("A model that is cut or damaged anywhere gives a tokenizer or a Problem, never a crash")
  func damage() throws {
    let bytes = [UInt8](try Data(contentsOf: Self.model))
    var refused = 0
    for position in stride(from: 0, to: bytes.count, by: 61) {
      var flipped = bytes
      flipped[position] ^= 0xA5
      for damaged in [Array(bytes[..<position]), flipped] {
        do {
          let tokenizer = try GemmaTokenizer(SentencePieceModel(damaged), contextLength: 64, cleaning: .openCLIP)
          #expect(tokenizer.tokens("½ ﬁne Ａ red… ball e\u{301}").count == 64)
        } catch {
          #expect(error is Problem)
          refused += 1
        }
      }
    }
    #expect(refused > 20)
  }
}

private struct GemmaCase: Decodable {
  let text: String
  let pieces, openCLIP, huggingFace: [Int]

  private struct File: Decodable {
    let cases: [GemmaCase]
  }

  static let all = Result {
    let url = Fixture.folder.appending(path: "gemma_tokenizer.json")
    return try JSONDecoder().decode(File.self, from: Data(contentsOf: url)).cases
  }
}
