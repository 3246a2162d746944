import TestSupport
import Testing

@testable import Terminal

@Suite struct PictureTests {
  private let red = Picture(width: 4, height: 4) { _, _ in (200, 20, 10) }

  @Test func aPlainPictureStaysPlainAtAnySize() {
    for size in [(1, 1), (3, 7), (64, 40)] {
      let scaled = red.scaled(toWidth: size.0, height: size.1)
      #expect(scaled == Picture(width: size.0, height: size.1) { _, _ in (200, 20, 10) })
    }
  }

  @Test func shrinkingAveragesAndGrowingBlends() {
    let halves = Picture(width: 2, height: 1) { x, _ in x == 0 ? (0, 0, 0) : (200, 200, 200) }

    #expect(halves.scaled(toWidth: 1, height: 1)[0, 0].red == 100)
    #expect((0..<4).map { halves.scaled(toWidth: 4, height: 1)[$0, 0].red } == [0, 50, 150, 200])
  }

  @Test func equalPicturesHaveOneIdentityAndOthersAnother() {
    #expect(red.identity == Picture(width: 4, height: 4) { _, _ in (200, 20, 10) }.identity)
    #expect(red.identity != Picture(width: 4, height: 4) { x, y in (200, 20, x == 3 && y == 3 ? 11 : 10) }.identity)
    #expect(red.identity != Picture(width: 2, height: 8) { _, _ in (200, 20, 10) }.identity)
  }

  @Test func aSixelSaysItsSizeAndItsColours() throws {
    let text = String(decoding: try SixelEncoder.encode(red.scaled(toWidth: 16, height: 12)), as: UTF8.self)

    #expect(text.hasPrefix("\u{1B}P"))
    #expect(text.contains("\"1;1;16;12"))
    #expect(text.contains("#0;2;78;"))  // 200 of 255 red, in hundredths
    #expect(text.hasSuffix("\u{1B}\\"))
  }

  @Test func aHalfBlockHasTwoPixelsInTwoColours() {
    let picture = Picture(width: 1, height: 2) { _, y in y == 0 ? (255, 0, 0) : (0, 0, 255) }
    let text = { (depth: ColorDepth) in
      String(decoding: HalfBlocks.encode(picture, columns: 1, rows: 1, depth: depth)[0], as: UTF8.self)
    }

    #expect(text(.trueColor) == "\u{1B}[38;2;255;0;0;48;2;0;0;255m▀\u{1B}[0m")
    #expect(text(.cube256) == "\u{1B}[38;5;196;48;5;21m▀\u{1B}[0m")
    #expect(text(.eight) == "\u{1B}[31;44m▀\u{1B}[0m")
  }

  @Test(
    "Eight colours mix to what a cell ought to look like",
    arguments: [
      ((229, 229, 229), "37;47m "), ((0, 0, 0), "30;40m "), ((205, 205, 0), "33;43m "), ((115, 115, 115), "▒"),
      ((60, 60, 60), "░"),
    ])
  func eightColors(color: (red: Int, green: Int, blue: Int), cell: String) {
    let flat = Picture(width: 2, height: 2) { _, _ in (UInt8(color.red), UInt8(color.green), UInt8(color.blue)) }
    let line = String(decoding: EightColors.encode(flat, columns: 1, rows: 1)[0], as: UTF8.self)

    #expect(line.hasSuffix(cell + "\u{1B}[0m"), "\(line)")
  }

  @Test func coloursSetOnceHoldForTheWholeRun() {
    let line = HalfBlocks.encode(red, columns: 8, rows: 1, depth: .trueColor)[0]

    #expect(line.filter { $0 == 0x1B }.count == 2)
  }

  @Test func asciiIsDenserWhereThePictureIsLighter() {
    let ramp = Picture(width: 3, height: 1) { x, _ in
      let v = UInt8(x * 127); return (v, v, v)
    }

    #expect(String(HalfBlocks.ascii(ramp, columns: 3, rows: 1)[0]) == " =@")
  }

  @Test func aPlacementKeepsTheShapeToHalfACell() {
    let geometry = PixelGeometry(cell: PixelSize(width: 8, height: 15))

    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 80, rows: 5)) == Size(columns: 9, rows: 5))
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 9, rows: 9)) == Size(columns: 9, rows: 5))
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 0, rows: 9)).columns == 0)
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 900, rows: 900)).columns * 8 <= 1000)
  }
}

