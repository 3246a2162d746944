import Engine
import Recap
import Terminal

/// The pairs that a run's recorded answers are about, with their images drawn once.
struct AnsweredPairs {
  /// As the record names them.
  let set: String?
  let folder: String?
  private let pairs: RecordedPairs
  /// Without answers.
  fileprivate let rows: [PairRow]

  init(set: String?, folder: String?, mini: MiniFolder) throws {
    (self.set, self.folder) = (set, folder)
    let pairs = try RecordedPairs(set: set, folder: folder, mini: mini)
    self.pairs = pairs
    let images = pairs.images(of: 0..<pairs.count).map(Picture.init)
    rows = (0..<pairs.count).map { index in
      PairRow(
        number: index + 1, pattern: pairs.pairs[index].pattern?.title ?? "pair \(index + 1)", statements: pairs.pairs[index].statements,
        images: Array(images[2 * index..<2 * index + 2]))
    }
  }

  /// Whether the report is about these pairs, not about those of another version of the program.
  func belong(to report: PredictionReport) -> Bool { pairs.belong(to: report) }
}

extension PairRow {
  /// The recorded answers, with what they are about where that is known.
  static func rows(_ report: PredictionReport, beside pairs: AnsweredPairs?) -> [PairRow] {
    let known = pairs.flatMap { $0.belong(to: report) ? $0.rows : nil }
    return (0..<report.pairs).map { index in
      var row = known?[index] ?? .nameless(index + 1)
      row.baseline = PairAnswer(scores: report.baselineScores[index].map(Double.init))
      row.tuned = PairAnswer(scores: report.tunedScores[index].map(Double.init))
      return row
    }
  }

  private static func nameless(_ number: Int) -> PairRow {
    PairRow(
      number: number, pattern: "pair \(number)", statements: ["the first image's statement", "the second one's"],
      images: [])
  }
}
