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
    case .up: "↑"
    case .down: "↓"
    case .left: "←"
    case .right: "→"
    case .pageUp: "PgUp"
    case .pageDown: "PgDn"
    case .home: "Home"
    case .end: "End"
    case .enter: "Enter"
    case .escape: "Esc"
    case .tab: "Tab"
    case .backTab: "Shift-Tab"
    case .backspace: "Backspace"
    }
  }
}

/// Turns what curses hands over into keys.
///
/// An answer of the terminal that comes too late (after the start asked it something) looks like an escape key and
/// then characters: it is swallowed whole.
struct KeyDecoder {
  private enum Pending { case nothing, escape, controlSequence, string, stringEscape }
  private var pending = Pending.nothing

  /// The key for one character, nil while a sequence is being swallowed.
  mutating func decode(character code: UInt32) -> Key? {
    switch pending {
    case .nothing: break
    case .escape:
      switch code {
      case UInt32(UInt8(ascii: "[")): pending = .controlSequence
      case UInt32(UInt8(ascii: "]")), UInt32(UInt8(ascii: "P")), UInt32(UInt8(ascii: "_")): pending = .string
      default: pending = .nothing
      }
      return nil
    case .controlSequence:
      if (0x40...0x7E).contains(code) { pending = .nothing }
      return nil
    case .string:
      if code == 7 { pending = .nothing } else if code == 27 { pending = .stringEscape }
      return nil
    case .stringEscape:
      pending = .nothing
      return nil
    }
    if code == 27 {
      pending = .escape
      return nil
    }
    return plain(code)
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
  func decode(special code: UInt32) -> Key? {
    switch Int32(code) {
    case KEY_UP: .up
    case KEY_DOWN: .down
    case KEY_LEFT: .left
    case KEY_RIGHT: .right
    case KEY_PPAGE: .pageUp
    case KEY_NPAGE: .pageDown
    case KEY_HOME: .home
    case KEY_END: .end
    case KEY_ENTER: .enter
    case KEY_BTAB: .backTab
    case KEY_BACKSPACE: .backspace
    default: nil
    }
  }
}
