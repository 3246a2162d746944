import TestSupport
import Testing

@testable import Terminal

@Suite("Kitty graphics") struct KittyTests {
  private static func sample(_ shade: Int) -> Picture {
    Picture(width: 64, height: 64) { x, y in (UInt8(x * 4), UInt8(y * 4), UInt8(shade & 255)) }
  }

  private let box = Rect(column: 2, row: 1, columns: 20, rows: 9)

  private func frame(_ pictures: [(Picture, Rect)], popUp: Rect? = nil) -> Canvas {
    var canvas = Canvas(size: Size(columns: 60, rows: 24), graphics: .kitty)
    for (picture, box) in pictures { canvas.place(picture, in: box) }
    if let popUp { canvas.fill(popUp) }
    return canvas
  }

  /// A painter and the terminal that its bytes go to.
  private struct Show {
    var painter: PicturePainter
    var screen: KittyScreen

    init(_ route: KittyRoute = .direct) {
      painter = PicturePainter(depth: .trueColor, pixels: PixelGeometry(), route: route, family: 7)
      screen = KittyScreen(columns: 60, rows: 24, isTmux: route == .tmux)
    }

    /// Shows a frame as the terminal does; gives the bytes that its pictures took.
    mutating func show(_ canvas: Canvas) throws -> Int {
      let before = screen.received
      let jobs = painter.jobs(for: canvas)
      screen.feed(painter.takeRemoval())
      for job in jobs { screen.feed(try painter.bytes(for: job, as: .kitty) ?? []) }
      return screen.received - before
    }
  }

  @Test("A picture's pixels arrive as they are, enlarged by a whole number")
  func pixels() throws {
    var show = Show()
    let picture = Self.sample(9)
    _ = try show.show(frame([(picture, box)]))

    #expect(show.screen.errors == [])
    let image = try #require(show.screen.images.values.first)
    // 20 × 9 cells of 8 × 16 pixels hold 64 × 64 pixels twice.
    #expect((image.width, image.height) == (128, 128))
    let expected = picture.enlarged(by: 2).image.pixels
    #expect(image.pixels.flatMap { [$0.x, $0.y, $0.z] } == expected && image.pixels.allSatisfy { $0.w == 255 })
    #expect(show.screen.placements.values.map(\.rect) == [Rect(column: 2, row: 1, columns: 16, rows: 8)])
  }

  @Test("What does not fill its cells is clear there")
  func padding() throws {
    var show = Show()
    _ = try show.show(frame([(Picture(width: 60, height: 50) { _, _ in (1, 2, 3) }, box)]))

    let image = try #require(show.screen.images.values.first)
    #expect((image.width, image.height) == (120, 112))
    #expect(image.pixels[0] == SIMD4(1, 2, 3, 255) && image.pixels[100 * 120] == SIMD4(0, 0, 0, 0))
  }

  @Test("Blinking between two pictures sends each once, then tens of bytes")
  func blinking() throws {
    var show = Show()
    let (one, two) = (frame([(Self.sample(1), box)]), frame([(Self.sample(2), box)]))
    let first = try [one, two].map { try show.show($0) }
    let later = try [one, two, one].map { try show.show($0) }

    #expect(first.allSatisfy { $0 > 500 })
    #expect(later.allSatisfy { $0 > 0 && $0 < 150 }, "\(later)")
    #expect(show.screen.images.count == 2 && show.screen.placements.count == 1)
    #expect(try show.show(one) == 0)
    #expect(show.screen.errors == [])
  }

  @Test("A picture that is gone is taken off the screen, and costs tens of bytes when it comes back")
  func comingBack() throws {
    var show = Show()
    let full = frame([(Self.sample(1), box)])
    _ = try show.show(full)
    let leaving = try show.show(frame([]))

    #expect(show.screen.placements.isEmpty && show.screen.images.count == 1 && leaving < 80)
    #expect(try show.show(full) < 100)
    #expect(show.screen.placements.count == 1 && show.screen.errors == [])
  }

  @Test("Under a pop-up only the part beside it is seen", arguments: [KittyRoute.direct, .tmux])
  func popUp(route: KittyRoute) throws {
    var show = Show(route)
    let picture = Self.sample(3)
    let hole = Rect(column: 6, row: 3, columns: 30, rows: 3)
    let whole = frame([(picture, box)])
    _ = try show.show(whole)
    let covered = frame([(picture, box)], popUp: hole)
    let cost = try show.show(covered)
    // Placeholders are text: the pop-up's own text goes over them.
    let isSeen = { (column: Int, row: Int) in show.screen.pixel(column: column, row: row) != nil }

    if route == .direct {
      #expect(!isSeen(6, 3) && !isSeen(17, 5) && isSeen(5, 3) && isSeen(6, 2) && isSeen(2, 8))
      #expect(cost < 400)
    } else {
      #expect(cost == 0)
    }
    _ = try show.show(whole)
    let enlarged = picture.enlarged(by: 2)
    for (column, row) in [(2, 1), (6, 3), (17, 5), (2, 8)] {
      let (x, y) = ((column - 2) * 8, (row - 1) * 16)
      let (red, green, blue) = enlarged[x, y]
      #expect(show.screen.pixel(column: column, row: row) == SIMD4(red, green, blue, 255), "\(column), \(row)")
    }
    #expect(show.screen.errors == [])
  }

