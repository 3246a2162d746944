/// What the mouse did, on which cell; column 0, row 0 is the top left one.
package struct Mouse: Equatable, Sendable {
  package enum Action: Equatable, Sendable { case press, drag, release, wheelUp, wheelDown }
  package enum Button: Equatable, Sendable { case left, middle, right }

  package var action: Action
  /// Left for the wheel.
  package var button: Button
  package var column: Int
  package var row: Int

  package init(_ action: Action, _ button: Button = .left, column: Int, row: Int) {
    (self.action, self.button, self.column, self.row) = (action, button, column, row)
  }

  /// A report in SGR's coding (mode 1006): “[<button;column;row”, then M for a press and m for a release.
  init?(report: String) {
    guard report.hasPrefix("[<"), let end = report.last, "Mm".contains(end) else { return nil }
    let numbers = report.dropFirst(2).dropLast().split(separator: ";", omittingEmptySubsequences: false).map { Int($0) }
    guard numbers.count == 3, let code = numbers[0], let column = numbers[1], let row = numbers[2], column > 0, row > 0
    else { return nil }
    let buttons: [Button] = [.left, .middle, .right]
    // 4, 8 and 16 are Shift, Alt and Ctrl; 32 says that the mouse moved; from 64 on it is a wheel.
    switch (code & 0b1100_0011, code & 32 != 0) {
    case (64, _): self.init(.wheelUp, column: column - 1, row: row - 1)
    case (65, _): self.init(.wheelDown, column: column - 1, row: row - 1)
    case (0...2, let moves):
      let action: Action = moves ? .drag : end == "M" ? .press : .release
      self.init(action, buttons[code & 3], column: column - 1, row: row - 1)
    default: return nil
    }
  }

  /// Reports of presses, of moves with a button held, and of the wheel, in SGR's coding; every other report off, in case
  /// the program before this one left it on.
  static let on = off + "\u{1B}[?1002h\u{1B}[?1006h"
  static let off = "\u{1B}[?1000l\u{1B}[?1002l\u{1B}[?1003l\u{1B}[?1005l\u{1B}[?1006l\u{1B}[?1015l"
}
