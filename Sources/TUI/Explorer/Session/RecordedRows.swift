import Engine
import Recap
import Terminal

/// A run's recorded answers beside the pairs that they are about, whose images are drawn once.
struct RecordedRows {
  private let set: String?
  private let folder: String?
  private let pairs: RecordedPairs
  /// Without answers.
  private let rows: [PairRow]

  init(set: String?, folder: String?, mini: MiniFolder) throws {
    (self.set, self.folder) = (set, folder)
    let pairs = try RecordedPairs(set: set, folder: folder, mini: mini)
    let images = pairs.images(of: 0..<pairs.count).map(Picture.init)
    self.pairs = pairs
    var end = 0
    rows = pairs.pairs.map { pair in
      end += pair.imageCount
      return PairRow(pair: pair, images: Array(images[end - pair.imageCount..<end]))
    }
  }

  /// Whether they are those that the record names.
  func are(_ set: String?, in folder: String?) -> Bool { self.set == set && self.folder == folder }

  /// Of what benchmark they are.
  var size: BenchmarkSize? { pairs.size }

  func image(_ which: PairPicture) -> Image? {
    guard rows.indices.contains(which.place) else { return nil }
    let own = pairs.images(of: which.place..<which.place + 1)
    return own.isEmpty ? nil : own[min(which.side, own.count - 1)]
  }

  /// Whether the report is about these pairs, not about those of another version of the program.
  func belong(to report: PredictionReport) -> Bool { pairs.belong(to: report) }

  /// The recorded answers, with the pairs where they are known.
  static func rows(_ report: PredictionReport, beside known: RecordedRows?) -> [PairRow] {
    let known = known.flatMap { $0.belong(to: report) ? $0.rows : nil }
    let statements = ["the first image's statement", "the second one's"]
    return (0..<report.pairs).map { index in
      var row =
        known?[index] ?? PairRow(pair: ImagePair(index: index, pattern: nil, statements: statements), images: [])
      (row.baseline, row.tuned) = report.answers(about: row.pair, at: index)
      return row
    }
  }
}
