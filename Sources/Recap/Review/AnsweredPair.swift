import Foundation

/// A pair with what both models answered, at the evaluation that is looked at and at all of the run.
public struct AnsweredPair: Equatable, Sendable {
  /// By its name for people.
  public enum Outcome: String, CaseIterable, Sendable {
    case fixed, broken
    case bothRight = "both right"
    case bothWrong = "both wrong"

    /// One character: the outcome without its colour.
    public var sign: String {
      switch self {
      case .fixed: "▲"
      case .broken: "▼"
      case .bothRight: "●"
      case .bothWrong: "○"
      }
    }
  }

  public let pair: ImagePair
  public var baseline: PairPrediction?
  public var tuned: PairPrediction?
  /// Whether the tuned CLIP was right, and its margin, at each evaluation of the run.
  public private(set) var answers: [Bool] = []
  public private(set) var margins: [Double] = []

  /// A margin within this of a coin toss is no answer to rely on.
  public static let unsureMargin = 0.02

  public init(_ pair: ImagePair, baseline: PairPrediction? = nil, tuned: PairPrediction? = nil) {
    (self.pair, self.baseline, self.tuned) = (pair, baseline, tuned)
  }

  /// Two: of one of many the right one and the strongest wrong one of the judged model; of one statement with many images
  /// that one twice.
  public var statements: [String] {
    switch pair.shape {
    case .square: pair.statements
    case .statements(let right): [pair.statements[0], pair.statements[judged?.rival ?? right]]
    case .images: [pair.statements[0], pair.statements[0]]
    }
  }

  /// The same, each once.
  public var shownStatements: [String] { if case .images = pair.shape { pair.statements } else { statements } }

  /// Places of the images that are shown: two, or the only one.
  public var shownImages: [Int] {
    switch pair.shape {
    case .square: [0, 1]
    case .statements: [0]
    case .images: [0, judged?.rival ?? 1]
    }
  }

  public var secondImage: URL? { pair.imageURLs.isEmpty ? nil : pair.imageURLs[shownImages[shownImages.count - 1]] }

  /// Counted from 1, as MMVP does.
  public var number: Int { pair.index + 1 }

  /// nil before both have answered.
  public var outcome: Outcome? {
    guard let baseline, let tuned else { return nil }
    return switch (baseline.isCorrect, tuned.isCorrect) {
    case (false, true): .fixed
    case (true, false): .broken
    case (true, true): .bothRight
    case (false, false): .bothWrong
    }
  }

  /// What is judged: the tuned CLIP's answer, or the baseline's where nothing is tuned.
  public var judged: PairPrediction? { tuned ?? baseline }

  /// The tuned CLIP's margin less the baseline's; nil before both have answered.
  public var change: Double? {
    guard let baseline, let tuned else { return nil }
    return tuned.margin - baseline.margin
  }

  /// How often the answer changed sides from one evaluation to the next.
  public var flips: Int { zip(answers, answers.dropFirst()).count { $0 != $1 } }

  /// The standard deviation of the tuned CLIP's margin over the evaluations; nil for fewer than two.
  public var spread: Double? { margins.variance?.squareRoot() }

  public var isUnsure: Bool { judged.map { abs($0.margin) < Self.unsureMargin } ?? false }

  /// What differs between its statements, once: "a blue | purple lamp". Where it is longer than so many characters, their
  /// common beginning is left out.
  public func statementsText(within length: Int = .max) -> String {
    if case .images = pair.shape { return String(pair.statements[0].prefix(length)) }
    let words = statements.map { $0.split(separator: " ") }
    let head = zip(words[0], words[1]).prefix { $0 == $1 }.count
    let left = words.map { $0.dropFirst(head) }
    let tail = zip(left[0].reversed(), left[1].reversed()).prefix { $0 == $1 }.count
    let middles = left.map { $0.dropLast(tail).joined(separator: " ") }.map { $0.isEmpty ? "–" : $0 }
    let end = ([middles.joined(separator: " | ")] + words[0].suffix(tail).map(String.init)).joined(separator: " ")
    let starts = (0...head).map { skipped in
      ((skipped > 0 ? ["…"] : []) + words[0][skipped..<head] + [Substring(end)]).joined(separator: " ")
    }
    return starts.first { $0.count <= length } ?? end
  }
}

extension [ImagePair] {
  /// Those of the reports that are about these pairs, not about a part of them or those of another version.
  public func reports(among all: [PredictionReport]) -> [PredictionReport] {
    // Of pairs whose statements are not known only the number can be compared.
    let checksum = contains { $0.pattern == nil && $0.imageURLs.isEmpty } ? nil : RecordedPairs.checksum(self)
    return all.filter { report in
      report.pairs == count
        && (checksum == nil || report.statementsChecksum == nil || report.statementsChecksum == checksum)
    }
  }
}

extension [AnsweredPair] {
  /// The same pairs with all that the run recorded of them; unchanged where the records are about other pairs.
  ///
  /// - Parameter step: the evaluation that is looked at; nil leaves the newest answers.
  public func beside(_ reports: [PredictionReport], at step: Int? = nil) -> [AnsweredPair] {
    let own = map(\.pair).reports(among: reports)
    let looked = own.first { $0.step == step }
    return enumerated().map { place, pair in
      var pair = pair
      pair.record(own, at: place)
      if let looked { (pair.baseline, pair.tuned) = looked.answers(about: pair.pair, at: place) }
      return pair
    }
  }
}

extension AnsweredPair {
  fileprivate mutating func record(_ reports: [PredictionReport], at place: Int) {
    answers = reports.map { $0.tunedCorrect[place] }
    margins = reports.map { $0.answers(about: pair, at: place).tuned.margin }
  }
}
