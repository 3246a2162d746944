import Terminal

/// The pairs one by one: two images, two statements, and which image each model picks for each statement.
enum PairsScreen {
  enum Filter: String, CaseIterable, Sendable {
    case all = "all answers"
    case fixed = "fixed"
    case broken = "broken"
    case bothRight = "both right"
    case bothWrong = "both wrong"

    func accepts(_ row: PairRow) -> Bool {
      switch self {
      case .all: true
      case .fixed: row.outcome == .fixed
      case .broken: row.outcome == .broken
      case .bothRight: row.outcome == .bothRight
      case .bothWrong: row.outcome == .bothWrong
      }
    }
  }

  struct State: Equatable, Sendable {
    /// Place in the list as it is filtered.
    var cursor = 0
    var filter = Filter.all
    /// nil for all patterns.
    var pattern: String?
  }

  static let keys: [Binding] = [
    Binding(
      .up, .down, label: "pair", tooltip: "Choose the pair.",
      unavailable: { rows($0).isEmpty ? "no pair to choose" : nil }
    ) { state, key in
      move(&state, by: key == .up ? -1 : 1)
    },
    Binding(
      .pageUp, .pageDown, label: "page", tooltip: "Ten pairs back, or on.",
      unavailable: { rows($0).isEmpty ? "no pair to choose" : nil }
    ) { state, key in
      move(&state, by: key == .pageUp ? -10 : 10)
    },
    Binding(
      .character("f"), label: "answers",
      tooltip: "Show all pairs, or only those that tuning fixed, broke, or that both models get right or wrong."
    ) { state, _ in
      let at = Filter.allCases.firstIndex(of: state.pairs.filter) ?? 0
      state.pairs.filter = Filter.allCases[(at + 1) % Filter.allCases.count]
      state.pairs.cursor = 0
      return []
    },
    Binding(
      .character("p"), label: "pattern", tooltip: "Show all patterns, or only one of them.",
      unavailable: { $0.feed.pairs.isEmpty ? "no pairs yet" : nil }
    ) { state, _ in
      let choices = [nil] + patterns(state.feed.pairs).map(Optional.some)
      let at = choices.firstIndex(of: state.pairs.pattern) ?? 0
      state.pairs.pattern = choices[(at + 1) % choices.count]
      state.pairs.cursor = 0
      return []
    },
  ]

  /// The patterns in the order in which they come.
  private static func patterns(_ rows: [PairRow]) -> [String] {
    rows.reduce(into: []) { names, row in if !names.contains(row.pattern) { names.append(row.pattern) } }
  }

  /// The pairs that the filters let through.
  static func rows(_ state: ExplorerState) -> [PairRow] {
    state.feed.pairs.filter { row in
      state.pairs.filter.accepts(row) && (state.pairs.pattern == nil || row.pattern == state.pairs.pattern)
    }
  }

  private static func move(_ state: inout ExplorerState, by count: Int) -> [Work] {
    state.pairs.cursor += count
    keepCursorInside(&state)
    return []
  }

  /// New answers can make the filtered list shorter than the cursor's place.
  static func keepCursorInside(_ state: inout ExplorerState) {
    state.pairs.cursor = max(0, min(state.pairs.cursor, rows(state).count - 1))
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    if state.feed.pairs.isEmpty {
      if !state.feed.opening.isEmpty {
        return OpeningPanel.draw(state, needed: [.clip, .tuned, .pairs], in: rect, on: &canvas)
      }
      canvas.message(emptyText(state.feed), in: rect)
      return
    }
    let rect = drawScore(state.feed, in: rect, on: &canvas)
    let rows = rows(state)
    let listWidth = rect.columns >= 150 ? 44 : rect.columns >= 100 ? 38 : 30
    let filters = filterText(state.pairs)
    canvas.heading(rows.count == 1 ? "1 pair" : "\(rows.count) pairs", filters, in: rect.left(listWidth))
    drawList(rows, cursor: state.pairs.cursor, in: rect.left(listWidth).droppingTop(1), on: &canvas)
    let detail = rect.droppingLeft(listWidth + 2)
    if rows.indices.contains(state.pairs.cursor) {
      PairDetail.draw(rows[state.pairs.cursor], in: detail, on: &canvas)
    } else {
      let text = "No pair is like this (\(filters)). Press f or p to see others."
      canvas.message(text, in: detail)
    }
  }

  /// What the answers add up to, and how far they are; gives the room below.
  private static func drawScore(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) -> Rect {
    let score = RunningScore(feed.pairs)
    var column = rect.column
    for (text, style) in score.words { column = canvas.write(text, column, rect.row, style, limit: rect.endColumn) }
    let gap = rect.rows > 24 ? 1 : 0
    guard let scoring = feed.scoring else { return rect.droppingTop(1 + gap) }
    let left = scoring.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
    let text = "\(scoring.done) of \(scoring.all) images\(left)"
    // Beside the score where there is room, else below it.
    let row = column + text.cellWidth + 12 <= rect.endColumn ? rect.row : rect.row + 1
    let start = row == rect.row ? column + 3 : rect.column
    let track = Rect(
      column: start, row: row, columns: min(40, rect.endColumn - start - text.cellWidth - 2), rows: 1)
    Bars.drawProgress(scoring.part, in: track, on: &canvas)
    canvas.write(text, track.endColumn + 2, row, .dim, limit: rect.endColumn)
    return rect.droppingTop(row - rect.row + 1 + gap)
  }

  private static func emptyText(_ feed: Feed) -> String {
    let waits = feed.plan.isWatched && feed.evaluations.isEmpty
    return waits
      ? "Both models' answers will stand here after the run's first evaluation." : "The pairs are being loaded …"
  }

  /// Only what is filtered is named.
  private static func filterText(_ state: State) -> String {
    let filters = [state.pattern, state.filter == .all ? nil : state.filter.rawValue].compactMap { $0 }
    return filters.isEmpty ? "all of them" : filters.joined(separator: " · ")
  }

  private static func drawList(_ rows: [PairRow], cursor: Int, in rect: Rect, on canvas: inout Canvas) {
    let marks = (baseline: rect.endColumn - 9, tuned: rect.endColumn - 3)
    canvas.write("  #  pattern", rect.column, rect.row, .dim)
    canvas.write("base", marks.baseline - 2, rect.row, .baseline)
    canvas.write("tuned", marks.tuned - 2, rect.row, .tuned)
    let room = rect.droppingTop(1)
    let first = max(0, min(cursor - room.rows / 2, rows.count - room.rows))
    for (offset, row) in rows.dropFirst(first).prefix(room.rows).enumerated() {
      let at = room.row + offset
      canvas.write(String(row.number).leftPadded(toCells: 3), rect.column, at, .dim)
      canvas.write(row.pattern, rect.column + 5, at, limit: marks.baseline - 3)
      drawMark(row.baseline?.isRight, marks.baseline, at, on: &canvas)
      drawMark(row.tuned?.isRight, marks.tuned, at, on: &canvas)
      if first + offset == cursor {
        canvas.select(Rect(column: rect.column, row: at, columns: rect.columns, rows: 1))
      }
    }
  }

  static func drawMark(_ isRight: Bool?, _ column: Int, _ row: Int, on canvas: inout Canvas) {
    switch isRight {
    case true?: canvas.write("✓", column, row, .good)
    case false?: canvas.write("✗", column, row, .bad)
    case nil: canvas.write("·", column, row, .dim)
    }
  }
}
