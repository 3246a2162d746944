import Engine
import Foundation

/// A chart as inline SVG, with the values that the script shows under the pointer.
struct PageChart {
  struct Series {
    /// Its class in the style: `baseline`, `tuned`, `raw`.
    var kind: String
    var points: [(x: Double, y: Double)]
    var hasDots = false
  }

  var title: String
  var unit: String
  var decimals: Int
  var series: [Series]
  /// What guessing gets.
  var chance: Double?
  var band: [(x: Double, low: Double, high: Double)] = []
  /// What the pointer reads: a place and a text.
  var readings: [(x: Double, y: Double, text: String)] = []
  /// Marks on the axis, such as a change of the density.
  var marks: [(x: Double, text: String)] = []

  private static let (width, height) = (380.0, 230.0)
  private static let (left, right, top, bottom) = (44.0, 10.0, 10.0, 26.0)

  private var finite: [(x: Double, y: Double)] {
    series.flatMap(\.points).filter { $0.x.isFinite && $0.y.isFinite }
      + band.flatMap { [($0.x, $0.low), ($0.x, $0.high)] }
  }

  /// nil without a point.
  var html: HTML? {
    guard let first = finite.first else { return nil }
    var (lowX, highX, low, high) = (first.x, first.x, first.y, first.y)
    for point in finite {
      (lowX, highX) = (min(lowX, point.x), max(highX, point.x))
      (low, high) = (min(low, point.y), max(high, point.y))
    }
    if let chance { (low, high) = (min(low, chance), max(high, chance)) }
    let pad = high > low ? (high - low) * 0.06 : max(abs(high) * 0.05, 0.01)
    (low, high) = (low - pad, high + pad)
    if highX == lowX { highX += 1 }
    let x = { Self.left + ($0 - lowX) / (highX - lowX) * (Self.width - Self.left - Self.right) }
    let y = { Self.height - Self.bottom - ($0 - low) / (high - low) * (Self.height - Self.top - Self.bottom) }
    let hover = readings.filter { $0.y.isFinite }.map { "\(Int(x($0.x))) \(Int(y($0.y))) \($0.text)" }.joined(
      separator: "|")
    return """
      <figure class=chart><figcaption>\(title), \(unit)</figcaption>
      <svg viewBox="0 0 380 230" role=img aria-label="\(title)" data-hover="\(hover)">
      \(grid(x, y, (lowX, highX), (low, high)))\(chanceLine(y))\(bandShape(x, y))\(series.map { curve($0, x, y) })
      \(marks.map { mark in "<text class=mark x=\(at: x(mark.x)) y=18><title>\(mark.text)</title>▲</text>" as HTML })
      <g class=reading hidden><line y1=10 y2=204 /><circle r=4 /><text y=22></text></g></svg></figure>
      """
  }

  private func grid(
    _ x: (Double) -> Double, _ y: (Double) -> Double, _ xs: (Double, Double), _ ys: (Double, Double)
  ) -> HTML {
    let rows = Self.ticks(ys.0, ys.1, 5).map { tick -> HTML in
      """
      <line class=grid x1=44 x2=370 y1=\(at: y(tick)) y2=\(at: y(tick)) />\
      <text class=tick x=39 y=\(at: y(tick) + 4) text-anchor=end>\(tick.text(decimals: decimals))</text>
      """
    }
    let columns = Self.ticks(xs.0, xs.1, 5).map { tick -> HTML in
      "<text class=tick x=\(at: x(tick)) y=222 text-anchor=middle>\(tick.text(decimals: 0))</text>"
    }
    return "\(rows)\(columns)"
  }

  private func chanceLine(_ y: (Double) -> Double) -> HTML? {
    chance.map {
      """
      <line class=chance x1=44 x2=370 y1=\(at: y($0)) y2=\(at: y($0)) />\
      <text class=tick x=368 y=\(at: y($0) - 4) text-anchor=end>guessing \($0.text(decimals: 0)) \(unit)</text>
      """
    }
  }

  private func bandShape(_ x: (Double) -> Double, _ y: (Double) -> Double) -> HTML? {
    guard band.count > 1 else { return nil }
    let corners = band.map { (x($0.x), y($0.high)) } + band.reversed().map { (x($0.x), y($0.low)) }
    return "<polygon class=band points=\"\(corners.map { "\(at: $0.0),\(at: $0.1) " as HTML })\" />"
  }

  private func curve(_ series: Series, _ x: (Double) -> Double, _ y: (Double) -> Double) -> HTML {
    let points = series.points.filter { $0.y.isFinite }
    let places = points.map { "\(at: x($0.x)),\(at: y($0.y)) " as HTML }
    let dots = series.hasDots || points.count == 1 ? points : []
    return """
      <polyline class="curve \(series.kind)" points="\(places)" />\
      \(dots.map { "<circle class=\(series.kind) cx=\(at: x($0.x)) cy=\(at: y($0.y)) r=2.5 />" as HTML })
      """
  }

  /// Round numbers in a range, at most so many and one.
  static func ticks(_ low: Double, _ high: Double, _ count: Int) -> [Double] {
    let rough = (high - low) / Double(count)
    guard rough > 0, rough.isFinite else { return [low] }
    let power = pow(10, floor(log10(rough)))
    let step = [1, 2, 5, 10].map { $0 * power }.first { $0 >= rough } ?? rough
    let first = (low / step).rounded(.up)
    return (0...count).map { (first + Double($0)) * step }.filter { $0 <= high }
  }

  /// A small curve without axes, for a table's cell.
  static func sparkline(_ values: [Double]) -> HTML? {
    guard values.count > 1, let low = values.min(), let high = values.max() else { return nil }
    let places = values.enumerated().map { index, value -> HTML in
      let y = high > low ? 18 - 16 * (value - low) / (high - low) : 10
      return "\(at: 2 + 76 * Double(index) / Double(values.count - 1)),\(at: y) "
    }
    return
      "<svg class=spark viewBox=\"0 0 80 20\" aria-hidden=true><polyline class=\"curve tuned\" points=\"\(places)\" /></svg>"
  }
}
