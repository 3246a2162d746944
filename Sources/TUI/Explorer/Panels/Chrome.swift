import Terminal

/// The frame around every screen: header, footer, help, questions.
enum Chrome {
  static func drawHeader(_ state: ExplorerState, on canvas: inout Canvas) {
    let status = StatusWords.header(state)
    let tabs = Tabs.width(state)
    var end = canvas.size.columns - 1
    // How long it takes and with which density it trains, where there is room beside the names of the screens.
    for text in StatusWords.more(state).reversed() where tabs + status.text.cellWidth + text.cellWidth + 3 < end {
      canvas.writeRight(" · " + text, endColumn: end, 0, .dim)
      end -= text.cellWidth + 3
    }
    canvas.writeRight(status.text, endColumn: end, 0, status.style)
    Tabs.draw(state, endColumn: end - status.text.cellWidth - 1, on: &canvas)
    canvas.write(String(repeating: "─", count: canvas.size.columns), 0, 1, .dim)
  }

  /// What one looks at, where there is room for the line; gives the room below.
  static func drawIntroduction(_ state: ExplorerState, in rect: Rect, on canvas: inout Canvas) -> Rect {
    let hides = "H hides"
    let end = rect.endColumn - hides.cellWidth - 2
    let (whole, short) = state.screen.introductions(state)
    guard state.isIntroductionShown, !whole.isEmpty, canvas.size.rows >= 24 else { return rect }
    let text = rect.column + whole.cellWidth <= end ? whole : short
    let row = rect.row - (canvas.size.rows < 30 ? 1 : 0)
    canvas.write(text, rect.column, row, .dim, limit: end)
    canvas.writeRight(hides, endColumn: rect.endColumn, row, .dim)
    let width = hides.cellWidth
    canvas.mark(Rect(column: rect.endColumn - width, row: row, columns: width, rows: 1), .key("H"))
    return canvas.size.rows < 30 ? rect : rect.droppingTop(2)
  }

  // MARK: - Footer

  static func drawFooter(_ state: ExplorerState, on canvas: inout Canvas) {
    let row = canvas.size.rows - 1
    if let entry = state.command { return drawCommand(entry, state, row, on: &canvas) }
    if let notice = state.notice { draw(notice, endRow: row, on: &canvas) }
    // How to leave and where to learn more always fit; what else fits comes before them.
    let always = (canvas.size.columns >= 100 ? ["command"] : []) + ["help", "quit"]
    let ends = Explorer.keys.filter { always.contains($0.label) }
    let (own, shared) = (
      state.screen.keys, Explorer.keys.filter { ["pause", "stop", "new run", "resume"].contains($0.label) }
    )
    let ordinary = (own + shared).filter { $0.unavailable(state) == nil } + [screens(state)]
    let room = canvas.size.columns - 2 - ends.map(width).reduce(0, +)
    var column = 1
    for binding in ordinary where column + width(binding) <= room {
      column = drawKey(binding, column, row, on: &canvas)
    }
    for binding in ends { column = drawKey(binding, column, row, on: &canvas) }
  }

  /// The line behind “:”, and above it what its unfinished word can become.
  private static func drawCommand(_ entry: TextEntry, _ state: ExplorerState, _ row: Int, on canvas: inout Canvas) {
    let limit = canvas.size.columns
    let next = canvas.write(":", 0, row, .accent.bold)
    _ = entry.draw(next, row, limit: limit, on: &canvas)
    canvas.fill(Rect(column: 0, row: row - 1, columns: limit, rows: 1))
    let candidates = CommandLine.candidates(entry.text, state)
    let isName = !entry.text.contains(" ")
    let name = isName && candidates.count == 1 ? candidates[0] : String(entry.text.prefix { $0 != " " })
    if !isName || candidates.count == 1, let command = Command.named(name, state) {
      let column = canvas.write(command.usage, 1, row - 1, .title, limit: limit)
      let rest = isName || candidates.isEmpty ? command.tooltip : candidates.joined(separator: "  ")
      canvas.write(rest, column + 2, row - 1, .dim, limit: limit - 1)
    } else {
      canvas.write(candidates.joined(separator: "  "), 1, row - 1, .dim, limit: limit - 1)
    }
  }

