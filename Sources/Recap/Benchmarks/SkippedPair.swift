import Engine

/// A pair of a benchmark that could not be used.
public struct SkippedPair: Equatable, Sendable {
  public let questionIDs: [Int]
  public let reason: Problem

  public init(questionIDs: [Int], reason: Problem) { (self.questionIDs, self.reason) = (questionIDs, reason) }
}
