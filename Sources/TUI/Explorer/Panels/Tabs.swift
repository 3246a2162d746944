import Terminal

/// The names of the screens in the header: as much of them as fits.
enum Tabs {
  /// A screen's part of the header.
  private typealias Tab = (number: Int, label: String, isOpen: Bool)

  private static let name = " diva-tui  "

  /// The cells that all names take.
  static func width(_ state: ExplorerState) -> Int { width(forms(state)[0]) }

  static func draw(_ state: ExplorerState, endColumn: Int, on canvas: inout Canvas) {
    let forms = forms(state)
    let form = forms.first { width($0) <= endColumn } ?? forms[forms.count - 1]
    var column = canvas.write(form.start, 0, 0, .title)
    for tab in form.tabs {
      let style = tab.isOpen ? Style.accent.bold.selected() : .dim
      let next = canvas.write(tab.label, column, 0, style, limit: endColumn)
      canvas.mark(
        Rect(column: column, row: 0, columns: next - column, rows: 1), .key(.character(Character("\(tab.number)"))))
      column = next
    }
  }

  private static func width(_ form: (start: String, tabs: [Tab])) -> Int {
    form.start.cellWidth + form.tabs.reduce(0) { $0 + $1.label.cellWidth }
  }

  /// From the longest to the shortest: all names, those alone, closer together, the open screen's and the others' digits.
  private static func forms(_ state: ExplorerState) -> [(start: String, tabs: [Tab])] {
    func tabs(_ label: (Int, String, Bool) -> String) -> [Tab] {
      Explorer.screens.filter { $0.unavailable(state) == nil }.map { screen in
        let isOpen = screen == state.screen
        return (screen.number, label(screen.number, screen.title, isOpen), isOpen)
      }
    }
    let wide = tabs { number, title, _ in " \(number) \(title) " }
    let close = tabs { number, title, isOpen in " \(number) \(title)" + (isOpen ? " " : "") }
    let digits = tabs { number, title, isOpen in isOpen ? " \(number) \(title) " : " \(number)" }
    return [(name, wide), ("", wide), ("", close), ("", digits)]
  }
}
