/// A picture in eight colours: each cell is two halves, or a shade between two colours, whichever comes nearest.
///
/// Dithering over half blocks would be finer on paper, but its dots are so large that one sees only them.
enum EightColors {
  private typealias Color = SIMD3<Int>

  /// A cell and what its upper and lower half look like from afar.
  private struct Candidate {
    let bytes: String
    let top: Color
    let bottom: Color
    /// How much its two colours stand out from each other where they only ought to mix.
    var roughness = 0
  }

  /// As xterm shows them; other terminals differ little.
  private static let palette: [Color] = [
    [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
  ]

  private static let candidates: [Candidate] = palette.indices.flatMap { front in
    palette.indices.flatMap { back in candidates(front, back) }
  }

  private static func candidates(_ front: Int, _ back: Int) -> [Candidate] {
    let (ink, paper) = (palette[front], palette[back])
    let colors = "\u{1B}[\(30 + front);\(40 + back)m"
    if front == back { return [Candidate(bytes: colors + " ", top: ink, bottom: ink)] }
    let shades = [("░", 1), ("▒", 2)].map { glyph, quarters in
      let mixed = (ink &* quarters &+ paper &* (4 - quarters)) / 4
      return Candidate(
        bytes: colors + glyph, top: mixed, bottom: mixed,
        roughness: ink.distance(to: paper) * quarters * (4 - quarters) / 48)
    }
    return shades + [Candidate(bytes: colors + "▀", top: ink, bottom: paper)]
  }

  /// The bytes of each row; ends with a reset.
  static func encode(_ picture: Picture, columns: Int, rows: Int) -> [[UInt8]] {
    let small = picture.scaled(toWidth: columns, height: rows * 2)
    return (0..<rows).map { row in
      let line = (0..<columns).map { best(small.color($0, row * 2), small.color($0, row * 2 + 1)).bytes }
      return Array((line.joined() + "\u{1B}[0m").utf8)
    }
  }

  private static func best(_ above: Color, _ below: Color) -> Candidate {
    var (winner, least) = (candidates[0], Int.max)
    for candidate in candidates {
      let error = above.distance(to: candidate.top) + below.distance(to: candidate.bottom) + 2 * candidate.roughness
      if error < least { (winner, least) = (candidate, error) }
    }
    return winner
  }
}