  /// Only the digits of screens that can be opened.
  private static func screens(_ state: ExplorerState) -> Binding {
    let digits = Explorer.screens.filter { $0.unavailable(state) == nil }.map { $0.number }
    let known = Explorer.keys.first { $0.label == "screens" }
    return Binding(
      keys: [.tab] + digits.map { .character(Character("\($0)")) }, label: "screens", tooltip: known?.tooltip ?? ""
    ) { _, _ in [] }
  }

  /// The newest three, and how many there were before; over several rows where one is too short.
  private static func draw(_ notice: ExplorerState.Notice, endRow: Int, on canvas: inout Canvas) {
    let (newest, earlier) = (notice.texts.suffix(3), notice.texts.count - 3)
    let texts = (earlier > 0 ? ["\(earlier) earlier, then:"] : []) + newest
    let whole = texts.flatMap { $0.wrapped(toCells: canvas.size.columns - 2) }
    // Half of the screen is enough for what nobody asked for.
    let most = max(canvas.size.rows / 2, 3)
    let lines = whole.count <= most ? whole : whole.prefix(most - 1) + ["…"]
    for (row, line) in zip((endRow - lines.count)..<endRow, lines) {
      canvas.fill(Rect(column: 0, row: row, columns: canvas.size.columns, rows: 1))
      canvas.write(line, 1, row, notice.isProblem ? .bad : .warning)
    }
  }

  private static func width(_ binding: Binding) -> Int { binding.keyNames.cellWidth + 1 + binding.label.cellWidth + 3 }

  private static func drawKey(_ binding: Binding, _ column: Int, _ row: Int, on canvas: inout Canvas) -> Int {
    let next = canvas.write(binding.keyNames, column, row, .accent.bold)
    let end = canvas.write(binding.label, next + 1, row, .dim)
    canvas.mark(Rect(column: column, row: row, columns: end - column, rows: 1), .key(binding.keys[0]))
    // Of several keys that are single letters each is its own.
    if binding.keyNames.cellWidth == binding.keys.count {
      for (index, key) in binding.keys.enumerated() {
        canvas.mark(Rect(column: column + index, row: row, columns: 1, rows: 1), .key(key))
      }
    }
    return end + 3
  }

  // MARK: - Pop-ups

  /// Clears a box in the middle of the screen, with a frame and a title; gives the room inside.
  static func drawBox(_ title: String, columns: Int, rows: Int, on canvas: inout Canvas) -> Rect {
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

  static func draw(_ question: Question, _ state: ExplorerState, on canvas: inout Canvas) {
    let width = min(canvas.size.columns - 10, 72)
    let fields = Fields([.init("", question.lines(state).map { ($0, .normal) })], indent: 0)
    let rows = fields.rows(columns: width)
    let inside = drawBox(question.title(state), columns: width, rows: rows + 2, on: &canvas)
    fields.draw(in: inside, on: &canvas)
    let row = inside.row + rows + 1
    let end = canvas.write([("y", .accent.bold), (" \(question.yes)", .dim)], inside.column, row)
    canvas.mark(Rect(column: inside.column, row: row, columns: end - inside.column, rows: 1), .key("y"))
    let last = canvas.write([("any other key", .accent.bold), (" stay", .dim)], end + 3, row)
    canvas.mark(Rect(column: end + 3, row: row, columns: last - end - 3, rows: 1), .key(.escape))
  }

  static func drawTooSmall(on canvas: inout Canvas) {
    let (size, needed) = (canvas.size, Explorer.smallestSize)
    let text =
      "diva-tui needs \(needed.columns) × \(needed.rows) cells; this window has \(size.columns) × \(size.rows). "
      + "Make it larger, or the letters smaller. Training goes on meanwhile; q quits."
    canvas.message(text, in: canvas.bounds, .normal)
  }
}
