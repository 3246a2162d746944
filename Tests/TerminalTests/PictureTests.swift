import Engine
import Foundation
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
    let text = String(decoding: try SixelEncoder.encode(red, size: PixelSize(width: 19, height: 18)), as: UTF8.self)

    #expect(text.hasPrefix("\u{1B}P"))
    #expect(text.contains("\"1;1;16;16"))
    #expect(text.contains("#0;2;78;"))  // 200 of 255 red, in hundredths
    #expect(text.hasSuffix("\u{1B}\\"))
  }

  @Test func aSmallPictureKeepsItsOwnColoursAsSixels() throws {
    let checks = Picture(width: 8, height: 8) { x, y in (x / 2 + y / 2) % 2 == 0 ? (10, 200, 30) : (250, 5, 90) }
    let text = String(decoding: try SixelEncoder.encode(checks, size: PixelSize(width: 50, height: 50)), as: UTF8.self)

    #expect(text.matches(of: /#\d+;2;/).count == 2)
    #expect(text.contains("\"1;1;48;48"))
    // Fields of 2 × 2 pixels become 12 × 12: each row of six has runs of 12 and nothing else.
    let runs = text.matches(of: /!(\d+)[?~]/).compactMap { Int($0.1) }
    #expect(!runs.isEmpty && runs.allSatisfy { $0 % 12 == 0 }, "\(runs)")
  }

  @Test func aHalfBlockHasTwoPixelsInTwoColours() {
    let picture = Picture(width: 1, height: 2) { _, y in y == 0 ? (255, 0, 0) : (0, 0, 255) }
    let text = { (depth: ColorDepth) in Self.line(HalfBlocks.picture(picture, columns: 1, rows: 1, depth: depth)) }

    #expect(text(.trueColor) == "\u{1B}[38;2;255;0;0;48;2;0;0;255m▀\u{1B}[0m")
    #expect(text(.cube256) == "\u{1B}[38;5;196;48;5;21m▀\u{1B}[0m")
    #expect(text(.eight) == "\u{1B}[31;44m▀\u{1B}[0m")
  }

  private static func line(_ picture: CellPicture) -> String {
    String(decoding: picture.bytes(row: 0, columns: 0..<picture.columns), as: UTF8.self)
  }

  @Test(
    "Eight colours mix to what a cell ought to look like",
    arguments: [
      ((229, 229, 229), "37;47m "), ((0, 0, 0), "30;40m "), ((205, 205, 0), "33;43m "), ((115, 115, 115), "▒"),
      ((60, 60, 60), "░"),
    ])
  func eightColors(color: (red: Int, green: Int, blue: Int), cell: String) {
    let flat = Picture(width: 2, height: 2) { _, _ in (UInt8(color.red), UInt8(color.green), UInt8(color.blue)) }
    let line = Self.line(EightColors.picture(flat, columns: 1, rows: 1))

    #expect(line.hasSuffix(cell + "\u{1B}[0m"), "\(line)")
  }

  @Test func coloursSetOnceHoldForTheWholeRun() {
    let line = HalfBlocks.picture(red, columns: 8, rows: 1, depth: .trueColor).bytes(row: 0, columns: 0..<8)

    #expect(line.filter { $0 == 0x1B }.count == 2)
  }

  @Test func aFlatGroundIsOneColourOfThe256() {
    let ground = Picture(width: 16, height: 16) { _, _ in (117, 140, 98) }
    let cells = HalfBlocks.picture(ground, columns: 8, rows: 4, depth: .cube256).cells

    #expect(Set(cells.flatMap { [$0.front?.code(isFront: true), $0.back?.code(isFront: true)] }).count == 1)
  }

  @Test func fewColoursAndCharactersShowWhatDiffersLittle() {
    let shape = { (handle: UInt8) in
      Picture(width: 12, height: 12) { x, y in
        let value: UInt8 = (4...7).contains(x) ? 120 : (8...9).contains(x) && (3...8).contains(y) ? handle : 90
        return (value, value, value)
      }
    }
    let glyphs = { (picture: Picture) in HalfBlocks.ascii(picture, columns: 12, rows: 6).cells.map(\.glyph) }

    #expect(glyphs(shape(120)) != glyphs(shape(90)))
    let stretched = shape(120).stretched()
    #expect(stretched.luminance(5, 5) - stretched.luminance(0, 0) == 90)
    #expect(red.stretched() == red)
  }

  @Test func asciiIsDenserWhereThePictureIsLighterAndTheOtherWayOnALightGround() {
    let ramp = Picture(width: 3, height: 1) { x, _ in
      let v = UInt8(x * 127); return (v, v, v)
    }
    let glyphs = { (isLight: Bool) in
      HalfBlocks.ascii(ramp, columns: 3, rows: 1, isLight: isLight).cells.map(\.glyph).joined()
    }

    #expect(glyphs(false) == " =@" && glyphs(true) == "@+ ")
  }

  @Test func asciiHasThePicturesColoursWhereThereAreAny() {
    let cell = { (depth: ColorDepth) in HalfBlocks.ascii(self.red, columns: 1, rows: 1, depth: depth).cells[0].front }

    #expect(cell(.none) == nil && cell(.eight) == .ansi(1) && cell(.trueColor) == .direct([200, 20, 10]))
  }

  @Test func aPlacementKeepsTheShapeToHalfACell() {
    let geometry = PixelGeometry(cell: PixelSize(width: 8, height: 15))

    #expect(geometry.cells(forWidth: 224, height: 224, in: Size(columns: 80, rows: 5)) == Size(columns: 9, rows: 5))
    #expect(geometry.cells(forWidth: 224, height: 224, in: Size(columns: 9, rows: 9)) == Size(columns: 9, rows: 5))
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 0, rows: 9)).columns == 0)
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 900, rows: 900)).columns * 8 <= 1000)
  }

  @Test func aSmallPictureGetsTheCellsOfAWholeNumberOfItself() {
    var geometry = PixelGeometry(cell: PixelSize(width: 8, height: 15))

    // 240 × 150 pixels hold 64 × 64 twice: 128 × 128 pixels on 16 × 9 cells.
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 30, rows: 10)) == Size(columns: 16, rows: 9))
    // Less than once: it shrinks, and keeps its shape.
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 30, rows: 3)) == Size(columns: 6, rows: 3))
    geometry.showsPixels = false
    #expect(geometry.cells(forWidth: 64, height: 64, in: Size(columns: 30, rows: 10)) == Size(columns: 19, rows: 10))
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
    let jobs = painter.jobs(for: canvas)
    for job in jobs { _ = try? painter.bytes(for: job, as: canvas.graphics) }
    return jobs.count
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

    let jobs = painter.jobs(for: next)

    #expect(jobs.map(painter.standsOnRemains) == [true, false])
    #expect(painter.jobs(for: next).map(painter.standsOnRemains) == [false, false])
  }

  @Test func afterAResizeEverythingIsSentAgain() {
    var painter = PicturePainter(depth: .cube256, pixels: PixelGeometry())
    _ = sent(canvas(picture), by: &painter)
    painter.forgetScreen(pixels: PixelGeometry())

    #expect(sent(canvas(picture), by: &painter) == 1)
  }

  @Test func theBytesSaveTheCursorGoToTheCellAndComeBack() throws {
    var painter = PicturePainter(depth: .trueColor, pixels: PixelGeometry())
    let job = painter.jobs(for: canvas(picture))[0]
    let text = String(
      decoding: try #require(try painter.bytes(for: job, as: .sixel)), as: UTF8.self)

    #expect(text.hasPrefix("\u{1B}7\u{1B}[2;3H\u{1B}P"))
    #expect(text.hasSuffix("\u{1B}\\\u{1B}8"))
  }

  @Test func anInlineImageIsAPNGOfItsOwnSize() throws {
    var painter = PicturePainter(depth: .trueColor, pixels: PixelGeometry())
    var frame = canvas(picture)
    frame.graphics = .iterm2
    let bytes = try painter.bytes(for: painter.jobs(for: frame)[0], as: .iterm2)
    let text = String(decoding: try #require(bytes), as: UTF8.self)

    let match = try #require(text.wholeMatch(of: /\u{1B}7\u{1B}\[2;3H\u{1B}\]1337;File=([^:]*):(.*)\u{7}\u{1B}8/))
    let file = try #require(Data(base64Encoded: String(match.2)))
    #expect(match.1.contains("inline=1;size=\(file.count);width=64px;height=64px"))
    #expect(try Image(decoding: file, named: "inline") == picture.image)
  }

  @Test func halfBlocksUnderAPopUpAreDrawnBesideIt() throws {
    var painter = PicturePainter(depth: .trueColor, pixels: PixelGeometry())
    var frame = canvas(picture, popUp: true)
    frame.graphics = .blocks
    let jobs = painter.jobs(for: frame)

    #expect(jobs.count == 1)
    let text = String(
      decoding: try #require(try painter.bytes(for: jobs[0], as: .blocks)), as: UTF8.self)
    let (cells, hidden) = (box.columns * box.rows, "help".count)
    #expect(text.count { $0 == "▀" } >= (cells - hidden) / 2 && text.contains("\u{1B}[4;9H"))
    #expect(sent(frame, by: &painter) == 0)
  }

  @Test func photosAreMadeOnAnotherThreadAndSmallPicturesAtOnce() async throws {
    let (made, done) = AsyncStream.makeStream(of: Void.self)
    var painter = PicturePainter(depth: .trueColor, pixels: PixelGeometry(), made: { done.yield() })
    var canvas = Canvas(size: Size(columns: 80, rows: 24))
    canvas.place(picture, in: box)
    canvas.place(
      Picture(width: 200, height: 200) { x, y in (UInt8(x), UInt8(y), 9) },
      in: Rect(
        column: 20, row: 1, columns: 30, rows: 15))
    let jobs = painter.jobs(for: canvas)

    #expect(try painter.bytes(for: jobs[0], as: .sixel) != nil)
    #expect(try painter.bytes(for: jobs[1], as: .sixel) == nil)
    for await _ in made { break }
    let rest = painter.jobs(for: canvas)
    #expect(rest == [jobs[1]])
    #expect(try painter.bytes(for: rest[0], as: .sixel) != nil && painter.jobs(for: canvas).isEmpty)
  }

  @Test func asTextAPictureIsCharactersOrNothing() {
    var frame = canvas(picture)
    frame.graphics = .ascii
    #expect(frame.withPicturesAsText()[3, 2].character == "#")
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
