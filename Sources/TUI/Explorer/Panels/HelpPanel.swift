import Terminal

/// Keys, commands and terms, as far as they contain what a person writes.
enum HelpPanel {
  struct Entry: Equatable {
    var section: String
    var name: String
    var text: String
    /// Why the key does nothing now.
    var reason: String?

    /// Whether every word is in it somewhere.
    fileprivate func has(_ words: [String]) -> Bool {
      let whole = "\(section) \(name) \(text)".lowercased()
      return words.allSatisfy { whole.contains($0) }
    }
  }

  /// What the help has for what was written so far: the open screen's keys first.
  static func entries(_ state: ExplorerState) -> [Entry] {
    let search = state.help?.search.text.lowercased() ?? ""
    let words = search.split(separator: " ").map(String.init)
    let others = words.isEmpty ? [] : Explorer.screens.filter { $0 != state.screen }
    let keys =
      entries(state.screen.keys, "\(state.screen.title): keys", state)
      + entries(Explorer.keys, "Every screen: keys", state)
    let commands = Commands.all.map { Entry(section: "After “:”", name: $0.usage, text: $0.tooltip) }
    let terms = Terms.all.map { Entry(section: "Terms", name: $0.term, text: $0.meaning) }
    return (keys + commands + terms + others.flatMap { entries($0.keys, "\($0.title): keys", state, isOpen: false) })
      .filter { $0.has(words) }
  }

  private static func entries(
    _ keys: [Binding], _ section: String, _ state: ExplorerState, isOpen: Bool = true
  ) -> [Entry] {
    keys.map { binding in
      let names = binding.commands.map(\.name).joined(separator: " ")
      return Entry(
        section: section, name: binding.keyNames, text: "\(binding.tooltip) (:\(names))",
        reason: isOpen ? binding.unavailable(state) : nil)
    }
  }

  static func draw(_ help: ExplorerState.Help, _ state: ExplorerState, on canvas: inout Canvas) {
    let entries = entries(state)
    let size = canvas.size
    // What looks out beside the box only confuses.
    canvas.fill(Rect(column: 0, row: 2, columns: size.columns, rows: size.rows - 3))
    let inside = Chrome.drawBox(
      "Help", columns: min(size.columns - 10, 92), rows: size.rows - (size.rows < 24 ? 6 : 8), on: &canvas)
    drawSearch(help, count: entries.count, in: inside.top(1), on: &canvas)
    let room = inside.droppingTop(1)
    guard !entries.isEmpty else {
      canvas.message("Nothing here contains this text. Esc clears it.", in: room)
      return
    }
    let lines = lines(Array(entries.dropFirst(min(help.top, entries.count - 1))), columns: room.columns)
    for (row, line) in zip(room.row..<room.endRow, lines) {
      canvas.write(line, room.column, row, limit: room.endColumn)
    }
    let more =
      lines.count > room.rows
      ? " ↓ more · letters narrow it down · Esc closes " : " letters narrow it down · Esc closes "
    let end = canvas.write(more, inside.column, inside.endRow + 1, .dim)
    canvas.mark(
      Rect(column: inside.column, row: inside.endRow + 1, columns: end - inside.column, rows: 1), .key(.escape))
  }

  private static func drawSearch(_ help: ExplorerState.Help, count: Int, in rect: Rect, on canvas: inout Canvas) {
    let next = canvas.write("find: ", rect.column, rect.row, .accent.bold)
    let end = help.search.draw(next, rect.row, limit: rect.endColumn - 12, on: &canvas)
    canvas.write("\(count) found", end + 2, rect.row, .dim, limit: rect.endColumn)
  }

  private typealias Line = [(String, Style)]

  /// A heading above the first entry of each section, and each entry's text wrapped beside its name.
  private static func lines(_ entries: [Entry], columns: Int) -> [Line] {
    var section = ""
    return entries.flatMap { entry -> [Line] in
      let heading: [Line] = entry.section == section ? [] : (section.isEmpty ? [] : [[]]) + [[(entry.section, .title)]]
      section = entry.section
      return heading + lines(entry, indent: min(max(columns / 4, 12), 20), columns: columns)
    }
  }

  private static func lines(_ entry: Entry, indent: Int, columns: Int) -> [Line] {
    let text = entry.reason.map { "\(entry.text) Now: \($0)." } ?? entry.text
    let wrapped = text.wrapped(toCells: max(columns - indent, 1))
    let style = entry.reason == nil ? Style.normal : .dim
    // A name that is wider than its column has a line of its own.
    let isBeside = entry.name.cellWidth < indent
    let blank = String(repeating: " ", count: indent)
    let names = isBeside ? entry.name + blank.dropFirst(entry.name.cellWidth) : blank
    let texts: [Line] = wrapped.enumerated().map { [($0 == 0 ? names : blank, .accent.bold), ($1, style)] }
    return (isBeside ? [] : [[(entry.name, .accent.bold)]]) + texts
  }
}
