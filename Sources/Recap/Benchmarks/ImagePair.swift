import FoundationEssentials

/// Two images that CLIP takes for alike, and for each a statement that is true of it only.
public struct ImagePair: Equatable, Sendable {
  /// Position in the benchmark, from 0.
  public let index: Int
  public let pattern: Pattern
  /// Odd for the first image's statement, even for the second's: the benchmark's ground truth is the parity.
  public let questionIDs: [Int]
  public let statements: [String]
  public let imageURLs: [URL]

  public init(index: Int, pattern: Pattern, questionIDs: [Int], statements: [String], imageURLs: [URL]) {
    precondition(
      questionIDs.count == 2 && statements.count == 2 && imageURLs.count == 2, "a pair has two of everything")
    self.index = index
    self.pattern = pattern
    self.questionIDs = questionIDs
    self.statements = statements
    self.imageURLs = imageURLs
  }
}
