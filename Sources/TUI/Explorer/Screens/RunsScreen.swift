import Engine
import Recap
import Terminal

/// A run in the list, and what is worth knowing of it.
struct RunRow: Equatable, Sendable {
  var name: String
  var status: TrainingStatus
  var isAligning = false
  var step: Int
  var totalSteps: Int
  /// Of the stage that is on; mean loss of the last steps on the image tower, which the aligning loss is not.
  var loss: Double?
  var evaluations: [EvaluationReport] = []
  /// Names and values: where it lies, what it started from, its settings.
  var facts: [Fact] = []
  var canBeOpened = true
  /// Another program recorded it.
  var isForeign = false

  var evaluation: EvaluationReport? { evaluations.last }

  struct Fact: Equatable, Sendable {
    var name: String
    var value: String
  }
}

/// The runs that were given, side by side, to compare and to open.
enum RunsScreen: Screen {
  static let title = "Runs"
  static let number = 6

  struct State: Equatable, Sendable {
    var rows: [RunRow] = []
    /// The explorer was opened on runs, so that there will be rows.
    var areExpected = false
    var cursor = 0
    /// The run that the other screens show.
    var opened = 0
  }

  static let keys: [Binding] = [
    Binding(
      keys: [.up, .down], label: "run", names: ["previous-run", "next-run"], tooltip: "Choose the run.",
      unavailable: { $0.runs.rows.count > 1 ? nil : "there is no other run" }
    ) { state, key in
      let next = state.runs.cursor + (key == .up ? -1 : 1)
      state.runs.cursor = min(max(next, 0), state.runs.rows.count - 1)
      return []
    },
    Binding(
      keys: [.enter], label: "open", tooltip: "Show this run on the other screens.",
      unavailable: { state in
        guard state.runs.rows.indices.contains(state.runs.cursor) else { return "there is no run" }
        return state.runs.rows[state.runs.cursor].canBeOpened
          ? nil : "this run cannot be opened; the reason stands below"
      }
    ) { state, _ in
      state.screen = TrainScreen.self
      return state.runs.cursor == state.runs.opened ? [] : [.openRun(state.runs.cursor)]
    },
  ]

  /// A click chooses a run, a second one opens it.
  static func point(_ state: inout ExplorerState, _ mouse: Mouse, on target: MouseTarget?) -> [Work]? {
    guard case .row(_, let place)? = target?.part, mouse.action == .press, mouse.button == .left else { return nil }
    if place == state.runs.cursor, let open = keys.first(where: { $0.keys == [.enter] }) {
      return open.perform(.enter, as: Key.enter.name, &state)
    }
    state.runs.cursor = max(0, min(place, state.runs.rows.count - 1))
    return []
  }

  static func unavailable(_ state: ExplorerState) -> String? {
    state.runs.rows.isEmpty && !state.runs.areExpected
      ? "there is no list of runs here: give runs when you start, diva-tui RUN …"
      : nil
  }

  static func update(_ state: inout ExplorerState, _ event: ExplorerEvent) -> [Work] {
    if case .runs(let rows) = event { state.runs.cursor = max(0, min(state.runs.cursor, rows.count - 1)) }
    return []
  }

  // MARK: - View

  static func view(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let (rows, cursor) = (state.runs.rows, state.runs.cursor)
    guard !rows.isEmpty else { return canvas.message("The runs are being read …", in: rect) }
    canvas.heading(
      rows.count.counted("run"), "pairs both right, at the last evaluation", in: rect)
    let list = rect.droppingTop(2).top(min(rows.count + 1, max(rect.rows - 12, 4)))
    let wide = Table(columns(state.runs, isWide: true), name: title)
    let table = wide.least <= rect.columns ? wide : Table(columns(state.runs, isWide: false), name: title)
    table.draw(rows, selected: cursor, in: list, on: &canvas)
    guard rows.indices.contains(cursor) else { return }
    let below = rect.droppingTop(list.endRow - rect.row + 1)
    let end = drawFacts(rows[cursor], in: below, on: &canvas)
    // Another program's record has no answers to pairs that could be compared.
    guard !rows.allSatisfy(\.isForeign) else { return }
    drawGains(rows, chosen: cursor, in: below.droppingTop(end - below.row + 1), on: &canvas)
  }

