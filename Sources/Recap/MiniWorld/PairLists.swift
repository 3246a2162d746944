import Engine
import Foundation

/// Which of the world's pairs the benchmark uses: for every split, the numbers of each pattern's pairs.
///
/// The pairs themselves are drawn from the world; `pairs.json` says which ones a twin of the baseline is blind to.
public struct PairLists: Codable, Equatable, Sendable {
  public let validation: [[Int]]
  public let test: [[Int]]
  public let browsing: [[Int]]

  public init(validation: [[Int]], test: [[Int]], browsing: [[Int]]) {
    self.validation = validation
    self.test = test
    self.browsing = browsing
  }

  public init(contentsOf url: URL) throws {
    do {
      self = try JSONDecoder().decode(PairLists.self, from: SmallFile.read(url.path))
    } catch let error as DecodingError {
      throw PairLists.damaged(url, RunJSON.reason(error))
    }
    for list in [validation, test, browsing] {
      guard list.count == Pattern.allCases.count, list.allSatisfy({ (1...PairLists.most).contains($0.count) }) else {
        throw PairLists.damaged(
          url, "a split has not 1 to \(PairLists.most) pairs of each of \(Pattern.allCases.count) patterns")
      }
      guard list.joined().allSatisfy(PairLists.numbers.contains) else {
        throw PairLists.damaged(url, "a pair has a number beyond \(PairLists.numbers.upperBound)")
      }
    }
  }

  /// Pairs a pattern, and their numbers: far above what mining looks at.
  private static let most = 100_000
  private static let numbers = 0...1_000_000_000

  private static func damaged(_ url: URL, _ reason: String) -> Problem {
    Problem(
      "cannot read the pair lists \(url.path): \(reason)",
      advice: "make them again with diva-tui pretrain, or restore assets/mini")
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try DurableFile.write(try encoder.encode(self), to: url.path)
  }

  /// The pairs of a split, patterns in MMVP's order.
  func pairs(_ split: MiniWorld.Split, in world: MiniWorld) -> [ScenePair] {
    let numbers =
      switch split {
      case .validation: validation
      case .test: test
      case .browsing: browsing
      default: preconditionFailure("\(split) holds no pairs")
      }
    return zip(Pattern.allCases, numbers).flatMap { pattern, list in list.map { world.pair(split, pattern, $0) } }
  }
}
