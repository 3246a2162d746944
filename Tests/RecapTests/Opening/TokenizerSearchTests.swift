import Engine
import Foundation
import Testing

@testable import Recap

/// A CLIP's tokenizer is found beside its weights, read by the rules of the weights' library, and exported with them.
extension OpeningTests {
  private static let vocabulary = fixtures + "/mini_vocabulary"

  /// Folders with the same CLIP in transformers' and in OpenAI's layout, without a tokenizer.
  private func withBothLayouts<R>(
    vocabulary: Int = 737, padding: String = "<|endoftext|>",
    _ body: (_ diffusion: String, _ transformers: String, _ openAI: String) throws -> R
  ) throws -> R {
    try withDiffusion(padding: padding) { path in
      let clip = try smallCLIP(vocabulary: vocabulary)
      try clip.save(to: WeightsFolder(path + "/hf"))
      try FileManager.default.createDirectory(atPath: path + "/openai", withIntermediateDirectories: true)
      let tensors = KeyLayout.openCLIP.stored(clip.parameters.map { ($0.name, $0.value.detached()) })
      try PyTorchWriter(tensors).write(to: path + "/openai/model.pt")
      return try body(path, path + "/hf", path + "/openai/model.pt")
    }
  }

  private func opened(_ path: String, _ diffusion: String) throws -> OpenedCLIP {
    try OpenedCLIP(mini: MiniFolder("nowhere"), clip: path, diffusion: diffusion)
  }

  @Test("the padding token of a diffusion model's tokenizer is an ordinary word to a CLIP that borrows it")
  func borrowedPadding() throws {
    try withBothLayouts(padding: "!") { diffusion, transformers, openAI in
      for path in [transformers, openAI] {
        // 256 is "!" at the end of a word, 0 the one that pads.
        let tokenizer = try opened(path, diffusion).tokenizer()
        #expect(tokenizer.encode("a ball!") == [320, 587, 256], "\(path)")
      }
      let borrowed = try CLIPTokenizer(folder: URL(filePath: diffusion + "/tokenizer"))
      #expect(borrowed.encode("a ball!") == [320, 587, 0])
    }
  }

  @Test("texts are cleaned as the library of the weights cleans them")
  func cleaning() throws {
    try withBothLayouts { diffusion, transformers, openAI in
      let amp = try CLIPTokenizer(folder: URL(filePath: Self.vocabulary)).encode("&")
      #expect(try opened(openAI, diffusion).tokenizer().encode("&amp;") == amp)
      #expect(try opened(transformers, diffusion).tokenizer().encode("&amp;") != amp)
      #expect(try opened(openAI, diffusion).tokenizer().tokens("").last == 0)
    }
    let siglip = Self.fixtures + "/mini_siglip"
    let config = try CLIPConfig(WeightsFolder(Self.siglip).configuration())
    var wide = config
    wide.text.vocabulary = 400
    // transformers takes "_" out, open_clip makes it a space.
    for (isTransformers, text) in [(true, "redball"), (false, "red ball")] {
      let search = TokenizerSearch(wide, near: siglip, isTransformers: isTransformers, diffusion: nil)
      let tokenizer = try search.result.get()
      #expect(tokenizer.encode("red_ball") == tokenizer.encode(text))
    }
  }

  @Test("rows that no token names do no harm in a model's own table; a borrowed tokenizer must have all words")
  func paddedVocabulary() throws {
    try withBothLayouts(vocabulary: 768) { diffusion, transformers, _ in
      #expect(throws: Problem.self) { try opened(transformers, diffusion).tokenizer() }
      try FileManager.default.copyItem(atPath: Self.vocabulary, toPath: transformers + "/tokenizer")
      #expect(try opened(transformers, diffusion).tokenizer().vocabularySize == 737)
    }
    try withBothLayouts(vocabulary: 700) { diffusion, transformers, _ in
      try FileManager.default.copyItem(atPath: Self.vocabulary, toPath: transformers + "/tokenizer")
      let problem = #expect(throws: Problem.self) { try opened(transformers, diffusion).tokenizer() }
      #expect(problem?.message.contains("knows 737 tokens, the text tower 700") == true)
    }
  }

  @Test(
    "an export has the tokenizer that was found, in transformers' files, with CLIP's own special tokens",
    arguments: ["beside the file", "borrowed", "OpenAI's vocabulary"])
  func exportedTokenizer(place: String) throws {
    try withBothLayouts(padding: "!") { diffusion, _, openAI in
      let folder = URL(filePath: openAI).deletingLastPathComponent()
      switch place {
      case "beside the file":
        for name in ["vocab.json", "merges.txt", "special_tokens_map.json"] {
          try FileManager.default.copyItem(
            at: URL(filePath: Self.vocabulary + "/" + name), to: folder.appending(path: name))
        }
      case "OpenAI's vocabulary":
        let name = CLIPTokenizer.simpleVocabularyName
        try FileManager.default.copyItem(
          at: URL(filePath: Self.fixtures + "/mini_vocabulary_simple/" + name), to: folder.appending(path: name))
      default: break
      }
      let workspace = try workspace(diffusion, clip: openAI)
      let out = diffusion + "/out"

      _ = try workspace.export(workspace.clip.vision, as: .huggingFace, to: out)

      let exported = try OpenedCLIP(out).tokenizer()
      let own = try workspace.tokenizer()
      for text in ["a red ball!", "two cats, left of a tree", ""] {
        #expect(exported.encode(text) == own.encode(text))
      }
      #expect(FileManager.default.fileExists(atPath: out + "/merges.txt"))
      let config = try WeightsFolder(out).configuration("tokenizer_config.json").json
      #expect(config["pad_token"] == "<|endoftext|>" && config["tokenizer_class"] == "CLIPTokenizer")
    }
  }
}
