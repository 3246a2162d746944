import Engine
import Recap
import Terminal

/// The listed pairs, a row each: what the statements differ in, margins, and the answers by step.
enum PairTable {
  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let list = state.pairs.list
    let steps = list.pairs.first?.answers.count ?? 0
    let isStale = { (place: Int) in list.isStale && place == list.shown[list.cursor] }
    func column(
      _ title: String, _ width: Length, titleStyle: Style = .dim, isLeft: Bool = false,
      _ cell: @escaping (AnsweredPair) -> (String, Style)
    ) -> Table<Int>.Column {
      .init(title, width, titleStyle: titleStyle, isLeft: isLeft) { place in
        let (text, style) = cell(list.pairs[place])
        return (text, isStale(place) ? .dim : style)
      }
    }
    let isWide = rect.columns >= 60
    let strip = isWide ? min(steps, rect.columns / 4) : 0
    let stripColumns = strip > 1 ? max(strip, 7) + 2 : 0
    let room = rect.columns - 4 - 7 * (isWide ? 3 : 2) - stripColumns - 6
    var columns = [
      column("#", .fixed(4)) { ("\($0.number)", .dim) },
      column("  statements", .flexible(), isLeft: true) { ("  " + $0.statementsText(within: room - 2), .normal) },
      column("base", .fixed(7), titleStyle: .baseline) { margin($0.baseline) },
      column("tuned", .fixed(7), titleStyle: .tuned) { margin($0.tuned) },
    ]
    if isWide { columns.append(column("Δ", .fixed(7)) { ($0.change?.signed(decimals: 3) ?? "", .normal) }) }
    if strip > 1 {
      columns.append(
        column("  by step", .fixed(stripColumns), isLeft: true) {
          ("  " + signs($0.answers.suffix(strip)), .normal)
        })
    }
    columns.append(column("", .fixed(2)) { ($0.outcome?.sign ?? "·", style($0)) })
    columns.append(column("", .fixed(4), isLeft: true) { (" " + flags(list.notes[$0.number]), .accent) })
    Table(columns, name: PairsScreen.listName).draw(
      list.shown, selected: state.pairs.pattern == nil ? list.cursor : nil, in: rect, on: &canvas)
  }

  static func signs(_ answers: some Sequence<Bool>) -> String { answers.map { $0 ? "●" : "·" }.joined() }

  /// An outcome that hangs on a coin toss has no colour.
  static func style(_ pair: AnsweredPair) -> Style {
    switch pair.outcome {
    case .fixed?: pair.isUnsure ? .normal : .good
    case .broken?: pair.isUnsure ? .normal : .bad
    case .bothRight?, .bothWrong?, nil: .dim
    }
  }

  private static func margin(_ answer: PairPrediction?) -> (String, Style) {
    answer.map { ($0.margin.signed(decimals: 3), $0.isCorrect ? .normal : .dim) } ?? ("·", .dim)
  }

  /// "*" marked, "?" label doubtful, "…" noted.
  private static func flags(_ note: PairNote) -> String {
    (note.isMarked ? "*" : "") + (note.isDoubtful ? "?" : "") + (note.text.isEmpty ? "" : "…")
  }
}

/// Shares by pattern, what was fixed and broken in each, and the shares by step.
enum PairPatterns {
  static let width = 50

  static func rows(_ pairs: PairsScreen.State) -> Int { pairs.patterns.isEmpty ? 0 : pairs.patterns.count + 2 }

  static func draw(_ pairs: PairsScreen.State, in rect: Rect, on canvas: inout Canvas) {
    guard !pairs.patterns.isEmpty else { return }
    let steps = min(pairs.patterns[0].shares.count, max(rect.columns - 43, 0))
    var columns: [Table<PatternScore>.Column] = [
      .init("By pattern, %", .flexible(), isLeft: true) { ($0.category?.shown ?? "", .normal) },
      .init("base", .fixed(5), titleStyle: .baseline) { (percent($0.baselineRight, $0), .baseline) },
      .init("now", .fixed(5), titleStyle: .tuned) { (percent($0.tunedRight, $0), .tuned) },
      .init("fix", .fixed(5)) { ("\($0.comparison.fixed)", .normal) },
      .init("brk", .fixed(4)) { ("\($0.comparison.broken)", .normal) },
      .init("", .fixed(1)) { ($0.comparison.pValue < 0.05 ? "*" : "", .normal) },
    ]
    if steps > 1 {
      columns.append(
        .init(" steps", .fixed(max(steps, 5) + 1), isLeft: true) { (" " + sparkline($0.shares.suffix(steps)), .normal) }
      )
    }
    Table(columns, name: PairsScreen.patternsName).draw(
      pairs.patterns, selected: pairs.pattern, in: rect.droppingBottom(1), on: &canvas)
    let each = 100 / Double(max(pairs.patterns[0].pairs, 1))
    let remark = "1 pair = \(each.text(figures: 2)) points · * p < 0.05 · → ⏎ filters"
    canvas.write(
      remark, rect.column, min(rect.row + pairs.patterns.count + 1, rect.endRow - 1), .dim, limit: rect.endColumn)
  }

  private static func percent(_ right: Int, _ score: PatternScore) -> String {
    (Double(right) / Double(max(score.pairs, 1))).percent(decimals: 0)
  }

  /// From the lowest of the values to the highest.
  static func sparkline(_ values: some Collection<Double>) -> String {
    guard let low = values.min(), let high = values.max() else { return "" }
    let signs = Array("▁▂▃▄▅▆▇█")
    return String(values.map { signs[high > low ? Int((($0 - low) / (high - low) * 7).rounded()) : 3] })
  }
}
