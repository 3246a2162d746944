import Engine

/// A row for each name: how much of 100 % the tuned model reaches as a bar, and where the baseline stands as a mark.
package enum Bars {
  /// Both are parts of one; nil before they are known.
  package typealias Row = (name: String, baseline: Double?, tuned: Double?)

  package static func draw(_ rows: [Row], in rect: Rect, on canvas: inout Canvas) {
    let numbers = "100 → 100 %".count
    // A bar of at least eight cells is worth more than the end of a long name.
    let names = min(rows.map(\.name.cellWidth).max() ?? 0, max(rect.columns - numbers - 10, 0))
    let track = rect.droppingLeft(names + 1).droppingRight(numbers + 1)
    for (index, row) in rows.enumerated() where index < rect.rows {
      let at = rect.row + index
      canvas.write(row.name, rect.column, at, limit: rect.column + names)
      drawTrack(row, track, at, on: &canvas)
      drawNumbers(row, endColumn: rect.endColumn, at, on: &canvas)
    }
  }

  private static func drawTrack(_ row: Row, _ track: Rect, _ at: Int, on canvas: inout Canvas) {
    guard track.columns > 2 else { return }
    canvas.write(String(repeating: "·", count: track.columns), track.column, at, .dim)
    if let tuned = row.tuned {
      canvas.write(bar(tuned, columns: track.columns), track.column, at, .tuned)
    }
    if let baseline = row.baseline {
      let column = Int((min(max(baseline, 0), 1) * Double(track.columns - 1)).rounded())
      canvas.write("┃", track.column + column, at, .baseline)
    }
  }

  private static func drawNumbers(_ row: Row, endColumn: Int, _ at: Int, on canvas: inout Canvas) {
    let baseline = row.baseline?.percent(decimals: 0) ?? "–"
    let tuned = row.tuned?.percent(decimals: 0) ?? "–"
    canvas.writeRight(baseline, endColumn: endColumn - 8, at, .baseline)
    canvas.write("→", endColumn - 7, at, .dim)
    canvas.writeRight(tuned, endColumn: endColumn - 2, at, .tuned)
    canvas.write("%", endColumn - 1, at, .dim)
  }

  /// How much is done, over the whole width of the first row.
  package static func drawProgress(_ part: Double, in rect: Rect, _ style: Style = .accent, on canvas: inout Canvas) {
    guard rect.columns > 0 else { return }
    canvas.write(String(repeating: "·", count: rect.columns), rect.column, rect.row, .dim)
    canvas.write(bar(part, columns: rect.columns), rect.column, rect.row, style)
  }

  /// The same in at most `width` cells, with a text behind it; the text alone where there is no room for both.
  package static func drawProgress(
    _ part: Double, _ text: String, width: Int, _ styles: (bar: Style, text: Style) = (.accent, .normal),
    in rect: Rect, on canvas: inout Canvas
  ) {
    let track = rect.left(min(width, rect.columns - text.cellWidth - 2))
    if track.columns >= 4 { drawProgress(part, in: track, styles.bar, on: &canvas) }
    let start = track.columns >= 4 ? track.endColumn + 2 : rect.column
    canvas.write(text, start, rect.row, styles.text, limit: rect.endColumn)
  }

  /// `part` of one as full blocks, the last one in eighths.
  package static func bar(_ part: Double, columns: Int) -> String {
    let eighths = Int((min(max(part, 0), 1) * Double(columns * 8)).rounded())
    let ends = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
    return String(repeating: "█", count: eighths / 8) + ends[eighths % 8]
  }
}
