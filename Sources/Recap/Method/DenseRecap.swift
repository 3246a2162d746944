import Engine

/// The heart of DIVA: what CLIP says of an image, put into the words that the diffusion model listens to.
///
/// context = visual_proj(class token and the told patch tokens) + the prompt's mean token. The reference joins so for
/// MetaCLIP, DFN and SigLIP (`models/SD_with_MetaCLIP.py`); the mini world's models do the same.
public struct DenseRecap {
  /// `visual_proj`: CLIP's embedding width → the diffusion model's context width; trained, discarded afterwards.
  public let projection: Linear
  /// The mean over the tokens of the prompt's embedding, (context width); constant for a run.
  public let prompt: Tensor

  public init(projection: Linear, promptEmbedding: Tensor) {
    precondition(
      promptEmbedding.shape.rank == 3 && promptEmbedding.shape[0] == 1,
      "a prompt embedding is (1, tokens, width), not \(promptEmbedding.shape)")
    self.projection = projection
    prompt = promptEmbedding.meanOverTokens().reshaped([promptEmbedding.shape[2]])
  }

  /// The context for the UNet.
  ///
  /// - Parameters:
  ///   - hidden: the vision tower's last hidden states, class token first, (B, 1 + patches, V).
  ///   - patches: numbers of the patches told of each image, from `RecapDensity.chosenPatches`; nil pools.
  /// - Returns: (B, 1 + told, context width).
  public func context(
    hidden: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    projection(features(hidden: hidden, vision: vision, density: density, patches: patches)) + prompt
  }

  /// The told tokens as CLIP embeds them: final layer norm and projection on each, (B, 1 + told, E).
  public func features(
    hidden: Tensor, vision: CLIPVisionTower, density: RecapDensity, patches: [[Int]]?
  ) -> Tensor {
    guard let patches else { return pooledFeatures(vision.imageTokens(hidden), density: density) }
    // Tokens are chosen before the norm and the projection: nothing is computed for those that are not told.
    return vision.imageTokens(hidden.gatherTokens(patches.map { [0] + $0.map { $0 + 1 } }))
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
