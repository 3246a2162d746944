import Terminal

/// The frame around every screen: header, footer, help, questions.
enum Chrome {
  static func drawHeader(_ state: ExplorerState, on canvas: inout Canvas) {
    let status = StatusWords.header(state)
    let end = canvas.size.columns - 1
    canvas.writeRight(status.text, endColumn: end, 0, status.style)
    var column = canvas.write(" diva-tui", 0, 0, .title) + 2
    for (index, screen) in Explorer.screens.enumerated() where screen.unavailable(state) == nil {
      let isOpen = screen == state.screen
      let label = " \(index + 1) \(screen.title) "
      let limit = end - status.text.cellWidth - 1
      let style = isOpen ? Style.accent.bold.selected() : .dim
      column = canvas.write(label, column, 0, style, limit: limit)
    }
    canvas.write(String(repeating: "─", count: canvas.size.columns), 0, 1, .dim)
  }

  // MARK: - Footer

  static func drawFooter(_ state: ExplorerState, on canvas: inout Canvas) {
    let row = canvas.size.rows - 1
    if let notice = state.notice { draw(notice, endRow: row, on: &canvas) }
    // How to leave and where to learn more always fit; what else fits comes before them.
    let ends = Explorer.keys.filter { ["help", "quit"].contains($0.label) }
    let ordinary = state.screen.keys.filter { $0.unavailable(state) == nil } + Explorer.keys.prefix(2)
    let room = canvas.size.columns - 2 - ends.map(width).reduce(0, +)
    var column = 1
    for binding in ordinary where column + width(binding) <= room {
      column = drawKey(binding, column, row, on: &canvas)
    }
    for binding in ends { column = drawKey(binding, column, row, on: &canvas) }
  }

  /// The newest three, and how many there were before.
  private static func draw(_ notice: ExplorerState.Notice, endRow: Int, on canvas: inout Canvas) {
    let (newest, earlier) = (notice.texts.suffix(3), notice.texts.count - 3)
    let lines = (earlier > 0 ? ["\(earlier) earlier, then:"] : []) + newest
    for (row, line) in zip((endRow - lines.count)..<endRow, lines) {
      canvas.fill(Rect(column: 0, row: row, columns: canvas.size.columns, rows: 1))
      canvas.write(line, 1, row, notice.isProblem ? .bad : .warning)
    }
  }

  private static func width(_ binding: Binding) -> Int { binding.keyNames.cellWidth + 1 + binding.label.cellWidth + 3 }

  private static func drawKey(_ binding: Binding, _ column: Int, _ row: Int, on canvas: inout Canvas) -> Int {
    let next = canvas.write(binding.keyNames, column, row, .accent.bold)
    return canvas.write(binding.label, next + 1, row, .dim) + 3
  }

  // MARK: - Pop-ups

  /// Clears a box in the middle of the screen, with a frame and a title; gives the room inside.
  private static func drawBox(_ title: String, columns: Int, rows: Int, on canvas: inout Canvas) -> Rect {
    let size = canvas.size
    let width = min(columns + 6, size.columns - 2)
    let height = min(rows + 4, size.rows - 2)
    let box = Rect(column: (size.columns - width) / 2, row: (size.rows - height) / 2, columns: width, rows: height)
    canvas.fill(box)
    let line = String(repeating: "─", count: width - 2)
    canvas.write("╭\(line)╮", box.column, box.row, .accent)
    for row in (box.row + 1)..<(box.endRow - 1) {
      canvas.write("│", box.column, row, .accent)
      canvas.write("│", box.endColumn - 1, row, .accent)
    }
    canvas.write("╰\(line)╯", box.column, box.endRow - 1, .accent)
    canvas.write(" \(title) ", box.column + 2, box.row, .title, limit: box.endColumn - 2)
    return box.inset(columns: 3, rows: 2)
  }

  static func drawHelp(_ state: ExplorerState, on canvas: inout Canvas) {
    let bindings = state.screen.keys + Explorer.keys
    let fields = Fields(
      bindings.map { binding in
        let reason = binding.unavailable(state).map { [("now: \($0)", Style.warning)] }
        let (label, text): (Style, Style) = reason == nil ? (.accent.bold, .normal) : (.dim, .dim)
        return .init(binding.keyNames, labelStyle: label, [(binding.tooltip, text)] + (reason ?? []))
      })
    let width = min(canvas.size.columns - 10, 84)
    let title = "\(state.screen.title): keys"
    let inside = drawBox(title, columns: width, rows: fields.rows(columns: width), on: &canvas)
    fields.draw(in: inside, on: &canvas)
    canvas.write(" any key closes ", inside.column, inside.endRow + 1, .dim)
  }

  static func drawQuestion(_ state: ExplorerState, on canvas: inout Canvas) {
    let steps = state.feed.unsavedSteps
    let lines = ["\(steps) \(steps == 1 ? "step is" : "steps are") not saved yet.", "They are lost if you quit now."]
    let inside = drawBox("Quit?", columns: 40, rows: 4, on: &canvas)
    Fields([.init("", lines.map { ($0, .normal) })], indent: 0).draw(in: inside, on: &canvas)
    canvas.write(
      [("y", .accent.bold), (" quit   ", .dim), ("any other key", .accent.bold), (" stay", .dim)],
      inside.column, inside.row + 3)
  }

  static func drawTooSmall(on canvas: inout Canvas) {
    let (size, needed) = (canvas.size, Explorer.smallestSize)
    let text =
      "diva-tui needs \(needed.columns) × \(needed.rows) cells; this window has \(size.columns) × \(size.rows). "
      + "Make it larger, or the letters smaller. Training goes on meanwhile; q quits."
    canvas.message(text, in: canvas.bounds, .normal)
  }
}
