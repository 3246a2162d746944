import Terminal

/// One line that a person writes.
struct TextEntry: Equatable, Sendable {
  private(set) var text: String
  /// Characters before the place where the next one goes.
  private(set) var place: Int

  private static let longest = 500

  init(_ text: String = "") { (self.text, place) = (text, text.count) }

  /// Takes a key that writes or moves; false for any other.
  mutating func take(_ key: Key) -> Bool {
    switch key {
    case .character(let character): insert(character)
    case .backspace: replaceBefore(with: String(text.prefix(max(place - 1, 0))))
    case .control("u"): replaceBefore(with: "")
    case .control("w"): replaceBefore(with: withoutLastWord)
    case .left: place = max(place - 1, 0)
    case .right: place = min(place + 1, text.count)
    case .home, .control("a"): place = 0
    case .end, .control("e"): place = text.count
    default: return false
    }
    return true
  }

  private mutating func insert(_ character: Character) {
    guard text.count < Self.longest else { return }
    replaceBefore(with: text.prefix(place) + String(character))
  }

  private mutating func replaceBefore(with start: some StringProtocol) {
    let end = text.dropFirst(place)
    (text, place) = (String(start) + end, start.count)
  }

  private var withoutLastWord: Substring {
    let start = text.prefix(place)
    let trimmed = start.reversed().drop { $0 == " " }.drop { $0 != " " }
    return start.prefix(trimmed.count)
  }

  /// The text with a block where the next character goes; its end where there is little room.
  func draw(_ column: Int, _ row: Int, limit: Int, on canvas: inout Canvas) -> Int {
    let before = text.prefix(place)
    let room = max(limit - column - 2, 1)
    let shown = before.cellWidth > room ? "…" + before.suffix(room - 1) : before
    let next = canvas.write(String(shown), column, row, .title, limit: limit)
    return canvas.write([("█", .accent), (String(text.dropFirst(place)), .title)], next, row, limit: limit)
  }
}
