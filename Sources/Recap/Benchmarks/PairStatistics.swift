import Foundation

/// A range that holds the true value in 95 of 100 repetitions.
public struct ConfidenceInterval: Codable, Equatable, Sendable {
  public let low: Double
  public let high: Double

  /// Both ends in per cent; of a difference in points.
  public var percents: [Double] { [100 * low, 100 * high] }

  /// The normal quantile for 95 %.
  static let z = 1.959963984540054

  /// For a proportion. Source: Wilson 1927; unlike p ± z·s it stays within 0 … 1 and works for few trials.
  public static func wilson(successes: Int, trials: Int) -> ConfidenceInterval {
    precondition(trials >= 0 && (0...max(trials, 0)).contains(successes), "\(successes) of \(trials) is impossible")
    guard trials > 0 else { return ConfidenceInterval(low: 0, high: 1) }
    let (n, p) = (Double(trials), Double(successes) / Double(trials))
    let scale = 1 / (1 + z * z / n)
    let center = (p + z * z / (2 * n)) * scale
    let half = z * (p * (1 - p) / n + z * z / (4 * n * n)).squareRoot() * scale
    // Rounding must not move the ends that are exact.
    return ConfidenceInterval(
      low: successes == 0 ? 0 : center - half, high: successes == trials ? 1 : center + half)
  }
}

/// Two models on the same pairs: what the second got right that the first got wrong, and the other way round.
public struct PairedComparison: Codable, Equatable, Sendable {
  public let pairs: Int
  /// Wrong before, right after.
  public let fixed: Int
  /// Right before, wrong after.
  public let broken: Int

  public init(pairs: Int, fixed: Int, broken: Int) {
    precondition(fixed >= 0 && broken >= 0 && fixed + broken <= pairs, "\(fixed) + \(broken) of \(pairs) pairs changed")
    (self.pairs, self.fixed, self.broken) = (pairs, fixed, broken)
  }

  /// Both lists must hold the same pairs in the same order.
  public init(before: [PairPrediction], after: [PairPrediction]) {
    precondition(before.map(\.pair) == after.map(\.pair), "the two models answered different pairs")
    var (fixed, broken) = (0, 0)
    for (old, new) in zip(before, after) where old.isCorrect != new.isCorrect {
      if new.isCorrect { fixed += 1 } else { broken += 1 }
    }
    self.init(pairs: before.count, fixed: fixed, broken: broken)
  }

  /// Which images two models classify rightly, in the same order.
  public init(before: [Bool], after: [Bool]) {
    let changes = zip(before, after).filter { $0 != $1 }
    self.init(pairs: before.count, fixed: changes.count { $1 }, broken: changes.count { $0.0 })
  }

  /// Share right after minus share right before, −1 … 1.
  public var difference: Double { pairs == 0 ? 0 : Double(fixed - broken) / Double(pairs) }

  /// McNemar's exact two-sided p: how often a fair coin, thrown for each changed pair, is at least this uneven.
  public var pValue: Double {
    let (n, fewer) = (fixed + broken, min(fixed, broken))
    guard n > 0 else { return 1 }
    // The largest term by logarithms, for 2⁻ⁿ alone underflows; the others follow by ratios.
    let (size, k) = (Double(n), Double(fewer))
    let choices = lgamma(size + 1) - lgamma(k + 1) - lgamma(size - k + 1)
    var term = exp(choices - size * log(2.0))
    var tail = 0.0
    for count in stride(from: fewer, through: 0, by: -1) {
      tail += term
      term *= Double(count) / Double(n - count + 1)
    }
    return min(1, 2 * tail)
  }

  /// 95 % interval of the difference: every value that the score test does not reject.
  ///
  /// Source: Tango 1998, "Equivalence test and confidence interval for the difference in proportions for the
  /// paired-sample design", Statistics in Medicine 17, 891–908. It is good for small and for one-sided tables, where
  /// the usual interval (d ± z·s) has length 0.
  public var interval: ConfidenceInterval {
    guard pairs > 0 else { return ConfidenceInterval(low: -1, high: 1) }
    return ConfidenceInterval(
      low: root(of: ConfidenceInterval.z, between: -1, and: difference),
      high: root(of: -ConfidenceInterval.z, between: difference, and: 1))
  }

  /// The difference at which the test statistic, which falls from left to right, has this value.
  private func root(of target: Double, between left: Double, and right: Double) -> Double {
    var (left, right) = (left, right)
    for _ in 0..<80 {
      let middle = (left + right) / 2
      if score(middle) > target { left = middle } else { right = middle }
    }
    return (left + right) / 2
  }

  /// Tango's statistic under the hypothesis that the true difference is `delta`.
  private func score(_ delta: Double) -> Double {
    let (n, b, c) = (Double(pairs), Double(fixed), Double(broken))
    let linear = (2 * n - b + c) * delta - b - c
    let constant = -c * delta * (1 - delta)
    let root = max(linear * linear - 8 * n * constant, 0).squareRoot()
    // The most likely share of broken pairs under the hypothesis.
    let brokenShare = (root - linear) / (4 * n)
    let variance = n * (2 * brokenShare + delta * (1 - delta))
    let distance = b - c - n * delta
    if distance == 0 { return 0 }
    return variance > 0 ? distance / variance.squareRoot() : distance * .infinity
  }
}
