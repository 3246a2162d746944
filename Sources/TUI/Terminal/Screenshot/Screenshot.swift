import Engine

/// A frame as a file to keep or to send.
package enum Screenshot {
  /// The characters of a frame, a line for each row, without blanks at the ends; pictures as characters.
  package static func text(of canvas: Canvas) -> String {
    var canvas = canvas
    if canvas.graphics != .none { canvas.graphics = .ascii }
    canvas = canvas.withPicturesAsText()
    return (0..<canvas.size.rows).map { row in
      var line = (0..<canvas.size.columns).map { canvas[$0, row].character }.filter { $0 != Cell.continuation }
      while line.last == " " || line.last == Cell.placeholder { line.removeLast() }
      return String(line.map { $0 == Cell.placeholder ? " " : $0 }) + "\n"
    }.joined()
  }

  /// The frame as a terminal with real pixels shows it: 16 × 32 pixels a cell, whatever the terminal's own cell is.
  package static func image(of canvas: Canvas, isLight: Bool = false) -> Image {
    let sheet = Sheet(canvas, Theme(isLight: isLight, depth: .cube256))
    return Image(width: sheet.width, height: sheet.height, pixels: sheet.pixels)
  }
}

/// The pixels of a frame, while they are drawn.
private struct Sheet {
  private static let enlargement = 2
  private static let cell = PixelSize(width: CellGlyph.width * enlargement, height: CellGlyph.height * enlargement)

  let width: Int
  let height: Int
  private(set) var pixels: [UInt8]
  private let theme: Theme

  init(_ canvas: Canvas, _ theme: Theme) {
    self.theme = theme
    width = max(canvas.size.columns, 1) * Self.cell.width
    height = max(canvas.size.rows, 1) * Self.cell.height
    let ground = theme.isLight ? Palette.lightGround : Palette.darkGround
    pixels = (0..<width * height).flatMap { _ in [UInt8(ground.x), UInt8(ground.y), UInt8(ground.z)] }
    for row in 0..<canvas.size.rows {
      for column in 0..<canvas.size.columns { draw(canvas[column, row], column, row, ground) }
    }
    if canvas.graphics == .none { return }
    for placement in canvas.pictures {
      for part in canvas.visibleParts(of: placement) { draw(placement, part) }
    }
  }

  private mutating func draw(_ cell: Cell, _ column: Int, _ row: Int, _ ground: SIMD3<Int>) {
    if cell.character == Cell.continuation { return }
    let look = theme.look(cell.style)
    let ink = Palette.color(look.foreground) ?? (theme.isLight ? Palette.darkGround : [220, 220, 220])
    let paper = Palette.color(look.background)
    let rows = CellGlyph.rows(cell.character)
    if paper == nil && !rows.contains(where: { $0 != 0 }) { return }
    for y in 0..<Self.cell.height {
      let dots = rows[y / Self.enlargement]
      // Bold letters are struck twice, one dot apart.
      let struck = look.isBold ? dots | dots >> 1 : dots
      for x in 0..<Self.cell.width {
        let isInk = struck >> (7 - x / Self.enlargement) & 1 == 1
        guard let color = isInk ? ink : paper else { continue }
        put(color, column * Self.cell.width + x, row * Self.cell.height + y)
      }
    }
  }

  private mutating func draw(_ placement: ImagePlacement, _ part: Rect) {
    let (rect, cell) = (placement.rect, Self.cell)
    let room = PixelSize(width: rect.columns * cell.width, height: rect.rows * cell.height)
    let picture = placement.picture.fitted(to: room)
    let (left, top) = (rect.column * cell.width, rect.row * cell.height)
    let end = (
      x: min(part.endColumn * cell.width, left + picture.width, width),
      y: min(part.endRow * cell.height, top + picture.height, height)
    )
    for y in stride(from: part.row * cell.height, to: end.y, by: 1) {
      for x in stride(from: part.column * cell.width, to: end.x, by: 1) { put(picture.color(x - left, y - top), x, y) }
    }
  }

  private mutating func put(_ color: SIMD3<Int>, _ x: Int, _ y: Int) {
    let at = (y * width + x) * 3
    (pixels[at], pixels[at + 1], pixels[at + 2]) = (UInt8(color.x), UInt8(color.y), UInt8(color.z))
  }
}
