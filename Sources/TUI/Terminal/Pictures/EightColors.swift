/// A picture in eight colours: each cell is two halves, or a shade between two colours, whichever comes nearest.
///
/// Dithering over half blocks would be finer on paper, but its dots are so large that one sees only them.
enum EightColors {
  private typealias Color = SIMD3<Int>

  /// A cell and what its upper and lower half look like from afar.
  private struct Candidate {
    let cell: CellPicture.Cell
    let top: Color
    let bottom: Color
    /// How much its two colours stand out from each other where they only ought to mix.
    var roughness = 0
  }

  /// As xterm shows them; other terminals differ little.
  private static let palette: [Color] = [
    [0, 0, 0], [205, 0, 0], [0, 205, 0], [205, 205, 0], [0, 0, 238], [205, 0, 205], [0, 205, 205], [229, 229, 229],
  ]

  /// The number of the colour that comes nearest.
  static func nearest(_ color: SIMD3<Int>) -> Int {
    palette.indices.min { palette[$0].distance(to: color) < palette[$1].distance(to: color) }!
  }

  private static let candidates: [Candidate] = palette.indices.flatMap { front in
    palette.indices.flatMap { back in candidates(front, back) }
  }

  private static func candidates(_ front: Int, _ back: Int) -> [Candidate] {
    let (ink, paper) = (palette[front], palette[back])
    func cell(_ glyph: String) -> CellPicture.Cell { .init(front: .ansi(front), back: .ansi(back), glyph: glyph) }
    if front == back { return [Candidate(cell: cell(" "), top: ink, bottom: ink)] }
    let shades = [("░", 1), ("▒", 2)].map { glyph, quarters in
      let mixed = (ink &* quarters &+ paper &* (4 - quarters)) / 4
      return Candidate(
        cell: cell(glyph), top: mixed, bottom: mixed,
        roughness: ink.distance(to: paper) * quarters * (4 - quarters) / 48)
    }
    return shades + [Candidate(cell: cell("▀"), top: ink, bottom: paper)]
  }

  static func picture(_ picture: Picture, columns: Int, rows: Int) -> CellPicture {
    let small = picture.scaled(toWidth: columns, height: rows * 2).stretched()
    let cells = (0..<columns * rows).map { index in
      let (x, y) = (index % columns, index / columns * 2)
      return best(small.color(x, y), small.color(x, y + 1))
    }
    return CellPicture(columns: columns, cells: cells)
  }

  private static func best(_ above: Color, _ below: Color) -> CellPicture.Cell {
    var (winner, least) = (candidates[0], Int.max)
    for candidate in candidates {
      let error = above.distance(to: candidate.top) + below.distance(to: candidate.bottom) + 2 * candidate.roughness
      if error < least { (winner, least) = (candidate, error) }
    }
    return winner.cell
  }
}