@Suite struct PainterTests {
  private let picture = Self.sample(0)
  private let box = Rect(column: 2, row: 1, columns: 10, rows: 5)

  private static func sample(_ shade: UInt8) -> Picture {
    Picture(width: 64, height: 64) { x, y in x + y < 40 ? (226, 220, 205) : (70, 84, shade) }
  }

  private func canvas(_ picture: Picture, popUp: Bool = false) -> Canvas {
    var canvas = Canvas(size: Size(columns: 40, rows: 12))
    canvas.place(picture, in: box)
    if popUp { canvas.write("help", 4, 3) }
    return canvas
  }

  private func sent(_ canvas: Canvas, by painter: inout PicturePainter) -> Int {
    let missing = painter.missing(in: canvas)
    for placement in missing { painter.markShown(placement) }
    return missing.count
  }

  @Test func aPictureIsSentOnceAndAgainOnlyWhenItChanges() {
    var painter = PicturePainter(depth: .cube256, pixels: PixelGeometry())

    #expect(sent(canvas(picture), by: &painter) == 1)
    #expect(sent(canvas(picture), by: &painter) == 0)
    #expect(sent(canvas(Self.sample(1)), by: &painter) == 1)
  }

  @Test func aPictureUnderAPopUpWaitsAndComesBackAfterIt() {
    var painter = PicturePainter(depth: .cube256, pixels: PixelGeometry())

    #expect(sent(canvas(picture), by: &painter) == 1)
    #expect(sent(canvas(picture, popUp: true), by: &painter) == 0)
    #expect(sent(canvas(picture), by: &painter) == 1)
  }

  @Test func aPictureKnowsWhetherItStandsOnTheRemainsOfAnother() {
    var painter = PicturePainter(depth: .cube256, pixels: PixelGeometry())
    _ = sent(canvas(picture), by: &painter)
    var next = Canvas(size: Size(columns: 40, rows: 12))
    next.place(Self.sample(1), in: Rect(column: 3, row: 1, columns: 4, rows: 2))
    next.place(Self.sample(2), in: Rect(column: 30, row: 1, columns: 4, rows: 2))

    let missing = painter.missing(in: next)

    #expect(missing.map(painter.standsOnRemains) == [true, false])
    #expect(painter.missing(in: next).map(painter.standsOnRemains) == [false, false])
  }

  @Test func afterAResizeEverythingIsSentAgain() {
    var painter = PicturePainter(depth: .cube256, pixels: PixelGeometry())
    _ = sent(canvas(picture), by: &painter)
    painter.forgetScreen(pixels: PixelGeometry())

    #expect(sent(canvas(picture), by: &painter) == 1)
  }

  @Test func theBytesSaveTheCursorGoToTheCellAndComeBack() throws {
    var painter = PicturePainter(depth: .trueColor, pixels: PixelGeometry())
    let placement = canvas(picture).pictures[0]
    let text = String(decoding: try painter.bytes(for: placement, as: .sixel), as: UTF8.self)

    #expect(text.hasPrefix("\u{1B}7\u{1B}[2;3H\u{1B}P"))
    #expect(text.hasSuffix("\u{1B}\\\u{1B}8"))
  }

  @Test func asTextAPictureIsCharactersOrNothing() {
    var frame = canvas(picture)
    frame.graphics = .ascii
    #expect(frame.withPicturesAsText()[3, 2].character == "%")
    frame.graphics = .none
    #expect(frame.withPicturesAsText()[3, 2].character == " ")
  }

  @Test func aPictureThatWouldTouchTheLastRowShrinks() {
    var canvas = Canvas(size: Size(columns: 40, rows: 6))
    let rect = canvas.place(picture, in: Rect(column: 0, row: 1, columns: 40, rows: 20))

    #expect(rect.endRow == 5)
  }
}

@Suite struct CanvasTests {
  @Test func textIsCutWithAnEllipsisAndWideCharactersTakeTwoCells() {
    var canvas = Canvas(size: Size(columns: 8, rows: 3))
    canvas.write("a long line", 0, 0)
    canvas.write("日本語日本語", 0, 1)
    canvas.write("above", 0, -1)
    canvas.write("left", -2, 2)

    #expect(canvas.text == "a long …\n日本語…\nft")
    #expect(canvas[1, 1].character == Cell.continuation)
  }
}
