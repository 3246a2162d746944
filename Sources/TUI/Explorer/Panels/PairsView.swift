import Engine
import Recap
import Terminal

/// How the Pairs screen divides its room: what the answers add up to, the filter, the list, the chosen pair at large.
enum PairsView {
  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard !state.feed.pairs.isEmpty else {
      if state.feed.run.program != nil, let absence = state.feed.session.absence {
        return canvas.message(absence, in: rect)
      }
      let waits = state.feed.run.isFollowed && state.feed.history.evaluations.isEmpty
      let wait = waits ? "The answers of both models will be shown here after the first evaluation." : nil
      let room = PairTotals.drawEarlyFilter(state, in: rect, on: &canvas)
      return OpeningPanel.drawWait(
        state, needed: [.clip, .tuned, .pairs], wait ?? "The pairs are being loaded …", in: room, on: &canvas)
    }
    if state.pairs.look.isLarge, let chosen = PairDetail(state) {
      return chosen.drawLarge(in: rect, on: &canvas)
    }
    let rest = PairTotals.draw(state, in: rect, on: &canvas)
    if rest.columns >= 150 { drawWide(state, in: rest, on: &canvas) } else { drawNarrow(state, in: rest, on: &canvas) }
  }

  /// The list takes the left half from top to bottom.
  private static func drawWide(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let parts = Columns.split(rect, gap: 3, [.fixed(min(rect.columns * 45 / 100, 96)), .flexible()])
    PairTable.draw(state, in: parts[0], on: &canvas)
    guard let chosen = PairDetail(state) else { return }
    let below = 20
    chosen.drawTall(in: parts[1], factRows: below, on: &canvas) { room, canvas in
      PairPatterns.draw(state.pairs, in: room, on: &canvas)
    }
  }

  /// The list above, the chosen pair below.
  private static func drawNarrow(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let wanted = min(state.pairs.list.shown.count, max(rect.rows / 3, 3))
    let top = rect.top(1 + max(wanted, 1))
    let hasRoom = top.columns >= 112 && !state.pairs.patterns.isEmpty
    let tables = Columns.split(top, gap: 3, hasRoom ? [.flexible(), .fixed(PairPatterns.width)] : [.flexible()])
    PairTable.draw(state, in: tables[0], on: &canvas)
    let below = rect.droppingTop(top.rows + (rect.rows > 22 ? 1 : 0))
    if hasRoom {
      // The patterns need more rows than the list has.
      let rows = Rect(
        column: tables[1].column, row: tables[1].row, columns: tables[1].columns,
        rows: min(PairPatterns.rows(state.pairs), rect.rows))
      PairPatterns.draw(state.pairs, in: rows, on: &canvas)
      let isBelow = rows.endRow >= below.row
      let detail = isBelow ? below.droppingTop(max(rows.endRow - below.row + 1, 0)) : below
      PairDetail(state)?.drawWide(in: detail, on: &canvas)
    } else if state.pairs.pattern != nil {
      PairPatterns.draw(state.pairs, in: below, on: &canvas)
    } else {
      PairDetail(state)?.drawWide(in: below, on: &canvas)
    }
  }
}

