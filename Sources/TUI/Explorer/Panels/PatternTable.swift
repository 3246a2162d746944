import Engine
import Recap
import Terminal

/// What tuning changed pattern by pattern.
struct PatternTable {
  struct Row: Equatable {
    var name: String
    /// Per cent of pairs right by the tuned CLIP, an entry an evaluation.
    var tuned: [Double]
    var baseline: Double
    /// Whether the change is significant by McNemar's test; false where the answers are not known.
    var isSure = false
    /// Per cent of pairs whose statements both chose one picture, before and now: such a pair cannot be distinguished.
    var same: (before: Double, now: Double)?

    var change: Double { (tuned.last ?? baseline) - baseline }

    static func == (a: Row, b: Row) -> Bool {
      a.name == b.name && a.tuned == b.tuned && a.baseline == b.baseline && a.isSure == b.isSure
        && a.same?.before == b.same?.before && a.same?.now == b.same?.now
    }
  }

  let rows: [Row]

  /// - Parameter pairs: those that were answered, for their patterns; without them only the shares are known.
  init(_ history: RunHistory, pairs: [PairRow]) {
    guard let last = history.evaluations.last else {
      rows = []
      return
    }
    let answers = history.predictions.last.flatMap { $0.pairs == pairs.count && $0.step == last.step ? $0 : nil }
    var places: [String: [Int]] = [:]
    if answers != nil {
      for (at, row) in pairs.enumerated() { row.pair.category.map { places[$0.title, default: []].append(at) } }
    }
    rows = last.patterns.enumerated().map { index, title in
      let pattern = Pattern.allCases.first { $0.title == title || $0.typeName == title }
      var row = Row(
        name: pattern?.shortName ?? title,
        tuned: history.evaluations.filter { $0.patterns == last.patterns }.map { $0.tunedPerPattern[index] },
        baseline: last.baselinePerPattern[index])
      if let answers, let own = places[pattern?.title ?? title] { row.add(answers, own) }
      return row
    }
  }

  private static let signs = Array("▁▂▃▄▅▆▇█")

  /// One sign an evaluation, of the newest; the lowest and the highest are the pattern's own.
  static func sparkline(_ values: [Double], cells: Int) -> String {
    let shown = values.suffix(max(cells, 0))
    guard let low = shown.min(), let high = shown.max(), high > low else {
      return String(repeating: "▄", count: shown.count)
    }
    return String(shown.map { signs[min(Int(($0 - low) / (high - low) * 8), 7)] })
  }

  func draw(in rect: Rect, on canvas: inout Canvas) {
    let cells = min(rect.columns - 35, 12)
    let columns: [Table<Row>.Column] = [
      .init("By pattern", .fixed(12), titleStyle: .title, isLeft: true) { ($0.name, .normal) },
      .init("", .fixed(max(cells, 0) + 1), isLeft: true) { (Self.sparkline($0.tuned, cells: cells), .tuned) },
      .init("base", .fixed(5), titleStyle: .baseline) { ($0.baseline.text(decimals: 0), .baseline) },
      .init("now", .fixed(4), titleStyle: .tuned) { (($0.tuned.last ?? 0).text(decimals: 0), .tuned.bold) },
      .init("Δ", .fixed(6)) { row in
        let (text, style) = row.change.change(decimals: 0, isSure: row.isSure)
        return (text + (row.isSure ? "*" : " "), style)
      },
      .init("same", .fixed(7)) { row in
        (row.same.map { "\($0.before.text(decimals: 0))→\($0.now.text(decimals: 0))" } ?? "–", .dim)
      },
    ]
    let spare = cells < 0 ? [columns[0], columns[2], columns[3], columns[4]] : columns
    Table(spare).draw(rows, in: rect.top(rows.count + 1), on: &canvas)
    let note = rect.droppingTop(rows.count + 1).top(2)
    let whole = "% of pairs · * p < 0.05 (McNemar) · same: both statements chose one picture"
    let isWhole = whole.wrapped(toCells: max(note.columns, 1)).count <= note.rows
    canvas.paragraph(isWhole ? whole : "% of pairs · * p < 0.05", in: note)
  }
}

extension PatternTable.Row {
  fileprivate mutating func add(_ answers: PredictionReport, _ own: [Int]) {
    let comparison = PairedComparison(
      before: own.map { answers.baselineCorrect[$0] }, after: own.map { answers.tunedCorrect[$0] })
    isSure = comparison.pValue < 0.05
    func alike(_ scores: [SIMD2<Float>]) -> Double {
      100 * Double(own.count { (scores[$0][0] > 0.5) == (scores[$0][1] > 0.5) }) / Double(max(own.count, 1))
    }
    same = (alike(answers.baselineScores), alike(answers.tunedScores))
  }
}
