import Engine
import Foundation
import Testing

@testable import Recap

@Suite struct MiniVocabularyTests {
  let vocabulary = MiniVocabulary()
  let world = MiniWorld()

  @Test func everyWordIsOneToken() throws {
    let tokenizer = try vocabulary.tokenizer(contextLength: 24)

    #expect(MiniVocabulary.words.filter { tokenizer.encode($0).count != 1 } == [])
  }

  @Test func captionsAndStatementsUseNoOtherWords() {
    let captions = (0..<3000).map { index in
      var random = world.captionRandom(.captioned, epoch: 0, index: index)
      return Captioner.caption(of: world.scene(.captioned, index), detail: 0.8, using: &random)
    }
    let statements = world.pairs(.test, perPattern: 60).flatMap(\.statements)
    let used = Set(
      (captions + statements + MiniWorld.zeroShotCaptions).flatMap { $0.split(separator: " ") }.map(String.init))

    #expect(used.subtracting(MiniVocabulary.words).isEmpty)
    #expect(Set(MiniVocabulary.words).subtracting(used).isEmpty, "words that no caption has")
  }

  @Test func theEndTokenHasTheHighestId() {
    #expect(vocabulary.tokens.suffix(2) == ["<|startoftext|>", "<|endoftext|>"])
    #expect(Set(vocabulary.tokens).count == vocabulary.tokens.count)
  }

  /// The fixture is what transformers read when it made the expected ids.
  @Test func theFilesAreThoseThatTransformersRead() throws {
    let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    let folder = tests.deletingLastPathComponent().appending(path: "Fixtures/mini_vocabulary")

    for (name, text) in vocabulary.files(contextLength: 24) {
      #expect(try String(contentsOf: folder.appending(path: name), encoding: .utf8) == text, "\(name)")
    }
  }

  @Test func theWrittenFolderGivesTheSameTokenizer() throws {
    let folder = URL.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }

    try vocabulary.write(to: folder, contextLength: 16)
    let read = try CLIPTokenizer(folder: folder)

    #expect(read.contextLength == 16)
    #expect(read.tokens("two open boxes") == (try vocabulary.tokenizer(contextLength: 16)).tokens("two open boxes"))
  }
}
