import Engine
import Foundation

/// The prompt, which is joined with every image's tokens.
enum Prompt {
  /// The reference fills its template "a photo of a {class}." with an empty class (the paper says "empty text").
  static let reference = "a photo of a ."

  /// For people: the prompt that was given, or what stands in its place.
  static func words(_ given: String?, isEmbedded: Bool) -> String {
    if let given { return given.isEmpty ? "the empty text" : "“\(given)”" }
    return isEmbedded ? "the empty text, as the mini world’s denoiser was trained" : "“\(reference)”, the reference’s"
  }

  /// The embedding of the prompt by a diffusion model's own text encoder and tokenizer, (1, tokens, context width).
  ///
  /// Stable Diffusion: the reference's prompt, padded to the full length as its tokenizer pads (with the end token in
  /// SD 1, with "!" in SD 2), after the final norm. A text encoder with a projection is the mini world's: it was never
  /// trained on padding and gets start and end alone, unless there is a prompt.
  /// - Parameter text: takes the place of the reference's; the paper's prompt is the empty text.
  static func embedding(in diffusion: WeightsFolder, _ text: String? = nil) throws -> Tensor {
    if isPaired(diffusion) { return try pairedEmbedding(in: diffusion, text ?? reference) }
    let folder = diffusion.part("text_encoder")
    let tokenizerFolder = URL(filePath: diffusion.path + "/tokenizer")
    let fields = try folder.configuration()
    if fields.json["architectures"]?.elements?.contains("CLIPTextModelWithProjection") ?? false {
      let encoder = try CLIPTextTower(projectedTextEncoder: folder)
      let tokenizer = try CLIPTokenizer(folder: tokenizerFolder)
      try require(tokenizer, fits: encoder, in: diffusion)
      let ids = tokenizer.tokens(text ?? "")
      let end = ids.firstIndex(of: tokenizer.end) ?? ids.count - 1
      return withoutGradient { encoder.textTokens([Array(ids[...end])]) }
    }
    let encoder = try CLIPTextTower(textEncoder: folder)
    let tokenizer = try CLIPTokenizer(folder: tokenizerFolder, contextLength: encoder.config.contextLength)
    try require(tokenizer, fits: encoder, in: diffusion)
    return withoutGradient { encoder([tokenizer.tokens(text ?? reference)]) }
  }

  /// The same by the text encoder of a single file. The file has no tokenizer: the reference's prompt and the empty text
  /// are known, others need CLIP's vocabulary beside the file.
  static func embedding(in file: SingleFileDiffusion, _ text: String? = nil) throws -> Tensor {
    let encoder = try file.textEncoder()
    let length = encoder.config.contextLength
    let known = [reference: [320, 1125, 539, 320, 269], "": []]
    let words: [Int]
    if let found = known[text ?? reference], encoder.config.vocabulary == 49408 {
      words = found
    } else {
      let tokenizer = try CLIPTokenizer(near: URL(filePath: file.path), cleaning: .huggingFace, readsPadding: false)
      guard tokenizer.vocabularySize == encoder.config.vocabulary else {
        throw Problem(
          "the tokenizer beside \(file.path) knows \(tokenizer.vocabularySize) tokens, the text encoder "
            + "\(encoder.config.vocabulary)", advice: CLIPTokenizer.whereFrom)
      }
      words = tokenizer.encode(text ?? reference)
    }
    let ids = [encoder.config.vocabulary - 2] + words.prefix(length - 2) + [encoder.config.vocabulary - 1]
    return withoutGradient { encoder([ids + Array(repeating: file.padding, count: length - ids.count)]) }
  }

  // MARK: SD-XL

  /// SD-XL has two text encoders; its context is the tokens of both before their last layers, side by side.
  private static func isPaired(_ diffusion: WeightsFolder) -> Bool { diffusion.part("text_encoder_2").holdsModel }

  private static func pairedEmbedding(in diffusion: WeightsFolder, _ text: String) throws -> Tensor {
    let first = try CLIPTextTower(textEncoder: diffusion.part("text_encoder"))
    let second = try CLIPTextTower(projectedTextEncoder: diffusion.part("text_encoder_2"))
    func tokens(_ encoder: CLIPTextTower, _ folder: String) throws -> Tensor {
      let ids = try tokenizer(folder, of: encoder, in: diffusion).tokens(text)
      return withoutGradient { encoder.penultimate([ids]) }
    }
    let parts = (try tokens(first, "tokenizer"), try tokens(second, "tokenizer_2"))
    guard parts.0.shape[1] == parts.1.shape[1] else {
      throw Problem(
        "cannot use \(diffusion.path): one text encoder takes \(parts.0.shape[1]) tokens, the other "
          + "\(parts.1.shape[1])", advice: "the folders belong to different models")
    }
    return parts.0.concatenatedChannels(parts.1)
  }

  /// What SD-XL's UNet takes beside the context: the pooled empty text, which tells nothing of a picture. nil for the
  /// other versions.
  static func pooled(in diffusion: WeightsFolder) throws -> Tensor? {
    guard isPaired(diffusion) else { return nil }
    let encoder = try CLIPTextTower(projectedTextEncoder: diffusion.part("text_encoder_2"))
    let ids = try tokenizer("tokenizer_2", of: encoder, in: diffusion).tokens("")
    return withoutGradient { encoder.textFeatures([ids]) }
  }

  private static func tokenizer(
    _ folder: String, of encoder: CLIPTextTower, in diffusion: WeightsFolder
  ) throws -> CLIPTokenizer {
    let tokenizer = try CLIPTokenizer(
      folder: URL(filePath: diffusion.path + "/" + folder), contextLength: encoder.config.contextLength)
    try require(tokenizer, fits: encoder, in: diffusion)
    return tokenizer
  }

  private static func require(
    _ tokenizer: CLIPTokenizer, fits encoder: CLIPTextTower, in diffusion: WeightsFolder
  ) throws {
    guard tokenizer.vocabularySize <= encoder.config.vocabulary else {
      throw Problem(
        "cannot use \(diffusion.path): its tokenizer knows \(tokenizer.vocabularySize) tokens, its text encoder "
          + "\(encoder.config.vocabulary)", advice: "the folders belong to different models")
    }
  }
}
