/// How pictures are shown: chosen by asking the terminal, or by `--graphics`. The best first.
package enum Graphics: String, CaseIterable, Sendable {
  /// Real pixels, sent once and then placed by number (kitty's protocol).
  case kitty
  /// Real pixels.
  case sixel
  /// Real pixels, as a file between the text (iTerm2's protocol).
  case iterm2
  /// Two pixels a cell, "▀" in two colours.
  case blocks
  /// One character a cell, denser where the picture is lighter.
  case ascii
  /// No pictures, only their captions.
  case none

  package var label: String {
    switch self {
    case .kitty: "kitty graphics"
    case .sixel: "sixel"
    case .iterm2: "iTerm2 inline images"
    case .blocks: "half blocks"
    case .ascii: "ASCII"
    case .none: "no pictures"
    }
  }

  /// Whether the terminal shows a picture's own pixels.
  package var hasPixels: Bool { [.kitty, .sixel, .iterm2].contains(self) }
}

/// How many colours the terminal shows.
package enum ColorDepth: Comparable, Sendable {
  case none, eight, cube256, trueColor
}
