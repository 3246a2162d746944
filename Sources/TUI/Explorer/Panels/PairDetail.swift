import Engine
import Recap
import Terminal

/// One pair at large: its images side by side, and a small table of picks below them.
enum PairDetail {
  static func draw(_ row: PairRow, in rect: Rect, on canvas: inout Canvas) {
    let outcome = drawOutcome(row.outcome, in: rect, on: &canvas)
    canvas.heading("Pair \(row.number)", row.pattern, in: rect.droppingRight(outcome + 2))
    let tableRows = 9
    let pictures = rect.droppingTop(1).droppingBottom(tableRows + 1)
    let bottom = drawPictures(row, in: pictures, on: &canvas)
    drawStatements(row, in: rect.droppingTop(bottom - rect.row + 1), on: &canvas)
  }

  /// At the right edge; gives its width.
  private static func drawOutcome(_ outcome: PairRow.Outcome?, in rect: Rect, on canvas: inout Canvas) -> Int {
    let (text, style): (String, Style) =
      switch outcome {
      case nil: ("not answered yet", .dim)
      case .fixed: ("fixed by tuning", .good)
      case .broken: ("broken by tuning", .bad)
      case .bothRight: ("both right", .good)
      case .bothWrong: ("both wrong", .bad)
      }
    canvas.writeRight(text, endColumn: rect.endColumn, rect.row, style)
    return text.cellWidth
  }

  private static func drawPictures(_ row: PairRow, in rect: Rect, on canvas: inout Canvas) -> Int {
    if canvas.graphics == .none { return rect.row }
    var column = rect.column
    var bottom = rect.row
    for (index, picture) in row.images.enumerated() {
      let box = Rect(column: column, row: rect.row, columns: (rect.columns - 2) / 2, rows: rect.rows - 1)
      let placed = canvas.place(picture, in: box)
      canvas.write("image \(index + 1)", column, placed.endRow, .dim)
      column = placed.endColumn + 2
      bottom = max(bottom, placed.endRow + 1)
    }
    return bottom
  }

  private static func drawStatements(_ row: PairRow, in rect: Rect, on canvas: inout Canvas) {
    let height = rect.rows >= 8 ? 4 : 3
    for (index, statement) in row.pair.statements.enumerated() {
      let lines: [[(String, Style)]] = [
        [("\(index + 1)  ", .accent.bold), ("“\(statement)”", .title)],
        [("   baseline  ", .baseline)] + words(row.baseline, index),
        [("   tuned     ", .tuned)] + words(row.tuned, index),
      ]
      let room = rect.droppingTop(index * height)
      for (offset, line) in lines.prefix(room.rows).enumerated() {
        canvas.write(line, room.column, room.row + offset, limit: room.endColumn)
      }
    }
  }

  private static func words(_ answer: PairPrediction?, _ statement: Int) -> [(String, Style)] {
    guard let answer else { return [("not answered yet", .dim)] }
    let confidence = answer.confidence(statement: statement).percent(decimals: 0)
    return [
      PairsScreen.mark(answer.isCorrect(statement: statement)),
      (" image \(answer.predicted[statement] == .img1 ? 1 : 2)  ", .normal), ("\(confidence) %", .dim),
    ]
  }
}
