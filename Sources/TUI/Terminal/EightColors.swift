/// A picture in eight colours: each cell is two halves, or a shade between two colours, whichever comes nearest.
///
/// Dithering over half blocks would be finer on paper, but its dots are so large that one sees only them.
enum EightColors {
  private typealias Color = (red: Int, green: Int, blue: Int)

  /// A cell and what its upper and lower half look like from afar.
  private struct Candidate {
    let bytes: String
    let top: Color
    let bottom: Color
    /// How much its two colours stand out from each other where they only ought to mix.
    let roughness: Int
  }

  /// As xterm shows them; other terminals differ little.
  private static let palette: [Color] = [
    (0, 0, 0), (205, 0, 0), (0, 205, 0), (205, 205, 0), (0, 0, 238), (205, 0, 205), (0, 205, 205), (229, 229, 229),
  ]

  private static let candidates: [Candidate] = palette.indices.flatMap { front in
    palette.indices.flatMap { back in candidates(front, back) }
  }

  private static func candidates(_ front: Int, _ back: Int) -> [Candidate] {
    let (ink, paper) = (palette[front], palette[back])
    let colors = "\u{1B}[\(30 + front);\(40 + back)m"
    if front == back { return [Candidate(bytes: colors + " ", top: ink, bottom: ink, roughness: 0)] }
    let shades = [("░", 1), ("▒", 2)].map { glyph, quarters in
      let mixed = mix(ink, paper, quarters: quarters)
      return Candidate(
        bytes: colors + glyph, top: mixed, bottom: mixed,
        roughness: distance(ink, paper) * quarters * (4 - quarters) / 48)
    }
    return shades + [Candidate(bytes: colors + "▀", top: ink, bottom: paper, roughness: 0)]
  }

  private static func mix(_ ink: Color, _ paper: Color, quarters: Int) -> Color {
    let part = { (a: Int, b: Int) in (a * quarters + b * (4 - quarters)) / 4 }
    return (part(ink.red, paper.red), part(ink.green, paper.green), part(ink.blue, paper.blue))
  }

  /// The bytes of each row; ends with a reset.
  static func encode(_ picture: Picture, columns: Int, rows: Int) -> [[UInt8]] {
    let small = picture.scaled(toWidth: columns, height: rows * 2)
    return (0..<rows).map { row in
      let line = (0..<columns).map { best(top: small[$0, row * 2], bottom: small[$0, row * 2 + 1]).bytes }
      return Array((line.joined() + "\u{1B}[0m").utf8)
    }
  }

  private static func best(
    top: (red: UInt8, green: UInt8, blue: UInt8), bottom: (red: UInt8, green: UInt8, blue: UInt8)
  ) -> Candidate {
    let (above, below) = (
      (Int(top.red), Int(top.green), Int(top.blue)), (Int(bottom.red), Int(bottom.green), Int(bottom.blue))
    )
    var (winner, least) = (candidates[0], Int.max)
    for candidate in candidates {
      let error = distance(above, candidate.top) + distance(below, candidate.bottom) + 2 * candidate.roughness
      if error < least { (winner, least) = (candidate, error) }
    }
    return winner
  }

  private static func distance(_ a: Color, _ b: Color) -> Int {
    let (red, green, blue) = (a.red - b.red, a.green - b.green, a.blue - b.blue)
    return red * red + green * green + blue * blue
  }
}
