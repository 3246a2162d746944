import Terminal

/// A run in the list, and what is worth knowing of it.
struct RunRow: Equatable, Sendable {
  var name: String
  var status: TrainingStatus
  var isAligning = false
  var step: Int
  var totalSteps: Int
  /// Mean loss of the last steps.
  var loss: Double?
  var evaluations: [Evaluation] = []
  /// Names and values: where it lies, what it started from, its settings.
  var facts: [Fact] = []

  var evaluation: Evaluation? { evaluations.last }

  struct Fact: Equatable, Sendable {
    var name: String
    var value: String
  }
}

/// The runs that were given, side by side, to compare and to open.
enum RunsScreen {
  struct State: Equatable, Sendable {
    var rows: [RunRow] = []
    var cursor = 0
    /// The run that the other screens show.
    var opened = 0
  }

  static let keys: [Binding] = [
    Binding(
      .up, .down, label: "run", tooltip: "Choose the run.",
      unavailable: { $0.runs.rows.count > 1 ? nil : "there is no other run" }
    ) { state, key in
      let next = state.runs.cursor + (key == .up ? -1 : 1)
      state.runs.cursor = min(max(next, 0), state.runs.rows.count - 1)
      return []
    },
    Binding(
      .enter, label: "open", tooltip: "Show this run on the other screens.",
      unavailable: { $0.runs.rows.isEmpty ? "there is no run" : nil }
    ) { state, _ in
      state.screen = .train
      return state.runs.cursor == state.runs.opened ? [] : [.openRun(state.runs.cursor)]
    },
  ]

  static func take(_ rows: [RunRow], _ state: inout ExplorerState) {
    state.runs.rows = rows
    state.runs.cursor = max(0, min(state.runs.cursor, rows.count - 1))
  }

  // MARK: - View

  private typealias Words = StatusWords.Words

