import FoundationEssentials

/// Two images that CLIP takes for alike, and for each a statement that is true of it only.
public struct ImagePair: Equatable, Sendable {
  /// Position in the benchmark, from 0.
  public let index: Int
  /// nil for pairs of which only the recorded answers are known.
  public let pattern: Pattern?
  /// Odd for the first image's statement, even for the second's: the benchmark's ground truth is the parity.
  public let questionIDs: [Int]
  public let statements: [String]
  /// Empty for pairs whose images are drawn, as the mini world's are.
  public let imageURLs: [URL]

  public init(
    index: Int, pattern: Pattern?, questionIDs: [Int]? = nil, statements: [String], imageURLs: [URL] = []
  ) {
    self.index = index
    self.pattern = pattern
    self.questionIDs = questionIDs ?? [2 * index + 1, 2 * index + 2]
    self.statements = statements
    self.imageURLs = imageURLs
    precondition(
      self.questionIDs.count == 2 && statements.count == 2 && [0, 2].contains(imageURLs.count),
      "a pair has two of everything")
  }
}
