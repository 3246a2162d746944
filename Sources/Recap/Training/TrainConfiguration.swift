import Engine

/// Everything that decides what a run computes; written into the run's folder, so that it can be repeated.
public struct TrainConfiguration: Codable, Equatable, Sendable {
  public enum OptimizerKind: String, Codable, CaseIterable, Sendable { case sgd, adamw }

  public var seed: UInt64 = 1
  /// Optimizer steps on the image tower.
  public var steps = 1600
  /// Images a micro-batch, and micro-batches an optimizer step.
  public var batch = 32
  public var accumulate = 1
  /// Noise draws an image (the paper's N = 2).
  public var draws = 2
  /// Timesteps are drawn uniformly from first ..< last of the schedule.
  public var firstTimestep = 150
  public var lastTimestep = 850
  /// Steps on the visual projection alone, CLIP frozen, before the image tower is touched (the reference does 0).
  public var alignSteps = 100
  public var alignRate: Float = 1e-3
  public var optimizer = OptimizerKind.adamw
  public var rate: Float = 1e-4
  /// The projection's rate once the image tower trains; 0 keeps it as aligned.
  public var projectionRate: Float = 0
  public var warmUpSteps = 10
  public var momentum: Float = 0.9
  public var weightDecay: Float = 0
  /// Gradients longer than this (global L2 norm) are scaled down to it.
  public var clipNorm: Float = 1
  public var density = RecapDensity.classOnly
  public var evaluateEvery = 100
  /// 0 writes a checkpoint at the end only.
  public var checkpointEvery = 0
  /// A control: every image is rebuilt from what CLIP says of another image of the batch. Must not help.
  public var shufflesCondition = false

  public init() {}

  public var timesteps: Range<Int> { firstTimestep..<lastTimestep }
}