  private struct Column {
    let title: String
    let width: Int
    var titleStyle = Style.dim
    let words: (RunRow) -> Words
  }

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let (rows, cursor) = (state.runs.rows, state.runs.cursor)
    canvas.heading(
      rows.count == 1 ? "1 run" : "\(rows.count) runs", "pairs both right, at the last evaluation", in: rect)
    let table = rect.droppingTop(2).top(min(rows.count + 1, max(rect.rows - 12, 4)))
    drawTable(state.runs, in: table, on: &canvas)
    guard rows.indices.contains(cursor) else { return }
    let below = rect.droppingTop(table.endRow - rect.row + 1)
    let end = drawFacts(rows[cursor], in: below, on: &canvas)
    drawGains(rows, chosen: cursor, in: below.droppingTop(end - below.row + 1), on: &canvas)
  }

  /// What every run has gained so far, the chosen one in colour; where there is room for a chart.
  private static func drawGains(_ rows: [RunRow], chosen: Int, in rect: Rect, on canvas: inout Canvas) {
    guard rect.rows >= 9 else { return }
    func gains(_ row: RunRow) -> [ChartPoint] {
      row.evaluations.map { ChartPoint(x: Double($0.step), y: ($0.tunedAccuracy - $0.baselineAccuracy) * 100) }
    }
    canvas.heading(
      "Points gained", rows.count > 1 ? "by \(rows[chosen].name), and by the others in grey" : "", in: rect)
    let others = rows.indices.filter { $0 != chosen }.map { LineChart.Series(style: .dim, points: gains(rows[$0])) }
    let length = rows.map(\.totalSteps).max() ?? 1
    LineChart(
      series: others + [.init(style: .tuned, points: gains(rows[chosen]))], xRange: 0...Double(max(length, 1)),
      xUnit: "steps", emptyMessage: "What tuning gains will stand here after the first evaluation."
    ).draw(in: rect.droppingTop(1).top(24), on: &canvas)
  }

  /// Columns from the right edge; the name has what is left.
  private static func columns(for width: Int) -> [Column] {
    let wide = width >= 110
    let spare = [
      Column(title: "loss", width: 9) { ($0.loss?.text(figures: 3) ?? "–", .normal) },
      Column(title: "fixed · broken", width: 16) { row in
        (row.evaluation.map { "\($0.fixed) · \($0.broken)" } ?? "–", .normal)
      },
      Column(title: "p", width: 12) { row in
        (row.evaluation.map { String(TrainScreen.pText($0.pValue).dropFirst(2)) } ?? "–", .normal)
      },
    ]
    return [
      Column(title: "state", width: 13) { StatusWords.words($0.status, isAligning: $0.isAligning) },
      Column(title: "steps", width: wide ? 15 : 12) { row in
        (wide ? "\(row.step) of \(row.totalSteps)" : "\(row.step)/\(row.totalSteps)", .normal)
      },
      Column(title: "baseline", width: 10, titleStyle: .baseline) {
        (percent($0.evaluation?.baselineAccuracy), .baseline)
      },
      Column(title: "tuned", width: 9, titleStyle: .tuned) { (percent($0.evaluation?.tunedAccuracy), .tuned.bold) },
      Column(title: "gain", width: 7, words: gain),
    ] + (wide ? spare : [])
  }

  private static func percent(_ part: Double?) -> String { part.map { "\($0.percent(decimals: 1)) %" } ?? "–" }

  private static func gain(_ row: RunRow) -> Words {
    guard let evaluation = row.evaluation else { return ("–", .dim) }
    return ((evaluation.tunedAccuracy - evaluation.baselineAccuracy) * 100).change()
  }

  private static func drawTable(_ runs: State, in rect: Rect, on canvas: inout Canvas) {
    let columns = columns(for: rect.columns)
    let longest = runs.rows.map(\.name.cellWidth).max() ?? 0
    let nameWidth = min(rect.columns - columns.map(\.width).reduce(0, +), max(longest + 3, 16))
    canvas.write("  run", rect.column, rect.row, .dim)
    var end = rect.column + nameWidth
    for column in columns {
      end += column.width
      canvas.writeRight(column.title, endColumn: end, rect.row, column.titleStyle)
    }
    let room = rect.droppingTop(1)
    let first = max(0, min(runs.cursor - room.rows / 2, runs.rows.count - room.rows))
    for (offset, run) in runs.rows.dropFirst(first).prefix(room.rows).enumerated() {
      let (index, row) = (first + offset, room.row + offset)
      let isOpened = index == runs.opened
      let name = isOpened ? "▸ \(run.name)" : "  \(run.name)"
      canvas.write(name, rect.column, row, isOpened ? .accent.bold : .normal, limit: rect.column + nameWidth)
      draw(run, columns, from: rect.column + nameWidth, row, on: &canvas)
      guard index == runs.cursor else { continue }
      canvas.select(Rect(column: rect.column, row: row, columns: end - rect.column, rows: 1))
    }
  }

  private static func draw(_ run: RunRow, _ columns: [Column], from start: Int, _ row: Int, on canvas: inout Canvas) {
    var end = start
    for column in columns {
      end += column.width
      let (text, style) = column.words(run)
      canvas.writeRight(text, endColumn: end, row, style)
    }
  }

  /// Gives the row after the last one.
  private static func drawFacts(_ run: RunRow, in rect: Rect, on canvas: inout Canvas) -> Int {
    guard rect.rows >= 2 else { return rect.endRow }
    canvas.write(run.name, rect.column, rect.row, .title, limit: rect.endColumn)
    let names = run.facts.map(\.name.cellWidth).max() ?? 0
    var row = rect.row + 1
    let state = RunRow.Fact(name: "state", value: StatusWords.sentence(run.status))
    for fact in [state] + run.facts {
      let lines = fact.value.wrapped(toCells: max(min(rect.columns, 140) - names - 2, 1))
      guard row + lines.count <= rect.endRow else { return rect.endRow }
      canvas.write(fact.name, rect.column, row, .dim)
      for line in lines {
        canvas.write(line, rect.column + names + 2, row)
        row += 1
      }
    }
    return row
  }
}
