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
    if StableDiffusion.holdsTransformer(diffusion) { return try absent(in: diffusion, text) }
    if isPaired(diffusion) { return try pairedEmbedding(in: diffusion, text ?? reference) }
    let tokenizerFolder = URL(filePath: diffusion.path + "/tokenizer")
    let (encoder, isProjected) = try CLIPTextTower.ofPrompts(in: diffusion)
    if isProjected {
      let tokenizer = try CLIPTokenizer(folder: tokenizerFolder)
      try require(tokenizer, fits: encoder, in: diffusion)
      let ids = tokenizer.tokens(text ?? "")
      let end = ids.firstIndex(of: tokenizer.end) ?? ids.count - 1
      return withoutGradient { encoder.textTokens([Array(ids[...end])]) }
    }
    let tokenizer = try CLIPTokenizer(folder: tokenizerFolder, contextLength: encoder.config.contextLength)
    try require(tokenizer, fits: encoder, in: diffusion)
    return withoutGradient { encoder([tokenizer.tokens(text ?? reference)]) }
  }

  /// The same by the text encoders of a single file, and of SD-XL what `pooled` gives. The file has no tokenizer: the
  /// reference's prompt and the empty text are known, others need CLIP's vocabulary beside the file.
  static func embedding(
    in file: SingleFileDiffusion, _ text: String? = nil
  ) throws -> (tokens: Tensor, pooled: Tensor?) {
    let encoders = try file.textEncoders()
    func ids(_ text: String, _ encoder: SingleFileDiffusion.TextEncoder) throws -> [Int] {
      let config = encoder.tower.config
      let words = try words(text, in: file, vocabulary: config.vocabulary).prefix(config.contextLength - 2)
      let ids = [config.vocabulary - 2] + words + [config.vocabulary - 1]
      return ids + Array(repeating: encoder.padding, count: config.contextLength - ids.count)
    }
    let tokens = try encoders.map { encoder in
      let ids = try ids(text ?? reference, encoder)
      return withoutGradient { encoders.count == 1 ? encoder.tower([ids]) : encoder.tower.penultimate([ids]) }
    }
    guard tokens.count == 2 else { return (tokens[0], nil) }
    let empty = try ids("", encoders[1])
    return (
      try joined(tokens[0], tokens[1], in: file.path), withoutGradient { encoders[1].tower.textFeatures([empty]) }
    )
  }

  private static func words(_ text: String, in file: SingleFileDiffusion, vocabulary: Int) throws -> [Int] {
    let known = [reference: [320, 1125, 539, 320, 269], "": []]
    if let found = known[text], vocabulary == 49408 { return found }
    let tokenizer = try CLIPTokenizer(near: URL(filePath: file.path), cleaning: .huggingFace, readsPadding: false)
    guard tokenizer.vocabularySize == vocabulary else {
      throw Problem(
        "the tokenizer beside \(file.path) knows \(tokenizer.vocabularySize) tokens, the text encoder \(vocabulary)",
        advice: CLIPTokenizer.whereFrom)
    }
    return tokenizer.encode(text)
  }

  /// DiT takes no text: nothing is added to the image's tokens.
  private static func absent(in diffusion: WeightsFolder, _ text: String?) throws -> Tensor {
    guard text ?? "" == "" else {
      throw Problem(
        "DiT takes no text, and the prompt is “\(text?.shown ?? "")”: \(diffusion.path) has no text encoder",
        advice: "leave --prompt out")
    }
    let config = try DiTConfig(diffusion.part("transformer").configuration())
    return Tensor(zeros: [1, 1, config.width])
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
    return try joined(tokens(first, "tokenizer"), tokens(second, "tokenizer_2"), in: diffusion.path)
  }

  private static func joined(_ first: Tensor, _ second: Tensor, in path: String) throws -> Tensor {
    guard first.shape[1] == second.shape[1] else {
      throw Problem(
        "cannot use \(path): one text encoder takes \(first.shape[1]) tokens, the other \(second.shape[1])",
        advice: "the text encoders belong to different models")
    }
    return first.concatenatedChannels(second)
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
