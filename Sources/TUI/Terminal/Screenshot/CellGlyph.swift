/// What a character looks like in a cell of 8 × 16 dots: letters from the font, lines, blocks and braille drawn so that
/// they meet those of the cells beside them.
enum CellGlyph {
  static let width = 8
  static let height = 16

  /// The rows from the top, the leftmost dot in the highest bit.
  static func rows(_ character: Character) -> [UInt8] {
    guard let value = character.unicodeScalars.first?.value else { return blank }
    switch value {
    case 0x20, 0xA0, 0: return blank
    case 0x2800...0x28FF: return braille(UInt8(value - 0x2800))
    case 0x2580...0x259F: return block(value)
    default: break
    }
    if let arms = arms[character] { return lines(arms) }
    guard let letter = BitmapFont.rows(character) else { return box }
    return [0, 0] + letter + [0]
  }

  private static let blank = [UInt8](repeating: 0, count: height)
  /// For what the font does not have.
  private static let box: [UInt8] = [0, 0, 0x7E] + [UInt8](repeating: 0x42, count: 9) + [0x7E, 0, 0, 0]

  private static func rows(_ dots: (_ x: Int, _ y: Int) -> Bool) -> [UInt8] {
    (0..<height).map { y in (0..<width).reduce(0) { $0 << 1 | (dots($1, y) ? 1 : 0) } }
  }

  // MARK: - Lines

  /// From the middle of the cell to which sides a line goes, and how wide it is.
  private typealias Arms = (left: Bool, right: Bool, up: Bool, down: Bool, isHeavy: Bool, isDashed: Bool)

  private static let arms: [Character: Arms] = {
    let sides: [(String, Bool, Bool, Bool, Bool)] = [
      ("─━╌┄", true, true, false, false), ("│┃", false, false, true, true), ("╭┌", false, true, false, true),
      ("╮┐", true, false, false, true), ("╰└", false, true, true, false), ("╯┘", true, false, true, false),
      ("├", false, true, true, true), ("┤", true, false, true, true), ("┬", true, true, false, true),
      ("┴", true, true, true, false), ("┼", true, true, true, true),
    ]
    return Dictionary(
      uniqueKeysWithValues: sides.flatMap { names, left, right, up, down in
        names.map { ($0, (left, right, up, down, "━┃".contains($0), "╌┄".contains($0))) }
      })
  }()

  private static func lines(_ arms: Arms) -> [UInt8] {
    let across = arms.isHeavy ? 7...8 : 8...8
    let along = arms.isHeavy ? 3...4 : 4...4
    return rows { x, y in
      if arms.isDashed && x % 4 == 3 { return false }
      let isBeam = across.contains(y) && (x <= 4 ? arms.left || x == 4 && arms.right : arms.right)
      let isPost = along.contains(x) && (y <= 8 ? arms.up || y == 8 && arms.down : arms.down)
      return isBeam || isPost
    }
  }

  // MARK: - Fields and dots

  private static func block(_ value: UInt32) -> [UInt8] {
    let quarters: [UInt32: Int] = [
      0x2596: 4, 0x2597: 8, 0x2598: 1, 0x2599: 13, 0x259A: 9, 0x259B: 7, 0x259C: 11, 0x259D: 2, 0x259E: 6, 0x259F: 14,
    ]
    return rows { x, y in
      switch value {
      case 0x2580: y < 8
      case 0x2581...0x2588: y >= height - 2 * Int(value - 0x2580)
      case 0x2589...0x258F: x < Int(0x2590 - value)
      case 0x2590: x >= 4
      case 0x2591: (x + 2 * (y % 2)) % 4 == 0
      case 0x2592: (x + y) % 2 == 0
      case 0x2593: (x + 2 * (y % 2)) % 4 != 0
      case 0x2594: y < 2
      case 0x2595: x == 7
      default: quarters[value, default: 0] >> ((y < 8 ? 0 : 2) + (x < 4 ? 0 : 1)) & 1 == 1
      }
    }
  }

  private static func braille(_ dots: UInt8) -> [UInt8] {
    // The bit of each dot, row by row (Unicode's braille patterns).
    let bits: [UInt8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]
    return rows { x, y in
      // A dot is 2 × 2 in a field of 4 × 4.
      (1...2).contains(x % 4) && (1...2).contains(y % 4) && dots & bits[y / 4 * 2 + x / 4] != 0
    }
  }
}
