import Engine

/// A score of a benchmark: how many of the pairs that could be used a rule has right.
public struct RuleScore: Equatable, Sendable {
  /// As the JSON has it, and for people.
  public let name: String
  public let title: String
  public let right: Int
  public let used: Int
  /// With those that could not be used.
  public let expected: Int
  /// As a part of one.
  public let chance: Double

  public var percent: Double { used == 0 ? 0 : 100 * Double(right) / Double(used) }
  /// Wilson's interval of the share.
  public var interval: ConfidenceInterval { .wilson(successes: right, trials: used) }
}

/// All scores of a benchmark by one model.
public struct PairScores: Equatable, Sendable {
  public struct Part: Equatable, Sendable {
    public let category: PairCategory
    public let scores: [RuleScore]
  }

  public let scores: [RuleScore]
  /// By category, in the files' order; those without a pair have no score.
  public let parts: [Part]
  /// For each score the plain mean over the categories, in per cent; empty where there are not two.
  public let means: [String: Double]
  /// For each score which pairs, or sets of them, are right, by their place.
  let right: [String: [Int: Bool]]

  public init(_ answers: [SimilarityMatrix], of files: BenchmarkFiles) {
    let rules = PairRule.allCases.filter { rule in answers.contains { rule.isRight($0) != nil } }
    var right: [String: [Int: Bool]] = [:]
    for rule in rules {
      for (place, answer) in answers.enumerated() {
        if let isRight = rule.isRight(answer) { right[rule.rawValue, default: [:]][place] = isRight }
      }
    }
    let sets = SetRule.all.compactMap { $0.score(answers) }
    for set in sets { right[set.score.name] = set.right }
    self.right = right
    func scores(_ places: [Int], skipped: Int) -> [RuleScore] {
      rules.map { rule in
        let known = places.compactMap { right[rule.rawValue]?[$0] }
        return RuleScore(
          name: rule.rawValue, title: rule.title, right: known.count { $0 }, used: known.count,
          expected: places.count + skipped, chance: places.map { rule.chance(answers[$0].pair) }.mean)
      }
    }
    self.scores = scores(Array(answers.indices), skipped: files.skipped.count) + sets.map(\.score)
    let places = Dictionary(grouping: answers.indices) { answers[$0].pair.category }
    let skipped = Dictionary(grouping: files.skipped, by: \.category).mapValues(\.count)
    let parts = files.categories.map {
      Part(category: $0, scores: scores(places[$0] ?? [], skipped: skipped[$0] ?? 0))
    }
    self.parts = parts
    means = Dictionary(
      uniqueKeysWithValues: rules.compactMap { rule in
        let shares = parts.flatMap(\.scores).filter { $0.name == rule.rawValue && $0.used > 0 }.map(\.percent)
        return shares.count > 1 ? (rule.rawValue, shares.mean) : nil
      })
  }

  /// Another model on the same pairs: fixed, broken, and the exact test; nil for a score that only one has.
  public func comparison(_ name: String, with after: PairScores) -> PairedComparison? {
    guard let old = right[name], let new = after.right[name] else { return nil }
    let places = old.keys.filter { new[$0] != nil }.sorted()
    return PairedComparison(before: places.compactMap { old[$0] }, after: places.compactMap { new[$0] })
  }
}

/// Scores that several pairs must be right for: What'sUp's opposites, and all relations of the same things.
private struct SetRule {
  let name: String
  let title: String
  /// Pairs in a whole one.
  let count: Int
  let set: @Sendable (PairSet) -> String

  static let all = [
    SetRule(name: "pairs", title: "both opposites", count: 2) { $0.opposites },
    SetRule(name: "sets", title: "all four relations", count: 4) { $0.name },
  ]

  /// nil where no pair is of a set. A set that lacks a pair is not used.
  func score(_ answers: [SimilarityMatrix]) -> (score: RuleScore, right: [Int: Bool])? {
    var members: [String: [Int]] = [:]
    for (place, answer) in answers.enumerated() { answer.pair.set.map { members[set($0), default: []].append(place) } }
    guard !members.isEmpty else { return nil }
    var right: [Int: Bool] = [:]
    var chance = 0.0
    for places in members.values where Set(places.map { answers[$0].pair.set?.member }).count == count {
      let each = places.compactMap { PairRule.accuracy.isRight(answers[$0]) }
      guard each.count == count else { continue }
      right[places[0]] = each.allSatisfy { $0 }
      chance += places.reduce(1) { $0 * answers[$1].pair.chance }
    }
    let score = RuleScore(
      name: name, title: title, right: right.values.count { $0 }, used: right.count, expected: members.count,
      chance: chance / Double(max(right.count, 1)))
    return (score, right)
  }
}
