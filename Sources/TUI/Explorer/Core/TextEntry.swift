import Terminal

/// One line that a person writes.
struct TextEntry: Equatable, Sendable {
  private(set) var text: String
  /// Characters before the place where the next one goes.
  private(set) var place: Int

  private static let longest = 500

  init(_ text: String = "") { (self.text, place) = (text, text.count) }

  /// What a key has done to a line that is being written.
  enum Outcome { case finished, left, changed, ignored }

  /// Takes a key: Enter ends the line, Esc leaves it, Tab finishes its last word, ↑↓ bring earlier lines back.
  ///
  /// - Parameters:
  ///   - history: earlier lines, the newest last.
  ///   - completed: the text with its last word finished.
  mutating func take(_ key: Key, history: [String], completed: (String) -> String = { $0 }) -> Outcome {
    switch key {
    case .enter: return .finished
    case .escape: return .left
    case .tab: self = TextEntry(completed(text))
    case .up, .down:
      if history.isEmpty { return .ignored }
      self = TextEntry(earlier(history, isBack: key == .up))
    default: return take(key) ? .changed : .ignored
    }
    return .changed
  }

  private func earlier(_ history: [String], isBack: Bool) -> String {
    let at = history.firstIndex(of: text.trimmed) ?? history.count
    let next = at + (isBack ? -1 : 1)
    return history.indices.contains(next) ? history[next] : isBack ? text : ""
  }

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

extension String {
  /// Without blanks at the ends and with single ones between.
  var trimmed: String { split(separator: " ").joined(separator: " ") }
}

extension [String] {
  /// Lines that were written, the newest last, each once.
  mutating func remember(_ line: String) {
    removeAll { $0 == line }
    append(line)
  }
}
