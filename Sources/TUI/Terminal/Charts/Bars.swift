import Engine

/// How far something is, as a row of blocks.
package enum Bars {
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
