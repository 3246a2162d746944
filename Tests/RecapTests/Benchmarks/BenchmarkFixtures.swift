import Foundation
import Recap

/// What Tests/Reference/pair_statistics.py computed.
struct StatisticsFixture: Decodable {
  struct Paired: Decodable, Sendable {
    let pairs: Int
    let fixed: Int
    let broken: Int
    let p: Double
    let interval: [Double]
  }

  struct Single: Decodable, Sendable {
    let successes: Int
    let trials: Int
    let interval: [Double]
  }

  let paired: [Paired]
  let single: [Single]

  static let it: StatisticsFixture = benchmarkFixture("pair_statistics") ?? StatisticsFixture(paired: [], single: [])
}

/// What Tests/Reference/mmvp_scoring.py computed.
struct ScoringFixture: Decodable {
  struct Result: Decodable {
    let scores: [[Double]]
    let perPattern: [Double]
    let average: Double
    let csv: String
  }

  let pairs: Int
  let width: Int
  let scale: Double
  let texts: [Float]
  let images: [Float]
  let ownImages: [Float]
  let shared: Result
  let separate: Result
  let unnormalized: Result

  static let it: ScoringFixture? = benchmarkFixture("mmvp_scoring")

  var questions: [ImagePair] {
    (0..<pairs).map { index in
      let pattern = Pattern.allCases[index / (pairs / 9)]
      return ImagePair(index: index, pattern: pattern, statements: ["", ""])
    }
  }
}

private func benchmarkFixture<Contents: Decodable>(_ name: String) -> Contents? {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  let url = tests.deletingLastPathComponent().appending(path: "Fixtures/\(name).json")
  return try? JSONDecoder().decode(Contents.self, from: Data(contentsOf: url))
}
