import Engine

/// A point of a curve. What is not finite becomes a gap with a mark.
package typealias ChartPoint = SIMD2<Double>

/// Curves over a common axis, in dots.
///
/// Every point is drawn, so that a column with many of them shows their lowest and highest, not one by chance.
package struct LineChart {
  package typealias Series = (style: Style, points: [ChartPoint])

  /// A shaded stripe behind the curves.
  package typealias Band = (x: Double, low: Double, high: Double)

  /// Later ones are drawn over earlier ones.
  var series: [Series]
  var band: [Band]
  /// The least part of the horizontal axis that is shown: a run's whole length, say.
  var xRange: ClosedRange<Double>
  var xUnit: String
  /// Turns a tick's value into its label; `decimals` are as many as the ticks need to differ.
  var yLabel: (_ value: Double, _ decimals: Int) -> String
  /// What will fill the chart, for as long as nothing does.
  var emptyMessage: String

  package init(
    series: [Series], band: [Band] = [], xRange: ClosedRange<Double> = 0...1, xUnit: String = "",
    yLabel: @escaping (_ value: Double, _ decimals: Int) -> String = { $0.text(decimals: $1) }, emptyMessage: String
  ) {
    (self.series, self.band, self.xRange, self.xUnit) = (series, band, xRange, xUnit)
    (self.yLabel, self.emptyMessage) = (yLabel, emptyMessage)
  }

  package func draw(in rect: Rect, on canvas: inout Canvas) {
    guard rect.columns >= 12, rect.rows >= 3 else { return }
    let points = series.flatMap(\.points)
    guard let yRange = Self.range(of: points.map(\.y) + band.flatMap { [$0.low, $0.high] }) else {
      let text = points.isEmpty ? emptyMessage : "× no value is a number so far"
      return canvas.message(text, in: rect, points.isEmpty ? .dim : .warning)
    }
    let xs = points.map(\.x).filter(\.isFinite)
    let xRange = min(xRange.lowerBound, xs.min() ?? 0)...max(xRange.upperBound, xs.max() ?? 0)
    let ticks = Ticks.nice(in: yRange, count: max(2, rect.rows / 3))
    let labels = ticks.values.map { yLabel($0, ticks.decimals) }
    let margin = (labels.map(\.cellWidth).max() ?? 0) + 2
    let plot = rect.droppingLeft(margin).droppingBottom(2)
    let scale = Scale(x: xRange, y: yRange, raster: DotRaster(columns: plot.columns, rows: plot.rows))

    drawAxes(around: plot, ticks: ticks.values, labels: labels, scale: scale, on: &canvas)
    var raster = scale.raster
    drawBand(on: &raster, scale)
    let gaps = series.flatMap { drawLine($0, on: &raster, scale) }
    raster.draw(on: &canvas, plot.column, plot.row)
    for gap in gaps { canvas.write("×", plot.column + gap / 2, plot.endRow - 1, .warning) }
  }

  // MARK: - Scales

  private struct Scale {
    let x: ClosedRange<Double>
    let y: ClosedRange<Double>
    let raster: DotRaster

    func column(_ value: Double) -> Int {
      Int(((value - x.lowerBound) / (x.upperBound - x.lowerBound) * Double(raster.width - 1)).rounded())
    }

    func row(_ value: Double) -> Int {
      let part = (LineChart.clamped(value) - y.lowerBound) / (y.upperBound - y.lowerBound)
      return raster.height - 1 - Int((part * Double(raster.height - 1)).rounded())
    }
  }

  /// The range of the finite values with a little air; a constant gets a range of its own; nil without any.
  static func range(of values: [Double]) -> ClosedRange<Double>? {
    let finite = values.filter(\.isFinite).map(clamped)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    let air = high > low ? (high - low) * 0.06 : max(abs(high) * 0.1, 1e-6)
    return (low - air)...(high + air)
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
    let ticks = Ticks.nice(in: scale.x, count: max(4, plot.columns / 14))
    var free = plot.endColumn
    // From the right: the last label has the unit and must not be the one without room.
    for (index, tick) in ticks.values.enumerated().reversed() {
      let label = tick.text(decimals: ticks.decimals) + (index == ticks.values.count - 1 ? unit : "")
      let center = plot.column + scale.column(tick) / 2
      let column = min(max(center - label.cellWidth / 2, plot.column - 1), plot.endColumn - label.cellWidth)
      guard column + label.cellWidth <= free else { continue }
      canvas.write(label, column, plot.endRow + 1, .dim)
      free = column - 1
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
