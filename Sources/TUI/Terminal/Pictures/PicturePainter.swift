/// Knows which pictures stand on the screen, and makes the bytes that put one there.
///
/// The screen's text goes out first, with placeholder cells under each picture. A picture goes out when it is not there
/// yet: it changed, moved, or a pop-up that covered it has closed. Encoded pictures are kept for a while, because people
/// go back and forth between the same few.
struct PicturePainter {
  /// All that the bytes of an encoded picture depend on.
  private struct Recipe: Hashable {
    let identity: UInt64
    let cells: Size
    let cell: PixelSize
    let graphics: Graphics
  }

  private enum Encoded {
    case whole([UInt8])
    case cells(CellPicture)
  }

  private struct Standing {
    let picture: UInt64
    let graphics: Graphics
    let size: PixelSize
    /// The parts that nothing is written over.
    var visible: [Rect]
    /// Its number in kitty's protocol, and those of its placements; characters need none.
    var kitty: Int?
    var placements: [Int] = []
  }

  /// A picture that has to be sent.
  struct Job: Equatable {
    let placement: ImagePlacement
    let visible: [Rect]
  }

  let depth: ColorDepth
  private let isLight: Bool
  private let route: KittyRoute
  private(set) var pixels: PixelGeometry
  private var standing: [Rect: Standing] = [:]
  /// Where pictures stood that the frame last asked about has no more.
  private var gone: [Rect] = []
  private var encoded: [Recipe: Encoded] = [:]
  private var kitty: KittyPictures
  private var lastPlacement = 0
  /// What takes pictures off the screen that text does not erase: goes out before the frame's pictures.
  private var removal: [UInt8] = []

  /// So many pictures are kept encoded; a page of pairs has 2, a page of reconstructions up to 22.
  private static let capacity = 192

  init(
    depth: ColorDepth, pixels: PixelGeometry, isLight: Bool = false, route: KittyRoute = .direct, family: Int = 1
  ) {
    (self.depth, self.pixels, self.isLight, self.route) = (depth, pixels, isLight, route)
    kitty = KittyPictures(route: route, family: family)
  }

  /// The screen was cleared, the window or its font changed: nothing can be relied on.
  mutating func forgetScreen(pixels: PixelGeometry) {
    standing = [:]
    gone = []
    // A terminal that clears its screen may free pictures, or not.
    removal = kitty.freeAll()
    self.pixels = pixels
  }

  /// The pictures of this frame that have to be sent, in the order of the frame.
  mutating func jobs(for canvas: Canvas) -> [Job] {
    let jobs = canvas.pictures.map { Job(placement: $0, visible: canvas.visibleParts(of: $0)) }
      .filter { isShowable($0, as: canvas.graphics) }
    let wanted = Dictionary(jobs.map { ($0.placement.rect, $0) }) { $1 }
    gone = []
    for (rect, old) in standing {
      if let job = wanted[rect], stays(old, job, as: canvas.graphics) {
        standing[rect]?.visible = job.visible
      } else {
        standing[rect] = nil
        leave(old, rect, for: wanted[rect]?.placement.picture)
      }
    }
    kitty.keep(standing.values.compactMap(\.kitty))
    return jobs.filter { standing[$0.placement.rect] == nil }
  }

  private mutating func leave(_ old: Standing, _ rect: Rect, for next: Picture?) {
    guard let id = old.kitty, !old.placements.isEmpty else {
      if next?.size != old.size { gone.append(rect) }
      return
    }
    for placement in old.placements { removal += KittyCommands(route: route).remove(id, placement: placement) }
  }

  /// Pixels that belong to the text's cells cannot be drawn in part.
  private func isShowable(_ job: Job, as graphics: Graphics) -> Bool {
    graphics == .sixel || graphics == .iterm2 ? job.visible == [job.placement.rect] : !job.visible.isEmpty
  }

  /// Whether what stands there is what is wanted; characters may also have been covered since.
  private func stays(_ old: Standing, _ job: Job, as graphics: Graphics) -> Bool {
    guard old.picture == job.placement.picture.identity, old.graphics == graphics else { return false }
    if old.visible == job.visible { return true }
    let isText = old.placements.isEmpty
    return isText && job.visible.allSatisfy { part in old.visible.contains { $0.contains(part) } }
  }

  /// Whether remains of another picture would be seen in this one's cells until it is sent: their text is the same.
  func standsOnRemains(_ job: Job) -> Bool { gone.contains { $0.intersects(job.placement.rect) } }

  /// What takes pictures off the screen that are not wanted any more; empty from then on.
  mutating func takeRemoval() -> [UInt8] {
    defer { removal = [] }
    return removal
  }

  /// The terminal has lost a picture: it is sent again with the next frame.
  mutating func terminalLost(_ id: Int) {
    kitty.forget(id)
    standing = standing.filter { $0.value.kitty != id }
  }

  // MARK: - Bytes

