import Engine

/// A pair of a benchmark that could not be used.
public struct SkippedPair: Equatable, Sendable {
  /// As its file has it: "3 and 4" of MMVP's questions.
  public let id: String
  /// Of MMVP's pairs.
  public let questionIDs: [Int]
  /// As `ImagePair.category`.
  public let category: PairCategory?
  public let reason: Problem

  public init(questionIDs: [Int], category: PairCategory? = nil, reason: Problem) {
    self.init(
      id: questionIDs.map(String.init).joined(separator: " and "), questionIDs: questionIDs, category: category,
      reason: reason)
  }

  public init(id: String, questionIDs: [Int] = [], category: PairCategory? = nil, reason: Problem) {
    (self.id, self.questionIDs, self.category, self.reason) = (id, questionIDs, category, reason)
  }
}
