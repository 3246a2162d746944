import Engine
import Recap
import Terminal

/// How the Blend screen is drawn: both accuracies over α, and what the chosen α gets.
enum BlendView {
  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    guard state.feed.session.absence == nil, !state.feed.samples.isEmpty else {
      let wait = "Weights between baseline and tuned will be scored here as soon as the models are loaded."
      return OpeningPanel.drawWait(state, needed: [.clip, .diffusion], wait, in: rect, on: &canvas)
    }
    let curve = BlendScreen.curve(state)
    canvas.heading(
      "α \(BlendScreen.alpha(state).text(decimals: 2))", remark(state, curve), in: rect)
    if let entry = state.blend.entry {
      let end = canvas.write("keep as checkpoint in ", rect.column, rect.row + 1, .accent.bold)
      _ = entry.draw(end, rect.row + 1, limit: rect.endColumn, on: &canvas)
    } else if let curve {
      drawProgress(curve, in: rect.droppingTop(1).top(1), on: &canvas)
    } else {
      canvas.write(cost(state), rect.column, rect.row + 1, .dim, limit: rect.endColumn)
    }
    let room = rect.droppingTop(2)
    let isWide = room.columns >= 110
    let facts = isWide ? room.droppingLeft(room.columns - 46) : room.droppingTop(max(room.rows - 7, 8))
    let charts = isWide ? room.left(room.columns - 49) : room.droppingBottom(facts.rows + 1)
    let boxes = Columns.split(charts.top(30), gap: 2, [.flexible(), .flexible()])
    drawPairs(state, curve, in: boxes[0], on: &canvas)
    drawZeroShot(state, curve, in: boxes[1], on: &canvas)
    drawFacts(state, curve, in: facts, on: &canvas)
  }

  private static func remark(_ state: ExplorerState, _ curve: BlendCurve?) -> String {
    guard let curve else { return "between the baseline and the tuned weights" }
    let kept = abs(curve.kept - BlendScreen.alpha(state)) < 1e-9
    return "step \(curve.step)" + (kept ? " · the tower as the run has it" : "")
  }

  private static func drawProgress(_ curve: BlendCurve, in rect: Rect, on canvas: inout Canvas) {
    let count = "\(curve.points.count) of \(curve.all) points"
    guard !curve.isDone || curve.current != nil else {
      canvas.write("\(curve.points.count.counted("point"))", rect.column, rect.row, .dim)
      return
    }
    let left = curve.secondsLeft.map { " · \($0.clockTime) left" } ?? ""
    let text = curve.isCancelled ? "\(count) · cancelled, C resumes" : "\(count)\(left)"
    Bars.drawProgress(
      Double(curve.points.count) / Double(max(curve.all, 1)), text, width: 40, (.accent, .dim), in: rect, on: &canvas)
  }

  /// Before anything is scored: what it will take.
  private static func cost(_ state: ExplorerState) -> String {
    let seconds = state.feed.history.evaluations.last { $0.seconds != nil }?.seconds
    let points = WeightBlend.usualCount
    let takes = seconds.map { ", about \((Double(points - 1) * $0).durationText)" } ?? ""
    return "Enter scores \(points) points from α 0 to \(WeightBlend.largest)\(takes); C cancels"
  }

  // MARK: - Charts

  private static func drawPairs(_ state: ExplorerState, _ curve: BlendCurve?, in rect: Rect, on canvas: inout Canvas) {
    let points = curve?.points ?? []
    let pairs = points.first?.report.pairs
    canvas.heading("Pairs both right", pairs.map { "guessing \(state.feed.chanceText) · of \($0)" } ?? "", in: rect)
    var chart = chart(state, curve, points.map { ($0.alpha, $0.report.tunedAccuracy) }) {
      ($0.baselineAccuracy, $0.interval95.map { $0 / 100 })
    }
    chart.levels = [(state.feed.chance, .dim)]
    chart.draw(in: rect.droppingTop(1), on: &canvas)
  }

  private static func drawZeroShot(
    _ state: ExplorerState, _ curve: BlendCurve?, in rect: Rect, on canvas: inout Canvas
  ) {
    let points = curve?.points ?? []
    let images = points.first?.report.zeroShotImages
    canvas.heading("Zero-shot", images.map { "of \($0.grouped) · 95 % band" } ?? "", in: rect)
    chart(state, curve, points.map { ($0.alpha, $0.report.tunedZeroShot / 100) }) {
      ($0.baselineZeroShot / 100, $0.zeroShotInterval95?.map { $0 / 100 })
    }.draw(in: rect.droppingTop(1), on: &canvas)
  }

  /// A curve over α with the interval of its change around it; single points as long as some are missing between them.
  private static func chart(
    _ state: ExplorerState, _ curve: BlendCurve?, _ points: [(Double, Double)],
    _ change: (EvaluationReport) -> (baseline: Double, interval: [Double]?)
  ) -> LineChart {
    let line = points.map { ChartPoint(x: $0.0, y: $0.1) }
    var chart = LineChart(
      series: [(.tuned, curve?.isDone == true ? line : [])],
      band: (curve?.points ?? []).compactMap { point in
        let (baseline, interval) = change(point.report)
        return interval.map { (point.alpha, baseline + $0[0], baseline + $0[1]) }
      }, xRange: 0...WeightBlend.largest, xUnit: "α",
      yLabel: { "\((100 * $0).text(decimals: max($1 - 2, 0))) %" },
      emptyMessage: "The curve will be shown here as soon as the first points are scored.")
    chart.hollow = line
    chart.marks = curve.flatMap { WeightBlend.knee($0.points) }.map { [($0.alpha, "knee")] } ?? []
    chart.crosshair = BlendScreen.alpha(state)
    return chart
  }

  // MARK: - Facts

  private typealias Line = (label: String, texts: [(String, Style)])

  private static func drawFacts(_ state: ExplorerState, _ curve: BlendCurve?, in rect: Rect, on canvas: inout Canvas) {
    var row = rect.row
    for line in lines(state, curve) where row < rect.endRow {
      canvas.write(line.label, rect.column, row, .dim, limit: rect.endColumn)
      canvas.write(line.texts, rect.column + labelWidth, row, limit: rect.endColumn)
      row += 1
    }
    guard let knee = curve.flatMap({ WeightBlend.knee($0.points) }) else { return }
    let rule = "α \(knee.alpha.text(decimals: 2)): most pairs right where the zero-shot change is not surely a loss"
    let room = rect.droppingTop(row - rect.row)
    let end = Fields([.init("knee", rule)], indent: labelWidth).draw(in: room, on: &canvas)
    guard let (number, text) = chosenPair(state, curve) else { return }
    Fields([.init("pair \(number)", text)], indent: labelWidth).draw(in: rect.droppingTop(end - rect.row), on: &canvas)
  }

  private static let labelWidth = 11

  private static func lines(_ state: ExplorerState, _ curve: BlendCurve?) -> [Line] {
    guard let report = curve?.point(at: BlendScreen.alpha(state))?.report else {
      return [("here", [(curve == nil ? "not scored" : "not scored; Enter does", .normal)])]
    }
    func line(_ name: String, _ value: String, _ change: (text: String, style: Style), _ interval: [Double]?) -> Line {
      (
        name,
        [
          (value, .title), ("  ", .dim), (change.text, change.style),
          (interval.map { "  \($0.intervalText)" } ?? "", .dim),
        ]
      )
    }
    return [
      line(
        "pairs", "\((100 * report.tunedAccuracy).text(decimals: 1)) %", report.gainChange, report.interval95),
      line(
        "zero-shot", "\(report.tunedZeroShot.text(decimals: 1)) %", report.zeroShotWords, report.zeroShotInterval95),
      ("changed", [("\(report.fixed) fixed · \(report.broken) broken", .normal)]),
    ]
  }

  /// Where over α the pair that is chosen on Pairs is right.
  private static func chosenPair(_ state: ExplorerState, _ curve: BlendCurve?) -> (Int, String)? {
    let list = state.pairs.list
    guard let points = curve?.points, !points.isEmpty, let number = list.chosen?.number else { return nil }
    let place = list.shown[list.cursor]
    guard points.allSatisfy({ $0.areRight.indices.contains(place) }) else { return nil }
    return (
      number, points.map { "\($0.alpha.text(decimals: 2)) \($0.areRight[place] ? "✓" : "✗")" }.joined(separator: "  ")
    )
  }
}
