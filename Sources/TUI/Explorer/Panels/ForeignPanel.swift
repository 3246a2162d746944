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
      .init("recorded by", run.program?.rawValue ?? ""),
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
    table(scalars).draw(
      charts, selected: TrainScreen.focus(state), in: room.droppingTop(1), on: &canvas)
  }

  private static func table(_ scalars: ScalarHistory) -> Table<TrainChart> {
    func last(_ chart: TrainChart) -> ScalarHistory.Point? {
      if case .scalar(let tag) = chart { scalars.series[tag]?.last } else { nil }
    }
    return Table(
      [
        .init("", .flexible(), isLeft: true) { if case .scalar(let tag) = $0 { (tag, .normal) } else { ("", .dim) } },
        .init("step", .fixed(9)) { (last($0).map { "\($0.step)" } ?? "", .dim) },
        .init("value", .fixed(11)) { (last($0)?.value.text(figures: 4) ?? "", .normal) },
      ], name: TrainScreen.chartsName)
  }
}
