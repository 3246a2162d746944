import Foundation

extension ConfidenceInterval {
  /// Of the mean of what few repetitions gave, such as the seeds of a run; nil for a single one.
  ///
  /// Source: Student 1908, "The probable error of a mean".
  public static func mean(of values: [Double]) -> ConfidenceInterval? {
    guard let error = values.standardError else { return nil }
    let (mean, half) = (values.mean, studentQuantile(degrees: values.count - 1) * error)
    return ConfidenceInterval(low: mean - half, high: mean + half)
  }

  /// The t that Student's distribution stays within ± of, in 95 of 100 cases.
  static func studentQuantile(degrees: Int) -> Double {
    precondition(degrees > 0, "Student's distribution has no \(degrees) degrees of freedom")
    var (low, high) = (0.0, 100.0)
    for _ in 0..<80 {
      let middle = (low + high) / 2
      if studentProbability(within: middle, degrees: degrees) < 0.95 { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// P(|T| ≤ t). Source: Abramowitz and Stegun 1964, 26.7.3 and 26.7.4.
  private static func studentProbability(within t: Double, degrees: Int) -> Double {
    let angle = atan(t / Double(degrees).squareRoot())
    let (sine, cosine) = (sin(angle), cos(angle))
    let isOdd = !degrees.isMultiple(of: 2)
    var (term, sum) = (isOdd ? cosine : 1, 0.0)
    for power in stride(from: isOdd ? 1 : 0, through: degrees - 2, by: 2) {
      sum += term
      term *= cosine * cosine * Double(power + 1) / Double(power + 2)
    }
    return isOdd ? 2 / .pi * (angle + sine * sum) : sine * sum
  }
}
