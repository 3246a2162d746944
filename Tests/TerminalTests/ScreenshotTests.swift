import Testing

@testable import Terminal

@Suite("A frame as a file") struct ScreenshotTests {
  private func frame() -> Canvas {
    var canvas = Canvas(size: Size(columns: 30, rows: 8))
    canvas.write("loss 0.5 é│", 0, 0, .good)
    canvas.write("日", 20, 0)
    canvas.place(
      Picture(width: 64, height: 64) { x, _ in x < 32 ? (255, 0, 0) : (0, 0, 255) },
      in: Rect(
        column: 2, row: 2, columns: 16, rows: 5))
    canvas.fill(Rect(column: 4, row: 3, columns: 2, rows: 1))
    return canvas
  }

  @Test("As text it has the characters, and pictures in characters")
  func text() {
    let lines = Screenshot.text(of: frame()).split(separator: "\n", omittingEmptySubsequences: false)

    #expect(lines.count == 9 && lines[0] == "loss 0.5 é│         日" && lines[8] == "")
    var plain = frame()
    plain.fill(Rect(column: 4, row: 3, columns: 2, rows: 1), with: Cell.placeholder)
    #expect(Screenshot.text(of: plain).split(separator: "\n")[1].contains { ".:-=+*#%@".contains($0) })
  }

  @Test("As a picture it has 16 × 32 pixels a cell, and pictures in their own pixels")
  func image() {
    let image = Screenshot.image(of: frame())
    func pixel(_ column: Int, _ row: Int, _ x: Int = 4, _ y: Int = 4) -> [UInt8] {
      let at = ((row * 32 + y) * image.width + column * 16 + x) * 3
      return Array(image.pixels[at..<at + 3])
    }

    #expect(image.width == 480 && image.height == 256)
    #expect(pixel(2, 2) == [255, 0, 0] && pixel(9, 5) == [0, 0, 255])
    let ground = pixel(29, 7)
    // Over the picture's cells that a pop-up covers, and below it.
    #expect(pixel(4, 3) == ground && pixel(2, 7) == ground && ground == [18, 18, 20])
    #expect((0..<16).contains { x in (0..<32).contains { y in pixel(0, 0, x, y) != ground } })
    #expect(
      Screenshot.image(of: Canvas(size: Size(columns: 2, rows: 1)), isLight: true).pixels.allSatisfy { $0 == 255 })
  }

  @Test("Letters come from the font, and lines meet across cells")
  func glyphs() {
    #expect(BitmapFont.rows("A").map(Array.init) == [0, 0, 0x18, 0x24, 0x42, 0x42, 0x42, 0x7E, 0x42, 0x42, 0x42, 0, 0])
    for character in "✓✗⚑▸●○→↑…“ε" { #expect(BitmapFont.rows(character) != nil, "\(character)") }
    #expect(CellGlyph.rows("─")[8] == 0xFF && CellGlyph.rows("│").allSatisfy { $0 == 0x08 })
    #expect(CellGlyph.rows("╭")[8] == 0x0F && CellGlyph.rows("╭")[15] == 0x08 && CellGlyph.rows("╭")[0] == 0)
    #expect(CellGlyph.rows("█").allSatisfy { $0 == 0xFF } && CellGlyph.rows("▀")[7] == 0xFF)
    #expect(CellGlyph.rows("\u{2801}")[1] == 0x60 && CellGlyph.rows("\u{28FF}")[14] == 0x66)
    #expect(CellGlyph.rows("日") == CellGlyph.rows("本"))
  }

  @Test(
    "Curves are drawn with the chosen markers",
    arguments: [
      (Markers.braille, "⠁⣿"), (.block, "▘█"), (.ascii, "':"),
    ])
  func markers(markers: Markers, drawn: String) {
    var raster = DotRaster(columns: 2, rows: 1)
    raster.set(0, 0, .normal)
    for x in 2...3 { raster.column(x, from: 0, to: 3, .normal) }
    var canvas = Canvas(size: Size(columns: 2, rows: 1))
    canvas.markers = markers
    raster.draw(on: &canvas, 0, 0)

    #expect(Screenshot.text(of: canvas) == drawn + "\n")
  }
}
