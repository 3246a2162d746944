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
      self = try JSONDecoder().decode(PairLists.self, from: Data(contentsOf: url))
    } catch {
      throw Problem(
        "cannot read the pair lists \(url.path): \(error.localizedDescription)",
        advice: "make them again with diva-tui pretrain, or restore assets/mini")
    }
    for list in [validation, test, browsing]
    where list.count != Pattern.allCases.count || list.contains(where: \.isEmpty) {
      throw Problem("the pair lists \(url.path) do not have pairs of all \(Pattern.allCases.count) patterns")
    }
  }

  func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys]
    try encoder.encode(self).write(to: url, options: .atomic)
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