  /// The bytes that draw one picture and leave the cursor where it was. From then on it stands on the screen.
  mutating func bytes(for job: Job, as graphics: Graphics) throws -> [UInt8] {
    let (rect, picture) = (job.placement.rect, job.placement.picture)
    var stand = Standing(
      picture: picture.identity, graphics: graphics, size: picture.size, visible: job.visible)
    defer { standing[rect] = stand }
    return Array("\u{1B}7".utf8) + (try body(job, as: graphics, &stand)) + Array("\u{1B}8".utf8)
  }

  private mutating func body(_ job: Job, as graphics: Graphics, _ stand: inout Standing) throws -> [UInt8] {
    if graphics == .kitty { return kittyBytes(job, &stand) }
    let rect = job.placement.rect
    return switch try encoded(job.placement, as: graphics) {
    case .whole(let bytes): Self.cursor(to: rect) + bytes
    case .cells(let cells): Self.bytes(of: cells, at: rect, visible: job.visible)
    }
  }

  private static func cursor(to rect: Rect, row: Int = 0) -> [UInt8] {
    Array("\u{1B}[\(rect.row + 1 + row);\(rect.column + 1)H".utf8)
  }

  private static func bytes(of cells: CellPicture, at rect: Rect, visible: [Rect]) -> [UInt8] {
    visible.flatMap { part in
      (0..<part.rows).flatMap { row in
        let start = part.column - rect.column
        return cursor(to: part, row: row)
          + cells.bytes(row: part.row - rect.row + row, columns: start..<start + part.columns)
      }
    }
  }

  private mutating func kittyBytes(_ job: Job, _ stand: inout Standing) -> [UInt8] {
    let (rect, picture, cell) = (job.placement.rect, job.placement.picture, pixels.cell)
    let (columns, rows) = (rect.columns, rect.rows)
    let size = PixelSize(width: columns * cell.width, height: rows * cell.height)
    let commands = KittyCommands(route: route)
    var (id, bytes) = kitty.number(for: .init(identity: picture.identity, size: size)) {
      KittyPixels(picture, filling: size)
    }
    stand.kitty = id
    if route == .tmux {
      if !bytes.isEmpty { bytes += commands.placeVirtually(id, cells: Size(columns: columns, rows: rows)) }
      let cells = KittyPlaceholders.picture(id, columns: columns, rows: rows)
      return bytes + Self.bytes(of: cells, at: rect, visible: job.visible)
    }
    for part in job.visible {
      lastPlacement += 1
      stand.placements.append(lastPlacement)
      let crop = KittyCrop(
        x: (part.column - rect.column) * cell.width, y: (part.row - rect.row) * cell.height,
        size: PixelSize(width: part.columns * cell.width, height: part.rows * cell.height))
      bytes += Self.cursor(to: part)
      bytes += commands.place(
        id, as: lastPlacement, cells: Size(columns: part.columns, rows: part.rows), crop: part == rect ? nil : crop)
    }
    return bytes
  }

  private mutating func encoded(_ placement: ImagePlacement, as graphics: Graphics) throws -> Encoded {
    let (rect, picture) = (placement.rect, placement.picture)
    let recipe = Recipe(
      identity: picture.identity, cells: Size(columns: rect.columns, rows: rect.rows), cell: pixels.cell,
      graphics: graphics)
    if let known = encoded[recipe] { return known }
    let size = PixelSize(width: rect.columns * pixels.cell.width, height: rect.rows * pixels.cell.height)
    let (columns, rows) = (rect.columns, rect.rows)
    let made: Encoded =
      switch graphics {
      case .sixel: .whole(try SixelEncoder.encode(picture, size: size))
      case .iterm2: .whole(try InlineImage.encode(picture, size: size))
      case .ascii:
        .cells(HalfBlocks.ascii(picture, columns: columns, rows: rows, depth: depth, isLight: isLight))
      case .blocks, .kitty, .none: .cells(HalfBlocks.picture(picture, columns: columns, rows: rows, depth: depth))
      }
    if encoded.count >= Self.capacity { encoded = [:] }
    encoded[recipe] = made
    return made
  }

  /// What frees the pictures that the terminal keeps, before the program leaves it.
  mutating func freeAll() -> [UInt8] { kitty.freeAll() }
}

extension Canvas {
  /// The frame with each picture as plain characters in its cells (for `.ascii`), or with blanks (for `.none`).
  package func withPicturesAsText(isLight: Bool = false) -> Canvas {
    var canvas = self
    for placement in pictures where !isCovered(placement) {
      let rect = placement.rect
      canvas.fill(rect)
      guard graphics != .none else { continue }
      let picture = HalfBlocks.ascii(placement.picture, columns: rect.columns, rows: rect.rows, isLight: isLight)
      for (index, cell) in picture.cells.enumerated() {
        let (column, row) = (rect.column + index % rect.columns, rect.row + index / rect.columns)
        canvas.put(Cell(character: Character(cell.glyph), style: .dim), column, row)
      }
    }
    return canvas
  }
}
