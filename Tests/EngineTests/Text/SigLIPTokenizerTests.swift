import Foundation
import TestSupport
import Testing

@testable import Engine

@Suite struct SigLIPTokenizerTests {
  @Test("The pieces agree with SentencePiece's", arguments: SigLIPCase.all)
  func pieces(it: SigLIPCase) throws {
    #expect(try SigLIPTokenizer(near: SigLIPCase.model).encode(it.text) == it.pieces)
  }

  @Test("tokenizer.json gives what open_clip gives, frame and truncation included", arguments: SigLIPCase.all)
  func openCLIP(it: SigLIPCase) throws {
    let file = SigLIPCase.folder.appending(path: "tokenizer.json")

    #expect(try SigLIPTokenizer(near: file, contextLength: 16).tokens(it.text) == it.openCLIP)
  }

  @Test("spiece.model gives what transformers gives", arguments: SigLIPCase.all)
  func huggingFace(it: SigLIPCase) throws {
    let tokenizer = try SigLIPTokenizer(near: SigLIPCase.folder, contextLength: 16, cleaning: .huggingFace)

    #expect(tokenizer.tokens(it.text) == it.huggingFace)
    #expect(tokenizer.fits(it.text) == (it.huggingFace.last == 1 && tokenizer.encode(it.text).count < 16))
  }

  @Test func theEmptyTextIsAllEndTokens() throws {
    let tokenizer = try SigLIPTokenizer(near: SigLIPCase.folder)

    #expect(SigLIPCase.all.count == 39)
    #expect(tokenizer.vocabularySize == 400 && tokenizer.contextLength == 64)
    #expect(tokenizer.tokens("") == Array(repeating: 1, count: 64))
  }

  @Test func aMissingVocabularyIsNamedWithWhereToGetIt() throws {
    let folder = URL.temporaryDirectory.appending(path: UUID().uuidString)

    let problem = #expect(throws: Problem.self) {
      try SigLIPTokenizer(near: folder.appending(path: "open_clip_pytorch_model.bin"))
    }

    #expect(problem?.message.contains("\(folder.path)") == true)
    #expect(problem?.message.contains("expected spiece.model or tokenizer.json") == true)
    #expect(problem?.advice?.contains("google/siglip-so400m-patch14-384") == true)
  }

  @Test("A model that is cut or damaged anywhere gives a tokenizer or a Problem, never a crash")
  func damage() throws {
    let bytes = [UInt8](try Data(contentsOf: SigLIPCase.model))
    var refused = 0
    for position in stride(from: 0, to: bytes.count, by: 31) {
      for damaged in [Array(bytes[..<position]), bytes.replacing(position, bytes[position] ^ 0xA5)] {
        do {
          let model = try SentencePieceModel(damaged)
          let normalizer = SentencePieceNormalizer(characters: model.characters)
          let tokenizer = try SigLIPTokenizer(
            pieces: model.pieces, normalizer: normalizer, contextLength: 64, cleaning: .openCLIP)
          #expect(tokenizer.tokens("½ ﬁne Ａ red… ball e\u{301}").count == 64)
        } catch {
          #expect(error is Problem)
          refused += 1
        }
      }
    }
    #expect(refused > 100)
  }

  @Test("Models of other kinds are refused", arguments: [([0x18, 2], "unigram"), ([0x98, 2, 1], "in bytes")])
  func otherKinds(training: [UInt8], reason: String) {
    let problem = #expect(throws: Problem.self) {
      try SentencePieceModel([0x12, UInt8(training.count)] + training).requireUnigram()
    }

    #expect(problem?.message.contains(reason) == true)
  }
}

extension [UInt8] {
  fileprivate func replacing(_ position: Int, _ byte: UInt8) -> [UInt8] {
    var copy = self
    copy[position] = byte
    return copy
  }
}

/// A text that Tests/Reference/siglip_tokenizer.py tokenised.
struct SigLIPCase: Decodable, CustomTestStringConvertible, Sendable {
  let text: String
  let pieces: [Int]
  let openCLIP: [Int]
  let huggingFace: [Int]

  var testDescription: String { text.debugDescription }

  static let folder = Fixture.folder.appending(path: "mini_siglip")
  static let model = folder.appending(path: "spiece.model")

  static let all: [SigLIPCase] = {
    let data = try? Data(contentsOf: Fixture.folder.appending(path: "siglip_tokenizer.json"))
    return data.flatMap { try? JSONDecoder().decode(File.self, from: $0).cases } ?? []
  }()

  private struct File: Decodable {
    let cases: [SigLIPCase]
  }
}
