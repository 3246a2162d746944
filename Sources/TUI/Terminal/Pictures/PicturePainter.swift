/// Knows which pictures stand on the screen, and makes the bytes that put one there.
///
/// The screen's text goes out first, with placeholder cells under each picture. A picture goes out when it is not there
/// yet: it changed, moved, or a pop-up that covered it has closed.
struct PicturePainter {
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

  private let route: KittyRoute
  private(set) var pixels: PixelGeometry
  private var standing: [Rect: Standing] = [:]
  /// Where pictures stood that the last frame has no more.
  private var gone: [Rect] = []
  private let encoder: PictureEncoder
  private var kitty: KittyPictures
  private var lastPlacement = 0
  /// What takes pictures off the screen that text does not erase: goes out before the frame's pictures.
  private var removal: [UInt8] = []

  /// - Parameter made: is called from another thread when a photo is ready to be drawn; nil makes photos at once.
  init(
    depth: ColorDepth, pixels: PixelGeometry, isLight: Bool = false, route: KittyRoute = .direct,
    family: Int = 1,
    made: (@Sendable () -> Void)? = nil
  ) {
    (self.pixels, self.route) = (pixels, route)
    encoder = PictureEncoder(depth: depth, isLight: isLight, made: made)
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
    encoder.begin()
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

  /// The bytes that draw one picture and leave the cursor where it was; nil while they are being made. From then on it
  /// stands on the screen, also when it could not be encoded: the error is thrown once.
  mutating func bytes(for job: Job, as graphics: Graphics) throws -> [UInt8]? {
    let (rect, picture) = (job.placement.rect, job.placement.picture)
    var stand = Standing(
      picture: picture.identity, graphics: graphics, size: picture.size, visible: job.visible)
    let recipe = PictureEncoder.Recipe(
      identity: picture.identity, cells: Size(columns: rect.columns, rows: rect.rows),
      cell: pixels.cell,
      graphics: graphics)
    if graphics == .kitty,
      let known = kitty.number(of: .init(identity: picture.identity, size: recipe.size))
    {
      return stands(job, &stand, kittyBytes(job, known, &stand))
    }
    do {
      guard let encoded = try encoder.encoded(recipe, of: picture) else { return nil }
      return stands(job, &stand, body(job, encoded, &stand))
    } catch {
      standing[rect] = stand
      throw error
    }
  }

  private mutating func stands(_ job: Job, _ stand: inout Standing, _ body: [UInt8]) -> [UInt8] {
    standing[job.placement.rect] = stand
    return Array("\u{1B}7".utf8) + body + Array("\u{1B}8".utf8)
  }

  private mutating func body(_ job: Job, _ encoded: PictureEncoder.Encoded, _ stand: inout Standing)
    -> [UInt8]
  {
    let rect = job.placement.rect
    switch encoded {
    case .whole(let bytes): return Self.cursor(to: rect) + bytes
    case .cells(let cells): return Self.bytes(of: cells, at: rect, visible: job.visible)
    case .kitty(let pixels):
      var (id, bytes) = kitty.send(
        .init(identity: job.placement.picture.identity, size: pixels.size), pixels)
      if route == .tmux {
        bytes += KittyCommands(route: route).placeVirtually(
          id, cells: Size(columns: rect.columns, rows: rect.rows))
      }
      return bytes + kittyBytes(job, id, &stand)
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

  /// What shows a picture that the terminal has.
  private mutating func kittyBytes(_ job: Job, _ id: Int, _ stand: inout Standing) -> [UInt8] {
    let (rect, cell) = (job.placement.rect, pixels.cell)
    stand.kitty = id
    if route == .tmux {
      let cells = KittyPlaceholders.picture(id, columns: rect.columns, rows: rect.rows)
      return Self.bytes(of: cells, at: rect, visible: job.visible)
    }
    return job.visible.flatMap { part in
      lastPlacement += 1
      stand.placements.append(lastPlacement)
      let crop = KittyCrop(
        x: (part.column - rect.column) * cell.width, y: (part.row - rect.row) * cell.height,
        size: PixelSize(width: part.columns * cell.width, height: part.rows * cell.height))
      let place = KittyCommands(route: route).place(
        id, as: lastPlacement, cells: Size(columns: part.columns, rows: part.rows),
        crop: part == rect ? nil : crop)
      return Self.cursor(to: part) + place
    }
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
