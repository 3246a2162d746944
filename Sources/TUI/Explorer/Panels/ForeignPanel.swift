import Engine
import Recap
import Terminal

/// Another program's run in numbers: how far it is, and the last value of each of its scalars.
enum ForeignPanel {
  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let (run, scalars) = (state.feed.run, state.feed.history.scalars)
    canvas.heading("Run", run.name, in: rect)
    let time = scalars.times.map { ($0.upperBound - $0.lowerBound).clockTime }
    let facts: [Fields.Field] = [
      .init("by", run.program?.rawValue ?? ""),
      .init("step", run.totalSteps > 0 ? "\(run.step) of \(run.totalSteps)" : "\(run.step)"),
      .init("time", time ?? "not recorded"),
    ]
    Fields(facts).drawJustified(in: rect.droppingTop(1), on: &canvas)
    let room = rect.droppingTop(facts.count + 2)
    let charts = TrainChart.all(state.feed)
    canvas.heading("Scalars", "\(charts.count) · last value", in: room)
    guard !scalars.series.isEmpty else {
      canvas.paragraph("none yet", in: room.droppingTop(1))
      return
    }
    table(scalars, columns: room.columns).draw(
      charts, selected: TrainScreen.focus(state), in: room.droppingTop(1), on: &canvas)
  }

  /// Narrower than this, tags need the room that their steps would take.
  private static let narrow = 40
  private static let (stepCells, valueCells) = (9, 11)

  /// A long tag keeps its end, which differs where tags begin alike.
  private static func table(_ scalars: ScalarHistory, columns: Int) -> Table<TrainChart> {
    let hasSteps = columns >= narrow
    let room = columns - valueCells - (hasSteps ? stepCells : 0) - 1
    func last(_ chart: TrainChart) -> ScalarHistory.Point? {
      if case .scalar(let tag) = chart { scalars.series[tag]?.last } else { nil }
    }
    let steps = Table<TrainChart>.Column("step", .fixed(stepCells)) { (last($0).map { "\($0.step)" } ?? "", .dim) }
    return Table(
      [
        .init("", .flexible(), isLeft: true) {
          if case .scalar(let tag) = $0 { (tag.lastPart(cells: room), .normal) } else { ("", .dim) }
        }
      ] + (hasSteps ? [steps] : []) + [
        .init("value", .fixed(valueCells)) { (last($0)?.value.text(figures: 4) ?? "", .normal) }
      ], name: TrainScreen.chartsName)
  }
}