  /// A run's colour on the chart, and its letter: colour alone says nothing.
  private static let inks: [Style] = [.tuned, .baseline, .good, .warning, .accent, .bad]

  private static func mark(_ index: Int) -> (letter: String, style: Style) {
    (String(UnicodeScalar(UInt8(97 + index % 26))), inks[index % inks.count])
  }

  /// What every run has gained so far, each in its colour, with its letter at the end; where there is room for a chart.
  private static func drawGains(_ rows: [RunRow], chosen: Int, in rect: Rect, on canvas: inout Canvas) {
    guard rect.rows >= 9 else { return }
    let order = rows.indices.filter { $0 != chosen } + [chosen]
    canvas.heading(
      "Points gained", rows.count > 1 ? "by the letters of the list, \(mark(chosen).letter) in front" : "", in: rect)
    LineChart(
      series: order.map { index in
        let points = rows[index].evaluations.map { ChartPoint(x: Double($0.step), y: $0.gain) }
        return LineChart.Series(mark(index).style, points)
      },
      xRange: 0...Double(max(rows.map(\.totalSteps).max() ?? 1, 1)), xUnit: "steps",
      emptyMessage: "The gain of tuning will be shown here after the first evaluation.",
      labels: rows.count > 1 ? order.map { mark($0).letter } : []
    ).draw(in: rect.droppingTop(1).top(24), on: &canvas)
  }

  private static func columns(_ runs: State, isWide: Bool) -> [Table<RunRow>.Column] {
    let longest = runs.rows.map(\.name.cellWidth).max() ?? 0
    let opened = runs.rows.indices.contains(runs.opened) ? runs.rows[runs.opened].name : nil
    let separator = isWide ? " of " : "/"
    let marks = Dictionary(runs.rows.enumerated().map { ($1.name, mark($0)) }) { first, _ in first }
    let spare: [Table<RunRow>.Column] = [
      .init("95 %", .fixed(16)) { ($0.evaluation?.interval95.intervalText ?? "–", .normal) },
      .init("zero-shot", .fixed(11)) { $0.evaluation?.zeroShotWords ?? ("–", .dim) },
      .init("loss", .fixed(9)) { ($0.loss?.text(figures: 3) ?? "–", .normal) },
      .init("fixed · broken", .fixed(16)) { ($0.evaluation.map { "\($0.fixed) · \($0.broken)" } ?? "–", .normal) },
      .init("p", .fixed(12)) { ($0.evaluation?.pValue.probability ?? "–", .normal) },
    ]
    return [
      .init("", .fixed(2), isLeft: true) { marks[$0.name].map { ($0.letter, $0.style.bold) } ?? ("", .dim) },
      .init("  run", .oneOf(Array(16...max(longest + 3, 16))), isLeft: true) {
        $0.name == opened ? ("▸ \($0.name)", .accent.bold) : ("  \($0.name)", .normal)
      },
      .init("state", .fixed(13)) { StatusWords($0.status, isAligning: $0.isAligning).words },
      .init("steps", .fixed(isWide ? 15 : 12)) {
        (
          "\($0.isAligning ? "align " : "")\($0.step)\($0.totalSteps > 0 ? "\(separator)\($0.totalSteps)" : "")",
          .normal
        )
      },
      .init("baseline", .fixed(10), titleStyle: .baseline) {
        (RunPanel.percent($0.evaluation?.baselineAccuracy), .baseline)
      },
      .init("tuned", .fixed(9), titleStyle: .tuned) { (RunPanel.percent($0.evaluation?.tunedAccuracy), .tuned.bold) },
      .init("gain", .fixed(7)) { $0.evaluation?.gainChange ?? ("–", .dim) },
    ] + (isWide ? spare : [])
  }

  /// Gives the row after the last one.
  private static func drawFacts(_ run: RunRow, in rect: Rect, on canvas: inout Canvas) -> Int {
    guard rect.rows >= 2 else { return rect.endRow }
    canvas.heading(run.name, in: rect)
    let facts = [RunRow.Fact(name: "state", value: StatusWords(run.status).sentence)] + run.facts
    return Fields(facts.map { .init($0.name, $0.value) }).draw(in: rect.droppingTop(1).left(140), on: &canvas)
  }
}
