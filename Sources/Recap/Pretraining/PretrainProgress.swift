/// One step of one stage, for a progress line.
public struct PretrainProgress: Sendable {
  public enum Stage: String, Sendable, CaseIterable {
    case text, towers, twinTowers = "twin towers", twin, baseline, autoencoder, denoiser, generator, genhancer
  }

  public private(set) var stage = Stage.text
  public let step: Int
  public let steps: Int
  public let loss: Float
  public let gradNorm: Float

  init(step: Int, steps: Int, loss: Float, gradNorm: Float) {
    self.step = step
    self.steps = steps
    self.loss = loss
    self.gradNorm = gradNorm
  }

  func of(_ stage: Stage) -> PretrainProgress {
    var progress = self
    progress.stage = stage
    return progress
  }
}
