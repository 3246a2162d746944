/// What curves are drawn with: fonts differ in what they have.
package enum Markers: String, CaseIterable, Sendable {
  /// Eight dots a cell.
  case braille
  /// Four fields a cell.
  case block
  /// Letters only.
  case ascii

  /// The character for these dots (bits as in Unicode's braille patterns).
  func character(_ dots: UInt8) -> Character {
    let braille = Character(Unicode.Scalar(0x2800 + UInt32(dots))!)
    switch self {
    case .braille: return braille
    case .ascii: return PlainGlyphs.ascii(braille)
    case .block:
      let fields: [UInt8] = [0x03, 0x18, 0x44, 0xA0]
      return Self.quadrants[fields.enumerated().reduce(0) { $0 + (dots & $1.element != 0 ? 1 << $1.offset : 0) }]
    }
  }

  /// By the sum of 1 (upper left), 2 (upper right), 4 (lower left) and 8 (lower right).
  private static let quadrants = Array(" ▘▝▀▖▌▞▛▗▚▐▜▄▙▟█")
}

/// A drawing of dots, 2 × 4 in a cell; a cell has the style of what was drawn on it last.
struct DotRaster {
  let columns: Int
  let rows: Int
  private var dots: [UInt8]
  private var styles: [Style]

  init(columns: Int, rows: Int) {
    self.columns = max(columns, 0)
    self.rows = max(rows, 0)
    dots = Array(repeating: 0, count: self.columns * self.rows)
    styles = Array(repeating: .normal, count: self.columns * self.rows)
  }

  var width: Int { columns * 2 }
  var height: Int { rows * 4 }

  /// Sets the dot at `x` from the left and `y` from the top; outside it does nothing.
  mutating func set(_ x: Int, _ y: Int, _ style: Style) {
    guard x >= 0, x < width, y >= 0, y < height else { return }
    let cell = (y / 4) * columns + x / 2
    dots[cell] |= Self.bits[(y & 3) * 2 + (x & 1)]
    styles[cell] = style
  }

  /// A vertical run of dots from `top` to `bottom`, both included, in any order.
  mutating func column(_ x: Int, from top: Int, to bottom: Int, _ style: Style) {
    for y in max(0, min(top, bottom))..<max(0, min(height, max(top, bottom) + 1)) { set(x, y, style) }
  }

  /// Whether no cell of a row has a dot in these columns.
  func isEmpty(_ row: Int, _ cells: Range<Int>) -> Bool { cells.allSatisfy { dots[row * columns + $0] == 0 } }

  /// Writes the cells that have dots; others keep what the canvas has.
  func draw(on canvas: inout Canvas, _ column: Int, _ row: Int) {
    for cell in dots.indices where dots[cell] != 0 {
      let character = canvas.markers.character(dots[cell])
      canvas.put(Cell(character: character, style: styles[cell]), column + cell % columns, row + cell / columns)
    }
  }

  /// The bit of each dot, row by row (Unicode's braille patterns).
  private static let bits: [UInt8] = [0x01, 0x08, 0x02, 0x10, 0x04, 0x20, 0x40, 0x80]
}
