import CNcurses

/// A key as a person names it.
package enum Key: Equatable, Hashable, Sendable {
  case character(Character)
  case control(Character)
  case up, down, left, right, pageUp, pageDown, home, end
  case enter, escape, tab, backTab, backspace

  /// What the footer and the help call it.
  package var name: String {
    switch self {
    case .character(" "): "space"
    case .character(let character): String(character)
    case .control(let character): "Ctrl-\(character.uppercased())"
    default: Self.special.first { $0.key == self }?.name ?? ""
    }
  }

  /// The keys that are no characters, and curses' codes of those that it names.
  static let special: [(key: Key, code: Int32?, name: String)] = [
    (.up, KEY_UP, "↑"), (.down, KEY_DOWN, "↓"), (.left, KEY_LEFT, "←"), (.right, KEY_RIGHT, "→"),
    (.pageUp, KEY_PPAGE, "PgUp"), (.pageDown, KEY_NPAGE, "PgDn"), (.home, KEY_HOME, "Home"), (.end, KEY_END, "End"),
    (.enter, KEY_ENTER, "Enter"), (.backTab, KEY_BTAB, "Shift-Tab"), (.backspace, KEY_BACKSPACE, "Backspace"),
    (.escape, nil, "Esc"), (.tab, nil, "Tab"),
  ]
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
  package init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }
}
