import Terminal

extension Canvas {
  /// The characters of the frame, one line a row, without blanks at the ends; cells under pictures are "▒".
  package var text: String {
    (0..<size.rows).map { row in
      let line = (0..<size.columns).map { self[$0, row].character }.filter { $0 != Cell.continuation }
      return String(line.map { $0 == Cell.placeholder ? "▒" : $0 }).trimmedRight
    }.joined(separator: "\n")
  }

  /// The styles of the frame in the same layout: a letter for each cell that is not normal, capital when bold,
  /// and "#" for a blank that is selected.
  package var styleText: String {
    (0..<size.rows).map { row in
      String((0..<size.columns).map { Self.letter(of: self[$0, row]) }).trimmedRight
    }.joined(separator: "\n")
  }

  private static func letter(of cell: Cell) -> Character {
    if cell.character == " " || cell.character == Cell.placeholder { return cell.style.isSelected ? "#" : " " }
    let letter: Character =
      switch cell.style.ink {
      case .normal: "."
      case .dim: "d"
      case .title: "t"
      case .accent: "a"
      case .baseline: "b"
      case .tuned: "u"
      case .good: "g"
      case .bad: "x"
      case .warning: "w"
      }
    return cell.style.isBold ? Character(letter.uppercased()) : letter
  }
}

extension String {
  /// The text without blanks at its end.
  var trimmedRight: String {
    var end = endIndex
    while end > startIndex, self[index(before: end)] == " " { end = index(before: end) }
    return String(self[..<end])
  }
}
