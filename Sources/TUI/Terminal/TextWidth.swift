import Engine

extension Character {
  /// How many cells a terminal gives this character: 0, 1 or 2 (Unicode 15 East Asian Width, wide ranges joined).
  package var cellWidth: Int {
    guard let scalar = unicodeScalars.first else { return 0 }
    if scalar.value < 0x300 { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: return Self.isWide(scalar.value) ? 2 : 1
    }
  }

  private static func isWide(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xA960...0xA97C, 0xAC00...0xD7A3, 0xF900...0xFAFF,
      0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
      0x1FA70...0x1FAFF, 0x20000...0x3FFFD:
      true
    default: false
    }
  }
}

extension StringProtocol {
  /// How many cells the text takes on the screen.
  package var cellWidth: Int { reduce(0) { $0 + $1.cellWidth } }

  /// The text in at most `cells` cells, with "…" where it was cut.
  package func cut(toCells cells: Int) -> String {
    if cellWidth <= cells { return String(self) }
    var kept = ""
    var used = 0
    for character in self where used + character.cellWidth <= cells - 1 {
      kept.append(character)
      used += character.cellWidth
    }
    return cells > 0 ? kept + "…" : ""
  }

  /// The text in lines of at most `cells` cells, broken at spaces; a longer word (a path) goes on in the next line.
  package func wrapped(toCells cells: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in split(separator: " ").flatMap({ $0.pieces(ofCells: cells) }) {
      if !line.isEmpty && line.cellWidth + 1 + word.cellWidth > cells {
        lines.append(line)
        line = ""
      }
      line += (line.isEmpty ? "" : " ") + word
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// The text cut where a piece of so many cells is full.
  private func pieces(ofCells cells: Int) -> [String] {
    var pieces = [""]
    for character in self {
      if pieces[pieces.count - 1].cellWidth + character.cellWidth > Swift.max(cells, 2) { pieces.append("") }
      pieces[pieces.count - 1].append(character)
    }
    return pieces
  }
}

extension String {
  /// The text without anything that could steer a terminal; plain ASCII, the usual case, passes as it is.
  var safeForTerminal: String {
    utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } ? self : withoutControlCharacters()
  }
}
