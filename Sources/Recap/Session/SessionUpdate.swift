import Engine

/// What a training session reports to whoever shows it.
public enum SessionUpdate: Sendable {
  /// What has just been written to the log, or would be, where the run is not recorded.
  case entry(LogEntry)
  /// How far a piece of work that takes long is; nil when it is done.
  case progress(SessionProgress?)
  /// A remark beside the log: an image that cannot be read, a gradient that is not finite, a run that cannot be saved.
  case notice(Problem)
}

/// How far a step, or a part of an evaluation, is.
public struct SessionProgress: Equatable, Sendable {
  public enum Work: Equatable, Sendable {
    /// Micro-batches of a step.
    case step
    /// Images of the pairs, over both models.
    case pairs
    /// Images to classify, over both models.
    case zeroShot
  }

  public var work: Work
  public var done: Int
  public var all: Int
  /// As measured so far; nil before anything was.
  public var secondsLeft: Double?

  public init(_ work: Work, done: Int, all: Int, secondsLeft: Double? = nil) {
    (self.work, self.done, self.all, self.secondsLeft) = (work, done, all, secondsLeft)
  }
}
