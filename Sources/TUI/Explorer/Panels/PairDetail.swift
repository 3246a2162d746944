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
  private static func drawOutcome(_ outcome: PairRow.Outcome, in rect: Rect, on canvas: inout Canvas) -> Int {
    let (text, style): (String, Style) =
      switch outcome {
      case .unknown: ("not answered yet", .dim)
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
    var at = rect.row
    for (index, statement) in row.statements.enumerated() {
      let number = canvas.write("\(index + 1)  ", rect.column, at, .accent.bold)
      canvas.write("“\(statement)”", number, at, .title, limit: rect.endColumn)
      drawAnswer("baseline", row.baseline, index, .baseline, in: rect, row: at + 1, on: &canvas)
      drawAnswer("tuned", row.tuned, index, .tuned, in: rect, row: at + 2, on: &canvas)
      at += rect.rows >= 8 ? 4 : 3
    }
  }

  private static func drawAnswer(
    _ name: String, _ answer: PairAnswer?, _ statement: Int, _ style: Style, in rect: Rect, row: Int,
    on canvas: inout Canvas
  ) {
    guard row < rect.endRow else { return }
    canvas.write(name, rect.column + 3, row, style)
    guard let answer else {
      canvas.write("not answered yet", rect.column + 13, row, .dim, limit: rect.endColumn)
      return
    }
    PairsScreen.drawMark(answer.isRight(statement: statement), rect.column + 13, row, on: &canvas)
    canvas.write("image \(answer.pick(statement: statement) + 1)", rect.column + 15, row)
    let certainty = answer.certainty(statement: statement).percent(decimals: 0)
    canvas.write("\(certainty) %", rect.column + 24, row, .dim, limit: rect.endColumn)
  }
}
