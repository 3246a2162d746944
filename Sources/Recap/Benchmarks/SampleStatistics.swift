/// What repetitions come to: over seeds, images, noises, evaluations.
extension Collection<Double> {
  /// The plain mean; 0 of none.
  public var mean: Double { reduce(0, +) / Double(Swift.max(count, 1)) }

  /// The mean square of the distances from the mean, n − 1; nil of fewer than two.
  public var variance: Double? {
    let mean = mean
    return count > 1 ? reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(count - 1) : nil
  }

  /// Of the mean; nil of fewer than two.
  public var standardError: Double? { variance.map { ($0 / Double(count)).squareRoot() } }
}
