import Engine

/// Sees steps whose loss or gradient is not a number. Such steps change no weights.
struct DivergenceWatch {
  /// In a row: an unlucky batch, or a loss near the edge of a precision, makes one or two such steps; five, each of other images,
  /// timesteps and noise, come of the weights.
  static let limit = 5

  private var badSteps = 0
  private var hasReported = false
  /// Steps on the image tower before the first of the bad ones.
  private(set) var lastGoodStep = 0

  var hasDiverged: Bool { badSteps >= Self.limit }

  /// Takes the next step; gives a notice of the first bad one.
  mutating func add(_ report: StepReport) -> Problem? {
    guard !(report.loss.isFinite && report.gradNorm.isFinite) else {
      badSteps = 0
      return nil
    }
    if badSteps == 0 { lastGoodStep = report.stage == .train ? report.step - 1 : 0 }
    badSteps += 1
    defer { hasReported = true }
    return hasReported
      ? nil
      : Problem("the gradient of step \(report.step) is not a number: such steps change nothing; try a lower --lr")
  }

  /// - Parameter good: path of the last checkpoint before them.
  func problem(_ report: StepReport, good: String?) -> Problem {
    Problem(
      "the run has diverged: loss or gradient were no numbers in \(badSteps) steps in a row, up to step \(report.step); "
        + (good.map { "the last good checkpoint is \($0)" } ?? "there is no checkpoint from before"),
      advice: "begin again with a lower learning rate" + (good.map { ", from there with --tuned \($0)" } ?? ""))
  }
}
