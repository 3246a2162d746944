import Engine

/// How an image's tokens are joined with the prompt's.
public enum PromptJoining: String, Sendable {
  /// Token i of the prompt is added to token i of the image's: the reference for OpenAI's CLIPs, whose condition has as
  /// many tokens as the prompt (77). Where the numbers differ, as for `mean`.
  case tokenByToken
  /// The prompt's mean token is added to every token of the image: the reference for MetaCLIP, DFN and SigLIP.
  case mean
}

/// The heart of DIVA: CLIP's tokens of an image, projected into the UNet's cross-attention context.
///
/// context = visual_proj(class token, chosen patch tokens) + prompt. Source: `models/SD_with_OpenAICLIP.py`,
/// `models/SD_with_MetaCLIP.py`.
public struct DenseRecap {
  /// `visual_proj`: CLIP's embedding width → the diffusion model's context width; trained, discarded afterwards.
  public let projection: Linear
  public let joining: PromptJoining
  /// The prompt's embedding, (tokens, context width), and its mean token, (context width); constant for a run.
  private let promptTokens: Tensor
  private let promptMean: Tensor

  /// - Parameter promptEmbedding: (1, tokens, context width)
  public init(projection: Linear, promptEmbedding: Tensor, joining: PromptJoining = .mean) {
    precondition(
      promptEmbedding.shape.rank == 3 && promptEmbedding.shape[0] == 1,
      "a prompt embedding is (1, tokens, width), not \(promptEmbedding.shape)")
    self.projection = projection
    self.joining = joining
    let (tokens, width) = (promptEmbedding.shape[1], promptEmbedding.shape[2])
    promptTokens = promptEmbedding.reshaped([tokens, width])
    promptMean = promptEmbedding.meanOverTokens().reshaped([width])
  }

  /// The context for the UNet.
  ///
  /// - Parameters:
  ///   - hidden: the vision tower's hidden states, (B, T, V).
  ///   - patches: the patches of each image that are in the condition, from `RecapDensity.chosenPatches`; nil pools.
  /// - Returns: (B, 1 + patches, context width).
  public func context(
    hidden: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    joined(features(hidden: hidden, vision: vision, density: density, patches: patches))
  }

  /// The same from pixels: the last block computes only the chosen tokens.
  public func context(
    pixels: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    guard let patches else {
      return context(hidden: vision(pixels), vision: vision, density: density, patches: nil)
    }
    return joined(vision.imageTokens(of: pixels, patches: patches))
  }

  /// The class token at every place of the prompt: (B, tokens of the prompt, context width). DCR's condition.
  public func classContext(pixels: Tensor, vision: CLIPVisionTower) -> Tensor {
    let (images, places) = (pixels.shape[0], promptTokens.shape[0])
    let tokens = projection(vision.imageTokens(of: pixels, patches: Array(repeating: [], count: images)))
    return tokens.gatherTokens(Array(repeating: Array(repeating: 0, count: places), count: images)) + promptTokens
  }

  private func joined(_ features: Tensor) -> Tensor {
    let tokens = projection(features)
    let joinsByToken = joining == .tokenByToken && tokens.shape[1] == promptTokens.shape[0]
    return tokens + (joinsByToken ? promptTokens : promptMean)
  }

  /// The condition's tokens as CLIP embeds them, the class token first, (B, 1 + patches, E).
  public func features(
    hidden: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    guard let patches else { return pooledFeatures(vision.imageTokens(hidden), density: density) }
    return vision.imageTokens(hidden, patches: patches)
  }

  private func pooledFeatures(_ tokens: Tensor, density: RecapDensity) -> Tensor {
    guard case .pooled(let window) = density else {
      preconditionFailure("density \(density) needs chosen patches, but none were given")
    }
    let (images, count) = (tokens.shape[0], tokens.shape[1])
    let first = tokens.gatherTokens(Array(repeating: [0], count: images))
    let local = tokens.gatherTokens(Array(repeating: Array(1..<count), count: images))
    return first.concatenatedTokens(local.averagePooledTokens(window: window))
  }
}
