import Engine

/// What a DIVA step takes of memory, in bytes, counted from the names and shapes of the parameters.
///
/// Estimates for deciding beforehand whether a step fits the machine: what ops keep for the backward pass, and the
/// forms in which weights are multiplied; smaller buffers and the program itself are `rest`.
public struct StepMemory: Sendable {
  /// The trained tower with its optimizer's memory.
  public let trained: Int
  /// Its gradients, there from its backward pass to the optimizer's step.
  public let gradients: Int
  /// The frozen UNet's weights as they are multiplied, with the pages of their file that are read in place.
  public let frozen: Int
  /// What lies between the UNet's ops until its backward pass has used it, and the same of the tower.
  public let unetKept: Int
  public let towerKept: Int

  /// The program with its libraries, what single ops need while they run, and what lies idle between them.
  public let rest: Int

  /// - Parameters:
  ///   - images: of a batch, each with `draws` noise draws.
  ///   - moments: how many numbers are kept for each weight: 1 of SGD's momentum, 2 of AdamW's, and 1 more where the weights
  ///     are interpolated.
  public init(
    tower: CLIPVisionTower, denoiser: any Denoiser, images: Int, draws: Int, contextTokens: Int, moments: Int,
    arithmetic: ArithmeticPolicy = .current
  ) {
    rest = 400 << 20
    gradients = 4 * tower.parameters.reduce(0) { $0 + $1.shape.count }
    let (clip, feedback) = (
      tower.trainingMemory(images: images, arithmetic: arithmetic),
      denoiser.contextGradientMemory(images: images * draws, contextTokens: contextTokens, arithmetic: arithmetic)
    )
    (trained, towerKept) = (clip.weights + moments * gradients, clip.activations)
    (frozen, unetKept) = (feedback.weights, feedback.activations)
  }

  /// The most at any time: at the end of the UNet's forward pass, or of the tower's backward pass.
  public var peak: Int { trained + frozen + towerKept + max(unetKept, gradients) + rest }
}
