import Engine
import Foundation

/// The prompt, which is joined with every image's tokens.
enum Prompt {
  /// The reference fills its template "a photo of a {class}." with an empty class (the paper says "empty text").
  static let reference = "a photo of a ."

  /// The embedding of the prompt by a diffusion model's own text encoder and tokenizer, (1, tokens, context width).
  ///
  /// Stable Diffusion: the reference's prompt, padded to the full length as its tokenizer pads (with the end token in
  /// SD 1, with "!" in SD 2), after the final norm. A text encoder with a projection is the mini world's: it was never
  /// trained on padding and gets start and end alone, unless there is a prompt.
  /// - Parameter text: takes the place of the reference's; the paper's prompt is the empty text.
  static func embedding(in diffusion: WeightsFolder, _ text: String? = nil) throws -> Tensor {
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
