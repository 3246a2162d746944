import Engine

/// One optimizer step.
public struct StepReport: Codable, Equatable, Sendable {
  /// Which part of the run: the projection alone, or the image tower.
  public enum Stage: String, Codable, Sendable { case align, train }

  public var stage: Stage
  /// Counted from 1 within the stage.
  public var step: Int
  /// Mean noise-prediction error of the step's batches.
  public var loss: Float
  public var lr: Float
  /// Global L2 norm before clipping.
  public var gradNorm: Float
  public var imagesPerSecond: Double
  /// Training time since the run began, evaluations left out.
  public var seconds: Double
  /// Of the run; aligning steps draw their own.
  public var density: RecapDensity
  /// The loss in each third of the timesteps, from little noise to much; nil for a third without a draw, and in logs
  /// older than this member.
  public var bands: [Float?]?
}
