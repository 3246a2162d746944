/// What stands for a character where the terminal shows only ASCII.
enum PlainGlyphs {
  static func ascii(_ character: Character) -> Character {
    guard let scalar = character.unicodeScalars.first, !scalar.isASCII else { return character }
    if let plain = table[character] { return plain }
    return (0x2800...0x28FF).contains(scalar.value) ? braille(scalar.value - 0x2800) : "?"
  }

  /// Dots in the upper half, the lower half, or both.
  private static func braille(_ dots: UInt32) -> Character {
    switch (dots & 0b0001_1011 != 0, dots & 0b1110_0100 != 0) {
    case (true, true): ":"
    case (true, false): "'"
    case (false, true): "."
    case (false, false): " "
    }
  }

  private static let table: [Character: Character] = [
    "─": "-", "│": "|", "┃": "|", "╭": "+", "╮": "+", "╰": "+", "╯": "+", "┤": "|", "└": "+", "┴": "+", "├": "|",
    "━": "=",
    "╌": "-", "█": "#", "▉": "#", "▊": "#", "▋": "#", "▌": "#", "▍": "|", "▎": "|", "▏": "|", "▀": "'", "▄": ".",
    "■": "#", "□": ".", "●": "*", "○": "o", "✓": "+", "✗": "x", "×": "x", "·": "-", "…": "~", "−": "-", "–": "-",
    "←": "<", "→": ">", "↑": "^", "↓": "v", "±": "+", "α": "a", "▸": ">", "◂": "<", "▶": ">", "∥": "|", "∞": "8",
    "▒": "%",
    "░": ".", "▘": "'", "▝": "'", "▖": ".", "▗": ".", "▞": "/", "▚": "\\", "▐": "#", "▛": "#", "▜": "#",
    "▙": "#", "▟": "#", "“": "\"", "”": "\"", "‘": "'", "’": "'", "ε": "e", "Δ": "d", "\u{A0}": " ",
    "┄": "-", "┊": ":", "▲": "^", "▁": "_", "▂": "_", "▃": ".", "▅": "-", "▆": "=", "▇": "=", "▼": "v", "⏎": "<",
  ]
}
