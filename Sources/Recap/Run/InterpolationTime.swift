/// When a run interpolates its image tower's weights.
public enum InterpolationTime: String, Codable, Sendable {
  /// After each step on the tower.
  case eachStep
  /// After the last step alone, as older versions did.
  case lastStep
}

extension TrainConfiguration {
  /// Whether the tower that a run has after so many steps is interpolated.
  func interpolates(after step: Int, _ time: InterpolationTime) -> Bool {
    baselineShare > 0 && (time == .eachStep ? step > 0 : step >= steps && steps > 0)
  }

  /// α of the tower that a run has after so many steps.
  public func keptShare(after step: Int, _ time: InterpolationTime) -> Double {
    guard interpolates(after: step, time), baselineShare < 1 else { return 1 }
    return ((1 - Double(baselineShare)) * 10_000).rounded() / 10_000
  }
}
