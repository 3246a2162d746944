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

  let depth: ColorDepth
  private(set) var pixels: PixelGeometry
  private var shown: [Rect: UInt64] = [:]
  /// Where pictures stood that the frame last asked about has no more.
  private var gone: [Rect] = []
  private var encoded: [Recipe: [[UInt8]]] = [:]

  /// So many pictures are kept encoded; a page of pairs has 2, a page of reconstructions up to 22.
  private static let capacity = 96

  init(depth: ColorDepth, pixels: PixelGeometry) {
    self.depth = depth
    self.pixels = pixels
  }

  /// The screen was cleared, the window or its font changed: nothing can be relied on.
  mutating func forgetScreen(pixels: PixelGeometry) {
    shown = [:]
    self.pixels = pixels
  }

  /// The pictures of this frame that have to be sent, in the order of the frame.
  mutating func missing(in canvas: Canvas) -> [ImagePlacement] {
    let clear = canvas.pictures.filter { !canvas.isCovered($0) }
    let wanted = Dictionary(clear.map { ($0.rect, $0.picture.identity) }) { $1 }
    gone = shown.keys.filter { wanted[$0] == nil }
    shown = shown.filter { wanted[$0.key] != nil }
    return clear.filter { shown[$0.rect] != $0.picture.identity }
  }

  /// Whether remains of another picture would be seen in this one's cells until it is sent: their text is the same.
  func standsOnRemains(_ placement: ImagePlacement) -> Bool { gone.contains { $0.intersects(placement.rect) } }

  mutating func markShown(_ placement: ImagePlacement) { shown[placement.rect] = placement.picture.identity }

  /// The bytes that draw one picture and leave the cursor where it was.
  mutating func bytes(for placement: ImagePlacement, as graphics: Graphics) throws -> [UInt8] {
    let rect = placement.rect
    let lines = try lines(for: placement, as: graphics)
    var bytes: [UInt8] = Array("\u{1B}7".utf8)
    for (index, line) in lines.enumerated() {
      bytes += Array("\u{1B}[\(rect.row + 1 + index);\(rect.column + 1)H".utf8) + line
    }
    return bytes + Array("\u{1B}8".utf8)
  }

  private mutating func lines(for placement: ImagePlacement, as graphics: Graphics) throws -> [[UInt8]] {
    let (rect, picture) = (placement.rect, placement.picture)
    let recipe = Recipe(
      identity: picture.identity, cells: Size(columns: rect.columns, rows: rect.rows), cell: pixels.cell,
      graphics: graphics)
    if let lines = encoded[recipe] { return lines }
    let (width, height) = (rect.columns * pixels.cell.width, rect.rows * pixels.cell.height)
    let lines =
      graphics == .sixel
      ? [try SixelEncoder.encode(picture.scaled(toWidth: width, height: height))]
      : HalfBlocks.encode(picture, columns: rect.columns, rows: rect.rows, depth: depth)
    if encoded.count >= Self.capacity { encoded = [:] }
    encoded[recipe] = lines
    return lines
  }
}

extension Canvas {
  /// The frame with each picture as plain characters in its cells (for `.ascii`), or with blanks (for `.none`).
  func withPicturesAsText() -> Canvas {
    var canvas = self
    for placement in pictures where !isCovered(placement) {
      let rect = placement.rect
      canvas.fill(rect)
      guard graphics == .ascii else { continue }
      let lines = HalfBlocks.ascii(placement.picture, columns: rect.columns, rows: rect.rows)
      for (row, line) in lines.enumerated() {
        for (column, character) in line.enumerated() {
          canvas.put(Cell(character: character, style: .normal), rect.column + column, rect.row + row)
        }
      }
    }
    return canvas
  }
}
