import Engine
import Foundation

/// Texts as a diffusion model's own text encoder hands them to its denoiser, which was trained with them.
public struct TextConditions {
  private let context: (String) -> Tensor

  /// (1, tokens, context width)
  public func callAsFunction(_ text: String) -> Tensor { withoutGradient { context(text) } }

  /// - Parameter diffusion: a folder in diffusers' layout.
  init(in diffusion: WeightsFolder) throws {
    let encoder = try CLIPTextTower.ofPrompts(in: diffusion)
    let tokenizer = try CLIPTokenizer(
      folder: URL(filePath: diffusion.path + "/tokenizer"), contextLength: encoder.tower.config.contextLength)
    guard encoder.isProjected else {
      context = { encoder.tower([tokenizer.tokens($0)]) }
      return
    }
    // The mini world's denoiser was trained with a caption's end token, and others beside it in some steps only.
    context = { text in
      let ids = tokenizer.tokens(text)
      let end = ids.firstIndex(of: tokenizer.end) ?? ids.count - 1
      return encoder.tower.textTokens([Array(ids[...end])]).gatherTokens([[end]])
    }
  }

  /// - Parameter file: needs CLIP's vocabulary beside it.
  init(in file: SingleFileDiffusion) throws {
    guard let encoder = try file.textEncoders().first else { throw Problem("\(file.path) has no text encoder") }
    let config = encoder.tower.config
    let tokenizer = try CLIPTokenizer(near: URL(filePath: file.path), cleaning: .huggingFace, readsPadding: false)
    context = { text in
      let words = tokenizer.encode(text).prefix(config.contextLength - 2)
      let ids = [config.vocabulary - 2] + words + [config.vocabulary - 1]
      return encoder.tower([ids + Array(repeating: encoder.padding, count: config.contextLength - ids.count)])
    }
  }
}

extension CLIPTextTower {
  /// A diffusion model's text encoder. One with a projection is the mini world's.
  static func ofPrompts(in diffusion: WeightsFolder) throws -> (tower: CLIPTextTower, isProjected: Bool) {
    let folder = diffusion.part("text_encoder")
    let fields = try folder.configuration()
    let isProjected = fields.json["architectures"]?.elements?.contains("CLIPTextModelWithProjection") ?? false
    return (
      try isProjected ? CLIPTextTower(projectedTextEncoder: folder) : CLIPTextTower(textEncoder: folder), isProjected
    )
  }
}

extension Workspace {
  /// The text encoder of the diffusion model, opened anew; throws a `Problem` where there is none for a text of one's own.
  public func textConditions() throws -> TextConditions {
    let path = WeightsFolder(diffusionPath)
    guard let unet = diffusion.denoiser as? UNet2DConditionModel else {
      throw Problem(
        "DiT's denoiser has no verdict on statements: it takes no text", advice: "use Stable Diffusion 1.x or 2.x")
    }
    guard unet.config.addition == nil else {
      throw Problem(
        "SD-XL's denoiser has no verdict on statements: it takes a pooled text beside the condition",
        advice: "use Stable Diffusion 1.x or 2.x")
    }
    return try path.isFile ? TextConditions(in: SingleFileDiffusion(path.path)) : TextConditions(in: path)
  }

  /// Where the diffusion model lies.
  public var diffusionPath: String { givenDiffusion ?? folder.diffusion.path }

  /// What the frozen denoiser makes of images and the text of each.
  public func classifier(
    of images: [Image], texts: [String], by conditions: TextConditions, noises: Int, seed: UInt64
  ) -> DiffusionClassifier {
    DiffusionClassifier(
      DiffusionFeedback(denoiser: diffusion.denoiser, schedule: diffusion.schedule),
      latents: withoutGradient { latents(images) },
      contexts: .stacked(texts.map { conditions($0) }), noises: noises,
      seed: seed)
  }
}
