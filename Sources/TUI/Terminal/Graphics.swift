/// How pictures are shown: `--graphics sixel|blocks|ascii|none`, or chosen by asking the terminal.
package enum Graphics: String, CaseIterable, Sendable {
  /// Real pixels.
  case sixel
  /// Two pixels a cell, "▀" in two colours.
  case blocks
  /// One character a cell, denser where the picture is lighter.
  case ascii
  /// No pictures, only their captions.
  case none

  package var label: String {
    switch self {
    case .sixel: "sixel"
    case .blocks: "half blocks"
    case .ascii: "ASCII"
    case .none: "no pictures"
    }
  }
}

/// How many colours the terminal shows.
package enum ColorDepth: Comparable, Sendable {
  case none, eight, cube256, trueColor
}
