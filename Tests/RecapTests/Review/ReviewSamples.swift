@testable import Recap

/// Nine pairs, one of each pattern, over four evaluations.
enum ReviewSamples {
  static let statements = [
    ["a car faces left", "a car faces right"], ["a cup with a handle", "a cup without a handle"],
    ["an open door", "a closed door"], ["two red apples", "three red apples"], ["a cat on a box", "a cat under a box"],
    ["a blue lamp and a face", "a purple lamp and a face"], ["a tall tower", "a wide tower"],
    ["the word yes", "the word no"], ["a house from above", "a house from the side"],
  ]

  static let pairs = Pattern.allCases.map {
    ImagePair(index: $0.rawValue, pattern: $0, statements: statements[$0.rawValue])
  }

  /// Both statements' probabilities of their own image, by evaluation.
  private static func scores(_ place: Int, _ step: Int) -> [Double] {
    let right = 0.5 + [0.3, -0.01, 0.2, -0.2, 0.015, 0.1, -0.3, 0.25, -0.06][place]
    let moved = right + (place == 5 ? -0.05 : place == 3 ? 0.1 : 0) * Double(step)
    return place == 1 && step % 2 == 1 ? [0.6, 0.4] : [moved, 1 - moved]
  }

  static let reports = (0..<4).map { step in
    PredictionReport(
      step: step, baseline: pairs.map { PairPrediction($0, scores: scores($0.index, 0)) },
      tuned: pairs.map { PairPrediction($0, scores: scores($0.index, step)) })
  }

  static let answered = pairs.map { AnsweredPair($0) }.beside(reports, at: 3)

  static func list(_ filter: String = "") -> PairList {
    var list = PairList(answered)
    list.apply(filter)
    return list
  }
}
