/// How both models do on the pairs of one category, such as a pattern of MMVP's, or on all, and how that came about.
public struct PatternScore: Equatable, Sendable {
  /// nil for all pairs.
  public let category: PairCategory?
  public let comparison: PairedComparison
  public let baselineRight: Int
  public let tunedRight: Int
  /// Pairs whose statements both chose one image.
  public let baselineSame: Int
  public let tunedSame: Int
  /// The tuned CLIP's share of right pairs at each evaluation.
  public let shares: [Double]

  /// Categories that a table shows.
  private static let most = 40

  public var pairs: Int { comparison.pairs }

  /// Of pairs that both models have answered; nil where there is none.
  public init?(_ category: PairCategory? = nil, _ all: [AnsweredPair]) {
    let own = all.filter { $0.outcome != nil && (category == nil || $0.pair.category == category) }
    guard let first = own.first else { return nil }
    self.category = category
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

  /// One for each category that has pairs, MMVP's patterns in its order; of very many those with most pairs.
  public static func all(_ pairs: [AnsweredPair]) -> [PatternScore] {
    let own = Dictionary(grouping: pairs.filter { $0.outcome != nil }, by: \.pair.category)
    let categories = PairCategory.all(of: pairs.lazy.map(\.pair))
    let sizes = categories.map { own[$0]?.count ?? 0 }
    let least = sizes.count > most ? max(1, sizes.sorted(by: >)[most - 1]) : 1
    return zip(categories, sizes).filter { $1 >= least }.prefix(most).compactMap { PatternScore($0.0, own[$0.0] ?? []) }
  }
}
