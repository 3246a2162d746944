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
    let whole = state.screen.introduction
    guard state.isIntroductionShown, !whole.isEmpty, canvas.size.rows >= 24 else { return rect }
    let text = rect.column + whole.cellWidth <= end ? whole : state.screen.shortIntroduction
    canvas.write(text, rect.column, rect.row - (canvas.size.rows < 30 ? 1 : 0), .dim, limit: end)
    canvas.writeRight(hides, endColumn: rect.endColumn, rect.row - (canvas.size.rows < 30 ? 1 : 0), .dim)
    return canvas.size.rows < 30 ? rect : rect.droppingTop(2)
  }

  // MARK: - Footer

  static func drawFooter(_ state: ExplorerState, on canvas: inout Canvas) {
    let row = canvas.size.rows - 1
    if let notice = state.notice { draw(notice, endRow: row, on: &canvas) }
    // How to leave and where to learn more always fit; what else fits comes before them.
    let ends = Explorer.keys.filter { ["help", "quit"].contains($0.label) }
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

  /// Only the digits of screens that can be opened.
  private static func screens(_ state: ExplorerState) -> Binding {
    let digits = Explorer.screens.filter { $0.unavailable(state) == nil }.map { $0.number }
    let known = Explorer.keys.first { $0.label == "screens" }
    return Binding(
      keys: [.tab] + digits.map { .character(Character("\($0)")) }, label: "screens", tooltip: known?.tooltip ?? ""
    ) { _, _ in [] }
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

  static func drawHelp(_ page: ExplorerState.Help, _ state: ExplorerState, on canvas: inout Canvas) {
    let steering = SteeringKeys.all.count
    let bindings =
      page == .keys ? state.screen.keys + Explorer.keys.prefix(steering) : Array(Explorer.keys.dropFirst(steering))
    let keys = bindings.map { binding in
      guard let reason = binding.unavailable(state) else {
        return Fields.Field(binding.keyNames, labelStyle: .accent.bold, [(binding.tooltip, .normal)])
      }
      return Fields.Field(binding.keyNames, [("\(binding.label) – now: \(reason)", .warning)])
    }
    let fields = Fields(keys + (page == .words ? words.map { .init($0, $1) } : []))
    let width = min(canvas.size.columns - 10, 84)
    let title = page == .keys ? "\(state.screen.title): keys" : "Every screen: keys, and words"
    let inside = drawBox(title, columns: width, rows: fields.rows(columns: width), on: &canvas)
    fields.draw(in: inside, on: &canvas)
    let next = page == .keys ? " ? other keys and words · Esc closes " : " ? or Esc closes "
    canvas.write(next, inside.column, inside.endRow + 1, .dim)
  }

  /// What a newcomer cannot know.
  private static let words = [
    ("condition", "what the diffusion model is given beside the noised image: CLIP’s tokens, projected (the context)."),
    (
      "aligning",
      "the first steps: the projection learns, CLIP does not; after them both CLIPs are compared through it."
    ),
    ("density", "how many of an image’s patch tokens are in the condition, beside CLIP’s class token."),
    ("both right", "a pair counts if both statements choose their own picture; guessing gets 25 %."),
  ]

  static func draw(_ question: Question, _ state: ExplorerState, on canvas: inout Canvas) {
    let width = min(canvas.size.columns - 10, 72)
    let fields = Fields([.init("", question.lines(state).map { ($0, .normal) })], indent: 0)
    let rows = fields.rows(columns: width)
    let inside = drawBox(question.title(state), columns: width, rows: rows + 2, on: &canvas)
    fields.draw(in: inside, on: &canvas)
    canvas.write(
      [("y", .accent.bold), (" \(question.yes)   ", .dim), ("any other key", .accent.bold), (" stay", .dim)],
      inside.column, inside.row + rows + 1)
  }

  static func drawTooSmall(on canvas: inout Canvas) {
    let (size, needed) = (canvas.size, Explorer.smallestSize)
    let text =
      "diva-tui needs \(needed.columns) × \(needed.rows) cells; this window has \(size.columns) × \(size.rows). "
      + "Make it larger, or the letters smaller. Training goes on meanwhile; q quits."
    canvas.message(text, in: canvas.bounds, .normal)
  }
}
