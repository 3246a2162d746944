/// What comes from a terminal.
enum TerminalInput: Equatable, Sendable {
  case key(Key)
  case mouse(Mouse)
  /// Text that was pasted, between its brackets (mode 2004).
  case paste(String)
  /// An escape sequence that is nothing of these, without its escape character and terminator: an answer of the terminal,
  /// or a key that nothing here uses.
  case sequence(String)
}

/// Turns what curses hands over, character by character, into keys and the rest.
///
/// A sequence may come in pieces: what is begun stays begun until it ends or nothing comes for a while.
struct InputDecoder {
  private enum Pending: Equatable {
    case nothing, escape, controlSequence, string, stringEscape, paste
    /// A function key: one more character.
    case function
    /// What may begin a sequence whose escape came long before it: a key, unless more follows at once.
    case late(Unicode.Scalar)
    /// A mouse report in the old coding: so many more characters.
    case oldMouse(Int)
  }
  private var pending = Pending.nothing
  private var collected: [Unicode.Scalar] = []
  /// Whether the last thing was an escape that stood alone.
  private var isAfterEscape = false

  private static let longestSequence = 4096
  private static let longestPaste = 1 << 20
  private static let pasteEnd = Array("\u{1B}[201~".unicodeScalars)

  private var text: String { String(String.UnicodeScalarView(collected)) }

  /// What one character ends; nil within a sequence.
  mutating func decode(character code: UInt32) -> TerminalInput? {
    let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
    switch pending {
    case .nothing:
      let mayBeLate = isAfterEscape && "[]P_^XO".unicodeScalars.contains(scalar)
      isAfterEscape = false
      if mayBeLate {
        pending = .late(scalar)
      } else if scalar == "\u{1B}" {
        pending = .escape
      } else {
        return plain(code).map { .key($0) }
      }
    case .late(let first):
      _ = afterEscape(first)
      return decode(character: code)
    case .escape: return afterEscape(scalar)
    case .controlSequence: return within(scalar)
    case .string: return withinString(scalar)
    case .stringEscape:
      pending = .nothing
      return scalar == "\\" ? .sequence(text) : nil
    case .function:
      pending = .nothing
      return Self.cursorKeys[scalar].map { .key($0) }
    case .oldMouse(let count): pending = count > 1 ? .oldMouse(count - 1) : .nothing
    case .paste: return withinPaste(scalar)
    }
    return nil
  }

  private mutating func afterEscape(_ scalar: Unicode.Scalar) -> TerminalInput? {
    collected = [scalar]
    switch scalar {
    case "[": pending = .controlSequence
    case "]", "P", "_", "^", "X": pending = .string
    case "O": pending = .function
    // The first was the key; another sequence begins.
    case "\u{1B}": return .key(.escape)
    default: pending = .nothing
    }
    return nil
  }

  private mutating func within(_ scalar: Unicode.Scalar) -> TerminalInput? {
    if collected.count < Self.longestSequence { collected.append(scalar) }
    guard ("@"..."~").contains(scalar) else { return nil }
    pending = .nothing
    let sequence = text
    switch sequence {
    case "[M": pending = .oldMouse(3)
    case "[200~":
      pending = .paste
      collected = []
    default:
      if let mouse = Mouse(report: sequence) { return .mouse(mouse) }
      return Self.key(sequence).map { .key($0) } ?? .sequence(sequence)
    }
    return nil
  }

  /// Keys as most terminals send them, for those of which curses' description says otherwise. Shift, Alt and Ctrl, which
  /// come as a second number, change nothing.
  private static func key(_ sequence: String) -> Key? {
    guard let end = sequence.unicodeScalars.last else { return nil }
    let numbers = sequence.dropFirst().dropLast().split(separator: ";").map { Int($0) }
    guard numbers.count <= 2, !numbers.contains(nil) else { return nil }
    return end == "~" ? editingKeys[numbers.first.flatMap { $0 } ?? 0] : cursorKeys[end]
  }

  private static let cursorKeys: [Unicode.Scalar: Key] = [
    "A": .up, "B": .down, "C": .right, "D": .left, "H": .home, "F": .end, "Z": .backTab,
  ]
  private static let editingKeys: [Int: Key] = [1: .home, 4: .end, 5: .pageUp, 6: .pageDown, 7: .home, 8: .end]

  private mutating func withinString(_ scalar: Unicode.Scalar) -> TerminalInput? {
    switch scalar {
    case "\u{1B}": pending = .stringEscape
    case "\u{7}":
      pending = .nothing
      return .sequence(text)
    default: if collected.count < Self.longestSequence { collected.append(scalar) }
    }
    return nil
  }

  private mutating func withinPaste(_ scalar: Unicode.Scalar) -> TerminalInput? {
    // Terminals take control characters out of what they paste: this one is the person's, who wants out.
    if scalar == "\u{3}" {
      pending = .nothing
      return .key(.control("c"))
    }
    if collected.count < Self.longestPaste || scalar == "\u{1B}" { collected.append(scalar) }
    guard scalar == "~", collected.suffix(Self.pasteEnd.count).elementsEqual(Self.pasteEnd) else { return nil }
    pending = .nothing
    collected.removeLast(Self.pasteEnd.count)
    return .paste(text)
  }

  /// Nothing more is waiting, and nothing has come for `idle`: an escape that stood alone was the key, and what has not
  /// ended by now never will.
  mutating func finish(idle: Duration = .seconds(60)) -> TerminalInput? {
    switch pending {
    case .nothing: return nil
    case .escape:
      (pending, isAfterEscape) = (.nothing, true)
      return .key(.escape)
    case .late(let scalar):
      pending = .nothing
      return .key(.character(Character(scalar)))
    case .paste:
      if idle < .seconds(5) { return nil }
      pending = .nothing
      return .paste(text)
    default:
      if idle >= .milliseconds(500) { pending = .nothing }
      return nil
    }
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

  /// The key for one of curses' KEY_… codes, nil for those that nothing here uses and within a paste.
  func decode(special code: UInt32) -> TerminalInput? {
    if pending == .paste { return nil }
    return Key.special.first { $0.code == Int32(code) }.map { .key($0.key) }
  }
}
