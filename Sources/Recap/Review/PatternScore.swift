/// How both models do on the pairs of one pattern, or on all, and how that came about.
public struct PatternScore: Equatable, Sendable {
  public let pattern: Pattern?
  public let comparison: PairedComparison
  public let baselineRight: Int
  public let tunedRight: Int
  /// Pairs whose statements both chose one image.
  public let baselineSame: Int
  public let tunedSame: Int
  /// The tuned CLIP's share of right pairs at each evaluation.
  public let shares: [Double]

  public var pairs: Int { comparison.pairs }

  /// Of pairs that both models have answered; nil where there is none.
  public init?(_ pattern: Pattern? = nil, _ all: [AnsweredPair]) {
    let own = all.filter { $0.outcome != nil && (pattern == nil || $0.pair.pattern == pattern) }
    guard let first = own.first else { return nil }
    self.pattern = pattern
    comparison = PairedComparison(
      pairs: own.count, fixed: own.count { $0.outcome == .fixed }, broken: own.count { $0.outcome == .broken })
    baselineRight = own.count { $0.baseline?.isCorrect == true }
    tunedRight = own.count { $0.tuned?.isCorrect == true }
    baselineSame = own.count { $0.baseline?.choosesOneImage == true }
    tunedSame = own.count { $0.tuned?.choosesOneImage == true }
    shares = first.answers.indices.map { at in
      Double(own.count { $0.answers.indices.contains(at) && $0.answers[at] }) / Double(own.count)
    }
  }

  /// One for each pattern that has pairs, in MMVP's order.
  public static func all(_ pairs: [AnsweredPair]) -> [PatternScore] {
    Pattern.allCases.compactMap { PatternScore($0, pairs) }
  }
}
