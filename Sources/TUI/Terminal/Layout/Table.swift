/// Values of many rows in columns with titles; where rows do not fit, those around the selected one are shown.
package struct Table<Row> {
  package struct Column {
    let title: String
    let width: Length
    let titleStyle: Style
    let isLeft: Bool
    let cell: (Row) -> (text: String, style: Style)

    /// - Parameter isLeft: the text begins at the left edge of the column instead of ending at the right one.
    package init(
      _ title: String, _ width: Length, titleStyle: Style = .dim, isLeft: Bool = false,
      cell: @escaping (Row) -> (text: String, style: Style)
    ) {
      (self.title, self.width, self.titleStyle, self.isLeft, self.cell) = (title, width, titleStyle, isLeft, cell)
    }

    fileprivate func write(_ cell: (text: String, style: Style), in rect: Rect, on canvas: inout Canvas) {
      let text = cell.text.safeForTerminal.cut(toCells: rect.columns)
      canvas.write(text, isLeft ? rect.column : rect.endColumn - text.cellWidth, rect.row, cell.style)
    }
  }

  private let columns: [Column]
  private let name: String?

  /// - Parameter name: what the list is to the mouse; nil where its rows cannot be chosen.
  package init(_ columns: [Column], name: String? = nil) { (self.columns, self.name) = (columns, name) }

  /// The cells that it takes without cutting a column.
  package var least: Int { columns.map(\.width).least }

  /// Titles on the first row, then the rows; the selected one is marked from the first column to the last.
  package func draw(_ rows: [Row], selected: Int? = nil, in rect: Rect, on canvas: inout Canvas) {
    guard !rect.isEmpty else { return }
    let lines = rect.rows - 1
    let first = max(0, min((selected ?? 0) - lines / 2, rows.count - lines))
    let shown = rows.indices.dropFirst(first).prefix(lines)
    let boxes = Columns.split(rect.top(1), columns.map(\.width))
    for (column, box) in zip(columns, boxes) {
      column.write((column.title, column.titleStyle), in: box, on: &canvas)
      for index in shown {
        let line = Rect(column: box.column, row: box.row + 1 + index - first, columns: box.columns, rows: 1)
        column.write(column.cell(rows[index]), in: line, on: &canvas)
      }
    }
    if let name, let end = boxes.last?.endColumn {
      for index in shown {
        canvas.mark(rect.droppingTop(1 + index - first).top(1).left(end - rect.column), .row(name, index))
      }
    }
    guard let selected, shown.contains(selected), let end = boxes.last?.endColumn else { return }
    canvas.select(rect.droppingTop(1 + selected - first).top(1).left(end - rect.column))
  }
}
