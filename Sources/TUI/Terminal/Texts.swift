extension Canvas {
  /// Wrapped text; gives the row after it.
  @discardableResult
  package mutating func paragraph(_ text: String, in rect: Rect, _ style: Style = .dim) -> Int {
    Fields([.init("", text, style)], indent: 0).draw(in: rect, on: &self)
  }

  /// A heading with a dim remark behind it, of whose parts (“ · ” between them) the last go where they do not fit; gives
  /// the column after them.
  @discardableResult
  package mutating func heading(_ title: String, _ remark: String = "", in rect: Rect) -> Int {
    let next = write(title, rect.column, rect.row, .title, limit: rect.endColumn)
    var parts = remark.split(separator: " · " as String)
    while parts.count > 1, next + 2 + parts.joined(separator: " · ").cellWidth > rect.endColumn { parts.removeLast() }
    return remark.isEmpty
      ? next : write(parts.joined(separator: " · "), next + 2, rect.row, .dim, limit: rect.endColumn)
  }

  /// Lines of dim text in the middle of a box, for what is not there yet.
  package mutating func message(_ text: String, in rect: Rect, _ style: Style = .dim) {
    let lines = text.wrapped(toCells: max(rect.columns - 4, 1))
    let first = rect.row + max(0, (rect.rows - lines.count) / 2)
    for (index, line) in lines.enumerated() where first + index < rect.endRow {
      let margin = max(rect.columns - line.safeForTerminal.cellWidth, 0) / 2
      write(line, rect.column + margin, first + index, style, limit: rect.endColumn)
    }
  }
}
