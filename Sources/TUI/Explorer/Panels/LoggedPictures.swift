import Engine
import Recap
import Terminal

/// Pictures that another program recorded, each under its tag: a line of them below the charts, or all over a screen.
enum LoggedPictures {
  /// As many as fit beside each other, from the chosen one on.
  static func drawStrip(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let logged = state.feed.logged
    canvas.heading("Recorded pictures", "\(logged.count.counted("tag")) · 2 shows them at large", in: rect)
    let room = rect.droppingTop(1)
    var column = room.column
    for shown in logged[min(chosen(state), logged.count)...] {
      let rest = room.droppingLeft(column - room.column)
      let box = Rect(column: column, row: room.row, columns: min(rest.columns, 2 * room.rows + 6), rows: room.rows)
      guard rest.columns >= 10 else { break }
      column = draw(shown, isChosen: false, in: box, on: &canvas) + 2
    }
  }

  /// A page of them, the chosen one marked.
  static func draw(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) {
    let (logged, steps) = (state.feed.logged, state.feed.history.scalars.pictureSteps)
    let step = state.step ?? steps.last ?? 0
    let at = (steps.lastIndex { $0 <= step } ?? 0) + 1
    canvas.heading(
      "Recorded pictures, step \(step)",
      "\(at) of \(steps.count.counted("step")) · recorded by \(state.feed.run.program?.rawValue ?? "")", in: rect)
    guard canvas.graphics != .none else { return canvas.message("pictures are off; g shows them", in: rect) }
    guard !logged.isEmpty else { return canvas.message("The pictures are being read …", in: rect) }
    let room = rect.droppingTop(2)
    let columns = max(1, min(room.columns / 28, logged.count))
    let rows = max(1, min(room.rows / 9, (logged.count + columns - 1) / columns))
    let page = chosen(state) / (columns * rows) * columns * rows
    var rest = logged.indices[page...].prefix(columns * rows)
    for line in Rows.split(room, gap: 1, Array(repeating: .flexible(), count: rows)) {
      for box in Columns.split(line, gap: 2, Array(repeating: .flexible(), count: columns)) {
        guard let index = rest.popFirst() else { return }
        draw(logged[index], isChosen: index == chosen(state) && logged.count > 1, in: box, on: &canvas)
      }
    }
  }

  private static func chosen(_ state: ExplorerState) -> Int {
    max(0, min(state.reconstruct.imageIndex, state.feed.logged.count - 1))
  }

  /// Gives the column right of it.
  @discardableResult
  private static func draw(_ shown: LoggedPicture, isChosen: Bool, in rect: Rect, on canvas: inout Canvas) -> Int {
    let caption = "\(isChosen ? "▸" : "")\(shown.tag.lastPart(cells: max(rect.columns - 8, 4))) @\(shown.step)"
    let end = canvas.write(caption, rect.column, rect.row, isChosen ? .accent.bold : .dim, limit: rect.endColumn)
    let room = rect.droppingTop(1)
    guard let picture = shown.picture else {
      canvas.paragraph(shown.reason ?? "", in: room)
      return rect.endColumn
    }
    return max(end, canvas.place(picture, in: room).endColumn)
  }
}
