import Engine

/// How what is told of an image meets the prompt.
public enum PromptJoining: String, Sendable {
  /// Token i of the prompt is added to token i of the told ones: the reference for OpenAI's CLIPs, which tell as many as
  /// the prompt has (77). Where the numbers differ, as for `mean`.
  case tokenByToken
  /// The prompt's mean token is added to every told one: the reference for MetaCLIP, DFN and SigLIP.
  case mean
}

/// The heart of DIVA: what CLIP says of an image, put into the words that the diffusion model listens to.
///
/// context = visual_proj(summary and told patch tokens) + prompt. Source: `models/SD_with_OpenAICLIP.py`,
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
  ///   - patches: numbers of the patches told of each image, from `RecapDensity.chosenPatches`; nil pools.
  /// - Returns: (B, 1 + told, context width).
  public func context(
    hidden: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    joined(features(hidden: hidden, vision: vision, density: density, patches: patches))
  }

  /// The same from pixels: the vision tower computes no more than is told.
  public func context(
    pixels: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    guard let patches else {
      return context(hidden: vision(pixels), vision: vision, density: density, patches: nil)
    }
    return joined(vision.imageTokens(of: pixels, patches: patches))
  }

  private func joined(_ features: Tensor) -> Tensor {
    let told = projection(features)
    let joinsByToken = joining == .tokenByToken && told.shape[1] == promptTokens.shape[0]
    return told + (joinsByToken ? promptTokens : promptMean)
  }

  /// The told tokens as CLIP embeds them, the summary first, (B, 1 + told, E).
  public func features(
    hidden: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    guard let patches else { return pooledFeatures(vision.imageTokens(hidden), density: density) }
    return vision.imageTokens(hidden, patches: patches)
  }

  private func pooledFeatures(_ tokens: Tensor, density: RecapDensity) -> Tensor {
    guard case .pooled(let window) = density else {
      preconditionFailure("density \(density) tells chosen patches, but none were chosen")
    }
    let (images, count) = (tokens.shape[0], tokens.shape[1])
    let first = tokens.gatherTokens(Array(repeating: [0], count: images))
    let local = tokens.gatherTokens(Array(repeating: Array(1..<count), count: images))
    return first.concatenatedTokens(local.averagePooledTokens(window: window))
  }
}