  @Test("A picture that comes under an open pop-up is seen beside it", arguments: [KittyRoute.direct, .tmux])
  func comingUnderAPopUp(route: KittyRoute) throws {
    var show = Show(route)
    _ = try show.show(frame([(Self.sample(3), box)], popUp: Rect(column: 0, row: 0, columns: 10, rows: 24)))

    #expect(show.screen.pixel(column: 9, row: 4) == nil && show.screen.pixel(column: 10, row: 4) != nil)
    #expect(show.screen.pixel(column: 17, row: 8) != nil && show.screen.errors == [])
  }

  @Test("After a resize, or Ctrl-L, everything is freed and sent again at the new size")
  func resize() throws {
    var show = Show()
    _ = try show.show(frame([(Self.sample(1), box), (Self.sample(2), Rect(column: 30, row: 1, columns: 20, rows: 9))]))
    var pixels = PixelGeometry()
    pixels.cell = PixelSize(width: 10, height: 20)
    show.painter.forgetScreen(pixels: pixels)
    var canvas = Canvas(size: Size(columns: 60, rows: 24), pixels: pixels, graphics: .kitty)
    canvas.place(Self.sample(1), in: box)
    _ = try show.show(canvas)

    #expect(show.screen.images.count == 1 && show.screen.placements.count == 1)
    #expect(show.screen.images.values.first?.width == 130 && show.screen.errors == [])
  }

  @Test(
    "Of many pictures the terminal keeps those used last, and what is on the screen stays",
    arguments: [
      KittyRoute.direct, .tmux,
    ])
  func many(route: KittyRoute) throws {
    var show = Show(route)
    let tiny = { (shade: Int) in Picture(width: 8, height: 16) { _, _ in (0, UInt8(shade / 16), UInt8(shade & 255)) } }
    let cell = Rect(column: 4, row: 1, columns: 1, rows: 1)
    let still = (tiny(255), Rect(column: 30, row: 1, columns: 1, rows: 1))
    for shade in 0..<250 {
      _ = try show.show(frame([(tiny(shade), cell), still]))
      #expect(show.screen.images.count <= 200)
      #expect(show.screen.pixel(column: 30, row: 1) == SIMD4(0, 15, 255, 255), "\(shade)")
    }
    #expect(show.screen.errors == [])
    show.screen.feed(show.painter.freeAll())
    #expect(show.screen.images.isEmpty && show.screen.errors == [])
  }

  @Test("A picture that the terminal reports as lost is sent again")
  func lost() throws {
    var show = Show()
    let canvas = frame([(Self.sample(1), box)])
    _ = try show.show(canvas)
    let id = try #require(show.screen.images.keys.first)
    show.screen.lose(id)
    #expect(KittyCommands.refusedPicture(in: "_Gi=\(id),p=3;ENOENT:no such image") == id)
    #expect(KittyCommands.refusedPicture(in: "_Gi=31;OK") == nil)
    show.painter.terminalLost(id)
    _ = try show.show(canvas)

    #expect(show.screen.images.count == 1 && show.screen.placements.count == 1 && show.screen.errors == [])
  }

  @Test("Inside tmux each cell names its part of the picture")
  func placeholders() throws {
    var show = Show(.tmux)
    _ = try show.show(frame([(Self.sample(1), box)]))
    let id = try #require(show.screen.images.keys.first)

    #expect(show.screen.virtual == [id: Size(columns: 16, rows: 8)] && id & 0xFF >= 16)
    for (column, row) in [(2, 1), (17, 8), (9, 4)] {
      let found = try #require(show.screen.placeholder(column: column, row: row))
      #expect(found.id == id && found.cell == (column - 2, row - 1))
    }
    #expect(show.screen.placeholder(column: 18, row: 1) == nil && show.screen.errors == [])
  }

  /// From kitty's gen/rowcolumn-diacritics.txt: the first, some in the middle, and places after each gap.
  @Test("The marks of rows and columns are kitty's")
  func marks() {
    let known: [(Int, UInt32)] = [
      (0, 0x305), (1, 0x30D), (2, 0x30E), (3, 0x310), (4, 0x312), (5, 0x33D), (17, 0x363), (29, 0x36F), (30, 0x483),
      (53, 0x5C4), (54, 0x610), (62, 0x657),
    ]
    for (index, mark) in known { #expect(KittyPlaceholders.marks[index].value == mark, "\(index)") }
    #expect(KittyPlaceholders.marks.contains("\u{1DE6}") && !KittyPlaceholders.marks.contains("\u{1DE7}"))
    // A picture can be so many columns wide.
    #expect(KittyPlaceholders.limit > 255)
  }

  @Test("A picture as large as the terminal allows goes in whole chunks")
  func large() throws {
    var show = Show()
    let noise = Picture(width: 400, height: 300) { x, y in
      let value = (x &* 7919 &+ y &* 104_729) &* (x ^ y &* 31)
      return (UInt8(value & 255), UInt8(value >> 3 & 255), UInt8(value >> 5 & 255))
    }
    let bytes = try show.show(frame([(noise, Rect(column: 0, row: 1, columns: 60, rows: 22))]))

    #expect(bytes > 100_000 && show.screen.errors == [])
    #expect(show.screen.images.values.first.map { $0.width * $0.height } == 59 * 8 * 22 * 16)
  }
}
