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
  fileprivate static let special: [(key: Key, code: Int32?, name: String)] = [
    (.up, KEY_UP, "↑"), (.down, KEY_DOWN, "↓"), (.left, KEY_LEFT, "←"), (.right, KEY_RIGHT, "→"),
    (.pageUp, KEY_PPAGE, "PgUp"), (.pageDown, KEY_NPAGE, "PgDn"), (.home, KEY_HOME, "Home"), (.end, KEY_END, "End"),
    (.enter, KEY_ENTER, "Enter"), (.backTab, KEY_BTAB, "Shift-Tab"), (.backspace, KEY_BACKSPACE, "Backspace"),
    (.escape, nil, "Esc"), (.tab, nil, "Tab"),
  ]
}

extension Key: ExpressibleByExtendedGraphemeClusterLiteral {
  package init(extendedGraphemeClusterLiteral character: Character) { self = .character(character) }
}

/// Turns what curses hands over into keys.
///
/// An answer of the terminal that comes too late (after the questions at the start) looks like an escape key and
/// then characters: it is swallowed whole.
struct KeyDecoder {
  private enum Pending { case nothing, escape, controlSequence, string, stringEscape }
  private var pending = Pending.nothing

  /// The key for one character, nil while a sequence is being swallowed.
  mutating func decode(character code: UInt32) -> Key? {
    switch (pending, Unicode.Scalar(code) ?? "\u{FFFD}") {
    case (.nothing, "\u{1B}"): pending = .escape
    case (.nothing, _): return plain(code)
    case (.escape, "["): pending = .controlSequence
    case (.escape, "]"), (.escape, "P"), (.escape, "_"): pending = .string
    case (.controlSequence, ..<"@"), (.controlSequence, "\u{7F}"...): break
    case (.string, "\u{1B}"): pending = .stringEscape
    case (.string, "\u{7}"): pending = .nothing
    case (.string, _): break
    case (.escape, _), (.controlSequence, _), (.stringEscape, _): pending = .nothing
    }
    return nil
  }

  /// Nothing more is waiting: an escape that stood alone was the key.
  mutating func finish() -> Key? {
    defer { pending = .nothing }
    return pending == .escape ? .escape : nil
  }

  private func plain(_ code: UInt32) -> Key? {
    switch code {
    case 9: return .tab
    case 10, 13: return .enter
    case 8, 127: return .backspace
    case 1...26: return .control(Character(Unicode.Scalar(UInt8(code) + 96)))
    case 0..<32: return nil
    default: return Unicode.Scalar(code).map { .character(Character($0)) }
    }
  }

  /// The key for one of curses' KEY_… codes, nil for those that nothing here uses.
  func decode(special code: UInt32) -> Key? { Key.special.first { $0.code == Int32(code) }?.key }
}
