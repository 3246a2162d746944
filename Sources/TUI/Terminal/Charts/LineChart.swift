import Engine
import Glibc

/// A point of a curve. What is not finite becomes a gap with a mark.
package typealias ChartPoint = SIMD2<Double>

/// Curves over a common axis, in dots.
///
/// Every point is drawn, so that a column with many of them shows their lowest and highest, not one by chance.
package struct LineChart {
  package typealias Series = (style: Style, points: [ChartPoint])

  /// A shaded stripe behind the curves.
  package typealias Band = (x: Double, low: Double, high: Double)

  /// Something that happened at `x`: a line from top to bottom, and a word beside its upper end.
  package typealias Mark = (x: Double, label: String)

  /// Later ones are drawn over earlier ones.
  var series: [Series]
  var band: [Band]
  /// The least part of the horizontal axis that is shown: a run's whole length, say.
  var xRange: ClosedRange<Double>
  var xUnit: String
  /// Turns a tick's value into its label; `decimals` are as many as the ticks need to differ.
  var yLabel: (_ value: Double, _ decimals: Int) -> String
  /// The same of the horizontal axis; nil writes the number.
  private var xLabel: ((_ value: Double, _ decimals: Int) -> String)?
  /// What will fill the chart, for as long as nothing does.
  var emptyMessage: String
  package var marks: [Mark]
  /// Points of their own, never joined to a curve.
  package var hollow: [ChartPoint]
  /// What stands at the end of each series; as many, or none.
  var labels: [String]
  /// Single values behind the curves, dim; the axis follows the curves.
  package var dots: [ChartPoint] = []
  /// Values with a dotted line across, such as what guessing gets; they belong on the axis.
  package var levels: [(value: Double, style: Style)] = []
  /// The axes rise by factors; values that are not above zero are left out.
  package var hasLogX = false
  package var hasLogY = false
  /// The part of the horizontal axis that is shown; nil for all.
  package var window: ClosedRange<Double>?
  /// A part of the horizontal axis that is being marked: its ends.
  package var selection: (Double, Double)?
  /// Its place among the charts that the mouse can be used on.
  package var place: Int?
  /// A line from top to bottom here.
  package var crosshair: Double?
  /// What the vertical axis shows; nil for all that is finite. Values outside lie on its edge.
  package var extent: ClosedRange<Double>?

  package init(
    series: [Series], band: [Band] = [], xRange: ClosedRange<Double> = 0...1, xUnit: String = "",
    yLabel: @escaping (_ value: Double, _ decimals: Int) -> String = { $0.text(decimals: $1) }, emptyMessage: String,
    marks: [Mark] = [], hollow: [ChartPoint] = [], labels: [String] = []
  ) {
    (self.series, self.band, self.xRange, self.xUnit) = (series, band, xRange, xUnit)
    (self.yLabel, self.emptyMessage) = (yLabel, emptyMessage)
    (self.marks, self.hollow, self.labels) = (marks, hollow, labels)
  }

  package func draw(in rect: Rect, on canvas: inout Canvas) {
    guard rect.columns >= 12, rect.rows >= 3 else { return }
    if let window { return cut(to: window).draw(in: rect, on: &canvas) }
    if hasLogX || hasLogY { return onLogAxes.draw(in: rect, on: &canvas) }
    let points = series.flatMap(\.points) + hollow
    let shown = points.isEmpty ? [] : points.map(\.y) + band.flatMap { [$0.low, $0.high] } + levels.map(\.value)
    guard let whole = Self.range(of: shown) else {
      let text = points.isEmpty ? emptyMessage : "× no value is a number so far"
      return canvas.message(text, in: rect, points.isEmpty ? .dim : .warning)
    }
    let xs = points.map(\.x).filter(\.isFinite)
    let xRange = isCut ? xRange : min(xRange.lowerBound, xs.min() ?? 0)...max(xRange.upperBound, xs.max() ?? 0)
    let (yRange, ticks) = yAxis(over: extent ?? whole, rows: rect.rows - 2)
    let labels = ticks.map(\.label)
    let margin = (labels.map(\.cellWidth).max() ?? 0) + 2
    let plot = rect.droppingLeft(margin).droppingBottom(2)
    let scale = Scale(x: xRange, y: yRange, raster: DotRaster(columns: plot.columns, rows: plot.rows))

    if let place, !isLogX { canvas.mark(plot, .chart(place, xRange)) }
    drawAxes(around: plot, ticks: ticks.map(\.place), labels: labels, scale: scale, on: &canvas)
    drawLines(around: plot, scale, on: &canvas)
    var raster = scale.raster
    drawBand(on: &raster, scale)
    for level in levels where scale.y.contains(level.value) {
      for x in stride(from: 0, to: raster.width, by: 4) { raster.set(x, scale.row(level.value), level.style) }
    }
    // About one a column: more would hide the curve.
    for index in stride(from: 0, to: dots.count, by: max(1, dots.count / max(plot.columns, 1))) {
      let dot = dots[index]
      guard dot.x.isFinite, yRange.contains(dot.y) else { continue }
      raster.set(scale.column(dot.x), scale.row(dot.y), .dim)
    }
    let gaps = series.flatMap { drawLine($0, on: &raster, scale) }
    raster.draw(on: &canvas, plot.column, plot.row)
    drawMarkLabels(around: plot, scale, raster, on: &canvas)
    drawSigns(around: plot, scale, on: &canvas)
    for gap in gaps where (0..<scale.raster.width).contains(gap) {
      canvas.write("×", plot.column + gap / 2, plot.endRow - 1, .warning)
    }
  }

  /// The same with what lies in the window, and the next point at either side, so that curves go on to its edges.
  private func cut(to window: ClosedRange<Double>) -> LineChart {
    func near(_ points: [ChartPoint]) -> [ChartPoint] {
      let first = points.lastIndex { $0.x < window.lowerBound } ?? 0
      let last = points.firstIndex { $0.x > window.upperBound } ?? points.count - 1
      return first <= last ? Array(points[first...last]) : []
    }
    func within(_ points: [ChartPoint]) -> [ChartPoint] { points.filter { window.contains($0.x) } }
    var chart = self
    (chart.window, chart.isCut, chart.xRange) = (nil, true, window)
    chart.series = series.map { ($0.style, near($0.points)) }
    (chart.dots, chart.hollow) = (within(dots), within(hollow))
    chart.band = band.filter { window.contains($0.x) }
    if series.contains(where: { !$0.points.isEmpty }) {
      chart.emptyMessage =
        "Nothing between \(window.lowerBound.text(decimals: 0)) and \(window.upperBound.text(decimals: 0))."
    }
    return chart
  }

  /// Points outside the axis are the neighbours of those that are shown.
  private var isCut = false
  private var isLogX: Bool { xLabel != nil }
  /// Vertical values are logarithms.
  private var isLogY = false

  /// The same curves over the logarithms, with labels of the values themselves.
  private var onLogAxes: LineChart {
    func x(_ value: Double) -> Double { hasLogX ? log10(max(value, 1)) : value }
    func y(_ value: Double) -> Double { hasLogY ? (value > 0 ? log10(value) : .nan) : value }
    func moved(_ points: [ChartPoint]) -> [ChartPoint] {
      points.map { ChartPoint(x: x($0.x), y: y($0.y)) }.filter { hasLogY ? !$0.y.isNaN : true }
    }
    var chart = self
    (chart.hasLogX, chart.hasLogY) = (false, false)
    chart.series = series.map { ($0.style, moved($0.points)) }
    (chart.dots, chart.hollow) = (moved(dots), moved(hollow))
    chart.band = band.map { (x($0.x), y($0.low), y($0.high)) }.filter { $0.1.isFinite && $0.2.isFinite }
    chart.levels = levels.map { (y($0.value), $0.style) }.filter { $0.0.isFinite }
    chart.marks = marks.map { (x($0.x), $0.label) }
    chart.crosshair = crosshair.map(x)
    chart.xRange = x(xRange.lowerBound)...max(x(xRange.upperBound), x(xRange.lowerBound) + 0.1)
    if hasLogX { chart.xLabel = { value, _ in pow(10, value).text(figures: 2) } }
    if hasLogY {
      chart.isLogY = true
      chart.extent = extent.flatMap { $0.lowerBound > 0 ? log10($0.lowerBound)...log10($0.upperBound) : nil }
    }
    return chart
  }

  // MARK: - Scales

  /// What the vertical axis shows, and its ticks with what they say.
  private func yAxis(
    over extent: ClosedRange<Double>, rows: Int
  ) -> (range: ClosedRange<Double>, ticks: [(place: Double, label: String)]) {
    if isLogY {
      let (range, ticks) = Ticks.logarithmic(over: extent, rows: rows)
      return (range, ticks.map { ($0.place, yLabel($0.value, $0.decimals)) })
    }
    let (range, ticks) = Ticks.even(over: extent, rows: rows)
    return (range, ticks.values.map { ($0, yLabel($0, ticks.decimals)) })
  }

  private struct Scale {
    let x: ClosedRange<Double>
    let y: ClosedRange<Double>
    let raster: DotRaster

    func column(_ value: Double) -> Int {
      Int(((value - x.lowerBound) / (x.upperBound - x.lowerBound) * Double(raster.width - 1)).rounded())
    }

    func row(_ value: Double) -> Int {
      // What lies outside the axis goes along its edge.
      let part = (min(max(value, y.lowerBound), y.upperBound) - y.lowerBound) / (y.upperBound - y.lowerBound)
      let dots = Ticks.dots(raster.rows)
      return dots - Int((part * Double(dots)).rounded())
    }
  }

  /// The range of the finite values with a little air; a constant gets a range of its own; nil without any.
  static func range(of values: [Double]) -> ClosedRange<Double>? {
    let finite = values.filter(\.isFinite).map(clamped)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    let air = high > low ? (high - low) * 0.06 : max(abs(high) * 0.1, 1e-6)
    // What is never below zero has no axis below it.
    return (low >= 0 ? max(low - air, 0) : low - air)...(high + air)
  }

  /// Keeps the difference of any two values a number.
  private static func clamped(_ value: Double) -> Double { min(max(value, -1e300), 1e300) }

  // MARK: - Drawing

  private func drawAxes(
    around plot: Rect, ticks: [Double], labels: [String], scale: Scale, on canvas: inout Canvas
  ) {
    for row in plot.row..<plot.endRow { canvas.write("│", plot.column - 1, row, .dim) }
    canvas.write("╰" + String(repeating: "─", count: plot.columns), plot.column - 1, plot.endRow, .dim)
    for (tick, label) in zip(ticks, labels) {
      let row = plot.row + scale.row(tick) / 4
      canvas.write("┤", plot.column - 1, row, .dim)
      canvas.writeRight(label, endColumn: plot.column - 1, row, .dim)
    }
    drawHorizontalLabels(below: plot, scale: scale, on: &canvas)
  }

  private func drawHorizontalLabels(below plot: Rect, scale: Scale, on canvas: inout Canvas) {
    let unit = xUnit.isEmpty ? "" : " " + xUnit
    let xLabel = xLabel ?? { $0.text(decimals: $1) }
    let ticks = Ticks.nice(in: scale.x, count: max(4, plot.columns / 14))
    var free = plot.endColumn
    // From the right: the last label has the unit and must not be the one without room.
    for (index, tick) in ticks.values.enumerated().reversed() {
      let label = xLabel(tick, ticks.decimals) + (index == ticks.values.count - 1 ? unit : "")
      let center = plot.column + scale.column(tick) / 2
      let column = min(max(center - label.cellWidth / 2, plot.column - 1), plot.endColumn - label.cellWidth)
      guard column + label.cellWidth <= free else { continue }
      canvas.write(label, column, plot.endRow + 1, .dim)
      free = column - 1
    }
  }

  /// What lies behind the curves: the lines of marks, a selection, the crosshair.
  private func drawLines(around plot: Rect, _ scale: Scale, on canvas: inout Canvas) {
    for mark in marks where scale.x.contains(mark.x) {
      let column = plot.column + scale.column(mark.x) / 2
      for row in plot.row..<plot.endRow { canvas.write("┊", column, row, .warning) }
    }
    if let selection {
      for end in [selection.0, selection.1] where scale.x.contains(end) {
        let column = plot.column + scale.column(end) / 2
        for row in plot.row..<plot.endRow { canvas.write("▏", column, row, .accent) }
      }
    }
    if let crosshair, scale.x.contains(crosshair) {
      let column = plot.column + scale.column(crosshair) / 2
      for row in plot.row..<plot.endRow { canvas.write("│", column, row, .accent) }
    }
  }

  /// The labels of marks: on the highest row where no curve runs and no other label stands, else on the first one, before
  /// the curve.
  private func drawMarkLabels(around plot: Rect, _ scale: Scale, _ raster: DotRaster, on canvas: inout Canvas) {
    var taken: [(row: Int, columns: Range<Int>)] = []
    for mark in marks where scale.x.contains(mark.x) && mark.label.cellWidth <= plot.columns {
      let start = min(scale.column(mark.x) / 2, plot.columns - mark.label.cellWidth)
      let columns = start..<start + mark.label.cellWidth
      let free = (0..<plot.rows).filter { row in
        !taken.contains { $0.row == row && $0.columns.overlaps(columns) }
      }
      guard let row = free.first(where: { raster.isEmpty($0, columns) }) ?? free.first else { continue }
      canvas.write(mark.label, plot.column + start, plot.row + row, .warning)
      taken.append((row, columns))
    }
  }

  /// What lies before them: points of their own, and the names of the curves at their ends.
  private func drawSigns(around plot: Rect, _ scale: Scale, on canvas: inout Canvas) {
    func row(_ value: Double) -> Int { plot.row + min(max(scale.row(value), 0), scale.raster.height - 1) / 4 }
    for point in hollow where point.y.isFinite {
      canvas.write("○", plot.column + scale.column(point.x) / 2, row(point.y), .tuned)
    }
    for (line, label) in zip(series, labels) {
      guard let last = line.points.last(where: { $0.y.isFinite && scale.x.contains($0.x) }) else { continue }
      let column = min(plot.column + scale.column(last.x) / 2 + 1, plot.endColumn - 1)
      canvas.write(label, column, row(last.y), line.style.bold)
    }
  }

  private func drawBand(on raster: inout DotRaster, _ scale: Scale) {
    for (left, right) in zip(band, band.dropFirst()) {
      let columns = (scale.column(left.x), max(scale.column(right.x), scale.column(left.x) + 1))
      for x in columns.0..<columns.1 {
        let part = Double(x - columns.0) / Double(columns.1 - columns.0)
        let top = scale.row(left.high + (right.high - left.high) * part)
        let bottom = scale.row(left.low + (right.low - left.low) * part)
        // Every other dot of every other column: a shade, not a surface.
        for y in stride(from: top, through: max(top, bottom), by: 2) where x % 2 == 0 { raster.set(x, y, .dim) }
      }
    }
  }

  /// Draws one curve and gives the dot columns at which a value was no number.
  private func drawLine(_ series: Series, on raster: inout DotRaster, _ scale: Scale) -> [Int] {
    var gaps: [Int] = []
    var last: (x: Int, y: Int)?
    for point in series.points where point.x.isFinite {
      let x = scale.column(point.x)
      guard point.y.isFinite else {
        gaps.append(x)
        last = nil
        continue
      }
      let y = scale.row(point.y)
      join(last ?? (x, y), (x, y), on: &raster, series.style)
      last = (x, y)
    }
    return gaps
  }

  private func join(_ from: (x: Int, y: Int), _ to: (x: Int, y: Int), on raster: inout DotRaster, _ style: Style) {
    guard to.x > from.x else {
      raster.column(to.x, from: from.y, to: to.y, style)
      return
    }
    var y = from.y
    for x in (from.x + 1)...to.x {
      let next = from.y + (to.y - from.y) * (x - from.x) / (to.x - from.x)
      // Between its points the baseline is dashed: without colours, too, it is not the tuned model's curve.
      if style.ink != .baseline || x == to.x || x % 4 < 2 {
        // Without the step itself: it belongs to the column before.
        raster.column(x, from: next == y ? y : y + (next - y).signum(), to: next, style)
      }
      y = next
    }
  }
}
