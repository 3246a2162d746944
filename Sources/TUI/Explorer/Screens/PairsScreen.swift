import Engine
import Terminal

/// The pairs one by one: two images, two statements, and which image each model picks for each statement.
enum PairsScreen: Screen {
  static let title = "Pairs"

  struct State: Equatable, Sendable {
    /// Place in the list as it is filtered.
    var cursor = 0
    /// nil for all outcomes.
    var outcome: PairRow.Outcome?
    /// nil for all patterns.
    var pattern: String?
  }

  static let keys: [Binding] = [
    Binding(
      keys: [.up, .down], label: "pair", tooltip: "Choose the pair.",
      unavailable: { rows($0).isEmpty ? "no pair to choose" : nil }
    ) { state, key in
      move(&state, by: key == .up ? -1 : 1)
    },
    Binding(
      keys: [.pageUp, .pageDown], label: "page", tooltip: "Move ten pairs back or forward.",
      unavailable: { rows($0).isEmpty ? "no pair to choose" : nil }
    ) { state, key in
      move(&state, by: key == .pageUp ? -10 : 10)
    },
    Binding(
      keys: ["f"], label: "answers",
      tooltip: "Filter by outcome: all, fixed, broken, both right, both wrong."
    ) { state, _ in
      let choices = [nil] + PairRow.Outcome.allCases.map(Optional.some)
      let at = choices.firstIndex(of: state.pairs.outcome) ?? 0
      state.pairs.outcome = choices[(at + 1) % choices.count]
      state.pairs.cursor = 0
      return []
    },
    Binding(
      keys: ["F"], label: "pattern", tooltip: "Filter by pattern: all, or one of the patterns.",
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
    let (outcome, pattern) = (state.pairs.outcome, state.pairs.pattern)
    return state.feed.pairs.filter { (outcome ?? $0.outcome) == $0.outcome && (pattern ?? $0.pattern) == $0.pattern }
  }

  private static func move(_ state: inout ExplorerState, by count: Int) -> [Work] {
    state.pairs.cursor = max(0, min(state.pairs.cursor + count, rows(state).count - 1))
    return []
  }

  static func open(_ state: ExplorerState) -> [Work] { [.loadPairs] }

  /// New answers can make the filtered list shorter than the cursor's place.
  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    if case .pairs = event { move(&state, by: 0) } else { [] }
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard !state.feed.pairs.isEmpty else {
      let waits = state.feed.run.isFollowed && state.feed.history.evaluations.isEmpty
      let wait = waits ? "The answers of both models will be shown here after the first evaluation." : nil
      return OpeningPanel.drawWait(
        state, needed: [.clip, .tuned, .pairs], wait ?? "The pairs are being loaded …", in: rect, on: &canvas)
    }
    let rect = drawScore(state.feed, in: rect, on: &canvas)
    let rows = rows(state)
    let parts = Columns.split(rect, gap: 2, [.oneOf([30, 38, 44]), .main])
    let (list, detail, filters) = (parts[0], parts[1], filterText(state.pairs))
    canvas.heading(rows.count.counted("pair"), filters, in: list)
    table.draw(rows, selected: state.pairs.cursor, in: list.droppingTop(1), on: &canvas)
    if rows.indices.contains(state.pairs.cursor) {
      PairDetail.draw(rows[state.pairs.cursor], in: detail, on: &canvas)
    } else {
      canvas.message("No pair matches (\(filters)). Press f or F to change the filter.", in: detail)
    }
  }

  /// What the answers add up to, and how far they are; gives the room below.
  private static func drawScore(_ feed: Feed, in rect: Rect, on canvas: inout Canvas) -> Rect {
    let column = canvas.write(RunningScore(feed.pairs).texts, rect.column, rect.row, limit: rect.endColumn)
    let gap = rect.rows > 24 ? 1 : 0
    guard let scoring = feed.session.scoring else { return rect.droppingTop(1 + gap) }
    let left = scoring.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
    let text = "\(scoring.done) of \(scoring.all) images\(left)"
    // Beside the score where there is room, else below it.
    let isBeside = column + text.cellWidth + 12 <= rect.endColumn
    let line = isBeside ? rect.droppingLeft(column + 3 - rect.column) : rect.droppingTop(1)
    Bars.drawProgress(scoring.part, text, width: 40, (.accent, .dim), in: line, on: &canvas)
    return rect.droppingTop(line.row - rect.row + 1 + gap)
  }

  /// Only active filters are named.
  private static func filterText(_ state: State) -> String {
    let filters = [state.pattern, state.outcome?.rawValue].compactMap { $0 }
    return filters.isEmpty ? "all of them" : filters.joined(separator: " · ")
  }

  private static var table: Table<PairRow> {
    Table([
      .init("#", .fixed(3)) { ("\($0.number)", .dim) },
      .init("  pattern", .flexible(), isLeft: true) { ("  \($0.pattern)", .normal) },
      .init("base", .fixed(5), titleStyle: .baseline) { mark($0.baseline?.isCorrect, indent: 1) },
      .init("tuned", .fixed(7), titleStyle: .tuned) { mark($0.tuned?.isCorrect, indent: 2) },
    ])
  }

  /// - Parameter indent: blanks behind it, so that it stands below the middle of its title.
  static func mark(_ isRight: Bool?, indent: Int = 0) -> (String, Style) {
    let (mark, style): (String, Style) = isRight.map { $0 ? ("✓", .good) : ("✗", .bad) } ?? ("·", .dim)
    return (mark + String(repeating: " ", count: indent), style)
  }
}
