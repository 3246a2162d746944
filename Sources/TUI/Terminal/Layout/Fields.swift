/// Labels with their values, a row or more for each.
package struct Fields {
  package struct Field {
    let label: String
    let labelStyle: Style
    /// One below the other; each is wrapped.
    let texts: [(String, Style)]

    package init(_ label: String, labelStyle: Style = .dim, _ texts: [(String, Style)]) {
      (self.label, self.labelStyle, self.texts) = (label, labelStyle, texts)
    }

    package init(_ label: String, _ value: String, _ style: Style = .normal) { self.init(label, [(value, style)]) }
  }

  private let fields: [Field]
  private let indent: Int
  private let gap: Int

  /// - Parameters:
  ///   - indent: the cells between the beginnings of label and value; nil for two more than the longest label.
  ///   - gap: empty rows after each field.
  package init(_ fields: [Field], indent: Int? = nil, gap: Int = 0) {
    (self.fields, self.gap) = (fields, gap)
    self.indent = indent ?? (fields.map(\.label.cellWidth).max() ?? 0) + 2
  }

  private func lines(_ field: Field, _ columns: Int) -> [(String, Style)] {
    let lines = field.texts.flatMap { text, style in
      text.wrapped(toCells: max(columns - indent, 1)).map { ($0, style) }
    }
    return lines.isEmpty ? [("", .normal)] : lines
  }

  /// The rows that they take, `columns` wide.
  package func rows(columns: Int) -> Int { fields.map { lines($0, columns).count + gap }.reduce(0, +) }

  /// Values begin right of the labels and go on in further rows; gives the row after them.
  @discardableResult
  package func draw(in rect: Rect, on canvas: inout Canvas) -> Int {
    var row = rect.row
    for field in fields where row < rect.endRow {
      canvas.write(field.label, rect.column, row, field.labelStyle, limit: min(rect.column + indent, rect.endColumn))
      for (line, style) in lines(field, rect.columns) where row < rect.endRow {
        canvas.write(line, rect.column + indent, row, style, limit: rect.endColumn)
        row += 1
      }
      row += gap
    }
    return min(row, rect.endRow)
  }

  /// A row for each: the label at the left edge, the value at the right one.
  package func drawJustified(in rect: Rect, on canvas: inout Canvas) {
    for (index, field) in fields.enumerated() where index < rect.rows {
      guard let (text, style) = field.texts.first else { continue }
      let (value, row) = (text.safeForTerminal.cut(toCells: rect.columns), rect.row + index)
      canvas.write(field.label, rect.column, row, .dim, limit: rect.endColumn - value.cellWidth - 1)
      canvas.writeRight(value, endColumn: rect.endColumn, row, style)
    }
  }
}
