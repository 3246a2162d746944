import Engine

/// What a run reports while it works; one line of its log each.
public enum TrainerEvent: Sendable {
  case step(StepReport)
  case evaluation(EvaluationReport)
  case density(step: Int, density: RecapDensity)
  case checkpoint(step: Int, folder: String)
  case finished(step: Int, seconds: Double)
}

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
  public var density: RecapDensity

  public init(
    stage: Stage, step: Int, loss: Float, lr: Float, gradNorm: Float, imagesPerSecond: Double, seconds: Double,
    density: RecapDensity
  ) {
    self.stage = stage
    self.step = step
    self.loss = loss
    self.lr = lr
    self.gradNorm = gradNorm
    self.imagesPerSecond = imagesPerSecond
    self.seconds = seconds
    self.density = density
  }
}

/// Baseline and tuned CLIP on the same pairs, side by side.
public struct EvaluationReport: Codable, Equatable, Sendable {
  public var step: Int
  public var pairs: Int
  public var baselineCorrect: Int
  public var tunedCorrect: Int
  /// Per cent of pairs right, by pattern, in MMVP's order.
  public var patterns: [String]
  public var baselinePerPattern: [Double]
  public var tunedPerPattern: [Double]
  /// Pairs that only the tuned CLIP, and that only the baseline gets right.
  public var fixed: Int
  public var broken: Int
  /// Exact two-sided McNemar test of fixed against broken.
  public var pValue: Double
  /// 95 % interval of the difference tuned − baseline, in points.
  public var interval95: [Double]
  /// Per cent of images whose kind is named rightly.
  public var baselineZeroShot: Double
  public var tunedZeroShot: Double

  public init(
    step: Int, pairs: Int, baselineCorrect: Int, tunedCorrect: Int, patterns: [String], baselinePerPattern: [Double],
    tunedPerPattern: [Double], fixed: Int, broken: Int, pValue: Double, interval95: [Double], baselineZeroShot: Double,
    tunedZeroShot: Double
  ) {
    self.step = step
    self.pairs = pairs
    self.baselineCorrect = baselineCorrect
    self.tunedCorrect = tunedCorrect
    self.patterns = patterns
    self.baselinePerPattern = baselinePerPattern
    self.tunedPerPattern = tunedPerPattern
    self.fixed = fixed
    self.broken = broken
    self.pValue = pValue
    self.interval95 = interval95
    self.baselineZeroShot = baselineZeroShot
    self.tunedZeroShot = tunedZeroShot
  }
}