/// What the answers add up to, and the line of the filter.
enum PairTotals {
  /// Gives the room below.
  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) -> Rect {
    let used = drawTotals(state, in: rect, on: &canvas)
    drawFilter(state, in: rect.droppingTop(used).top(1), on: &canvas)
    return rect.droppingTop(used + 1)
  }

  /// The line of a filter that is written before there are pairs; gives the room below.
  static func drawEarlyFilter(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) -> Rect {
    guard state.pairs.entry != nil || !state.pairs.list.filterText.isEmpty else { return rect }
    drawFilter(state, in: rect.top(1), on: &canvas)
    return rect.droppingTop(2)
  }

  /// Gives the rows that it took.
  private static func drawTotals(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) -> Int {
    // What all pairs add up to is known; only while they are answered it is counted anew.
    let total = state.feed.session.scoring == nil ? state.pairs.total : nil
    let texts =
      total.map { totals($0, state.feed.chanceText, columns: rect.columns) } ?? RunningScore(state.feed.pairs).texts
    let column = canvas.write(texts, rect.column, rect.row, limit: rect.endColumn)
    if let scoring = state.feed.session.scoring {
      let left = scoring.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
      let text = "\(scoring.done) of \(scoring.all) images\(left)"
      // Beside the score where there is room, else below it.
      let isBeside = column + text.cellWidth + 12 <= rect.endColumn
      let line = isBeside ? rect.droppingLeft(column + 3 - rect.column) : rect.droppingTop(1)
      Bars.drawProgress(scoring.part, text, width: 40, (.accent, .dim), in: line, on: &canvas)
      return isBeside ? 1 : 2
    }
    guard rect.rows >= 24, let scores = state.pairs.scores else { return 1 }
    canvas.write(self.scores(scores), rect.column, rect.row + 1, limit: rect.endColumn)
    return 2
  }

  /// "900 pairs  41.0 → 48.6 %  +7.6 [+4.9, +10.3]  p 4e−8  guessing 25 %  ● 326 right  ▲ 111 fixed …"; less of it, and at
  /// last without the counts, where there are fewer columns.
  private static func totals(_ total: PatternScore, _ chance: String, columns: Int) -> [(String, Style)] {
    let isWide = columns >= 128
    let (all, comparison) = (Double(total.pairs), total.comparison)
    let interval = comparison.interval.percents
    let isSure = interval[0] > 0 || interval[1] < 0
    let gain = 100 * comparison.difference
    let both = total.tunedRight - comparison.fixed
    let counts: [(AnsweredPair.Outcome, Int, String, Style)] = [
      (.bothRight, both, "right", .normal), (.fixed, comparison.fixed, "fixed", isSure ? .good : .normal),
      (.broken, comparison.broken, "broken", isSure ? .bad : .normal),
      (.bothWrong, total.pairs - both - comparison.fixed - comparison.broken, "wrong", .normal),
    ]
    let shares: [(String, Style)] = [
      ("\(total.pairs.counted("pair"))  ", .title),
      ((Double(total.baselineRight) / all).percent(decimals: 1), .baseline),
      (" → ", .dim), ((Double(total.tunedRight) / all).percent(decimals: 1), .tuned.bold), (" %  ", .dim),
      (gain.signed(decimals: 1), isSure ? (gain > 0 ? .good : .bad) : .normal),
      (" [\(interval[0].signed(decimals: 1)), \(interval[1].signed(decimals: 1))]", .dim),
      (isWide ? " \(comparison.pValue.pText)  guessing \(chance)" : "  chance \(chance)", .dim),
    ]
    let signs = counts.map { outcome, count, word, style in
      [
        (isWide ? "  \(outcome.sign) \(count)" : " \(outcome.sign)\(count)", style),
        (isWide ? " " + word : "", Style.dim),
      ]
    }
    let whole = shares + signs.flatMap { $0 }
    return whole.reduce(0) { $0 + $1.0.cellWidth } <= columns ? whole : shares
  }

  private static func scores(_ scores: RunReport.ModelScores) -> [(String, Style)] {
    func part(_ name: String, _ value: KeyPath<MatrixScore, Int>) -> [(String, Style)] {
      let shares = [scores.baseline, scores.tuned].map {
        (Double($0[keyPath: value]) / Double(max($0.pairs, 1))).percent(decimals: 1)
      }
      return [(name, .dim), (shares[0], .baseline), (" → ", .dim), (shares[1], .tuned), (" %", .dim)]
    }
    return part("by statement ", \.image) + part("   by image ", \.text)
      + part("   both ways ", \.group) + [("   guessing 25 · 25 · 16.7 %", .dim)]
  }

  private static func drawFilter(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let (list, row) = (state.pairs.list, rect.row)
    let marked = list.notes.notes.values.count(where: \.isMarked)
    let count =
      list.pairs.isEmpty
      ? "for the pairs that are being loaded" : "\(list.shown.count.grouped) of \(list.pairs.count.grouped)"
    let rest = list.pairs.isEmpty ? [] : ["sort \(list.order.title)"] + (marked > 0 ? ["\(marked) marked"] : [])
    var facts = ([list.complaint ?? count] + rest).joined(separator: " · ")
    if let size = state.feed.benchmark, state.pairs.entry == nil, !list.pairs.isEmpty {
      let forms = [size.words, size.shortWords].map { "\(facts) · \($0)" }
      let room = rect.columns - 5 - (list.filterText.isEmpty ? "all pairs" : list.filterText).cellWidth
      facts = forms.first { $0.cellWidth <= room } ?? facts
    }
    switch state.pairs.entry {
    case .filter(let entry, _):
      let next = canvas.write("/ ", rect.column, row, .accent.bold)
      let end = entry.draw(next, row, limit: rect.endColumn - min(facts.cellWidth + 2, rect.columns / 2), on: &canvas)
      canvas.write(facts, end + 2, row, list.complaint == nil ? .dim : .warning, limit: rect.endColumn)
    case .note(let entry):
      let next = canvas.write("note about pair \(list.chosen?.number ?? 0): ", rect.column, row, .accent.bold)
      _ = entry.draw(next, row, limit: rect.endColumn, on: &canvas)
    case .exportFormat:
      let keys: [(String, String)] = [("c", "CSV"), ("j", "JSON"), ("m", "Markdown"), ("Esc", "not")]
      canvas.write(
        [("export \(list.shown.count.counted("pair")) as  ", .title)]
          + keys.flatMap { [("\($0.0) ", .accent.bold), ("\($0.1)   ", .dim)] }, rect.column, row, limit: rect.endColumn
      )
    case nil:
      let filter = list.filterText.isEmpty ? "all pairs" : list.filterText
      canvas.write(
        [
          ("/ ", .dim), (filter, list.isFiltered ? .title : .dim),
          ("   \(facts)", list.complaint == nil ? .dim : .warning),
        ],
        rect.column, row, limit: rect.endColumn)
    }
  }
}
