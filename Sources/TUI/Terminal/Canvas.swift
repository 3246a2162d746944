/// One character on the screen.
package struct Cell: Equatable, Sendable {
  package var character: Character
  package var style: Style

  static let blank = Cell(character: " ", style: .normal)
  /// Stands right of a character that is two cells wide.
  package static let continuation: Character = "\0"
  /// Stands under a picture. Not a plain space: a terminal library may erase a blank line with one command, and the
  /// pixels with it; and when the picture goes, this is what makes the cell differ from the space that follows.
  package static let placeholder: Character = "\u{A0}"
}

/// A picture on the screen: which cells it fills.
struct ImagePlacement: Equatable, Sendable {
  var rect: Rect
  var picture: Picture
}

/// One frame of the screen as a value: cells and pictures. Views draw into it, terminals show it.
///
/// Whatever is written outside is cut off, and control characters never get in.
package struct Canvas: Equatable, Sendable {
  package let size: Size
  package let pixels: PixelGeometry
  package var graphics = Graphics.sixel
  package var markers = Markers.braille
  private(set) var cells: [Cell]
  private(set) var pictures: [ImagePlacement] = []
  /// What the mouse can be used on.
  package private(set) var targets: [MouseTarget] = []

  package init(size: Size, pixels: PixelGeometry = .usual, graphics: Graphics = .sixel) {
    self.size = Size(columns: max(size.columns, 0), rows: max(size.rows, 0))
    var pixels = pixels
    pixels.showsPixels = graphics.hasPixels
    self.pixels = pixels
    self.graphics = graphics
    cells = Array(repeating: .blank, count: self.size.columns * self.size.rows)
  }

  package var bounds: Rect { Rect(column: 0, row: 0, columns: size.columns, rows: size.rows) }

  package subscript(column: Int, row: Int) -> Cell { cells[row * size.columns + column] }

  /// Says what a place is to the mouse.
  package mutating func mark(_ rect: Rect, _ part: MouseTarget.Part) {
    targets.append(MouseTarget(rect: rect, part: part))
  }

  /// A pop-up lies over everything: until something is marked again the mouse finds nothing.
  package mutating func dropMarks() { targets = [] }

  func hasSameText(_ row: Int, as other: Canvas) -> Bool {
    guard size == other.size else { return false }
    let range = row * size.columns..<(row + 1) * size.columns
    return cells[range] == other.cells[range]
  }

  /// Writes one line of text and gives the column after it; at `limit` (a column) it ends with "…".
  @discardableResult
  package mutating func write(
    _ text: String, _ column: Int, _ row: Int, _ style: Style = .normal, limit: Int? = nil
  ) -> Int {
    let limit = min(limit ?? size.columns, size.columns)
    guard row >= 0, row < size.rows, column < limit else { return column }
    var at = column
    var rest = Substring(text.safeForTerminal)
    if at + rest.cellWidth > limit { rest = Substring(rest.cut(toCells: limit - at)) }
    for character in rest {
      let width = character.cellWidth
      guard at >= 0, width > 0 else {
        at += width
        continue
      }
      put(Cell(character: character, style: style), at, row)
      if width == 2 { put(Cell(character: Cell.continuation, style: style), at + 1, row) }
      at += width
    }
    return at
  }

  /// Writes texts one after the other and gives the column after them.
  @discardableResult
  package mutating func write(_ texts: [(String, Style)], _ column: Int, _ row: Int, limit: Int? = nil) -> Int {
    var column = column
    for (text, style) in texts { column = write(text, column, row, style, limit: limit) }
    return column
  }

  /// Writes one line of text that ends just before `endColumn`.
  package mutating func writeRight(_ text: String, endColumn: Int, _ row: Int, _ style: Style = .normal) {
    write(text, endColumn - text.safeForTerminal.cellWidth, row, style, limit: endColumn)
  }

  mutating func put(_ cell: Cell, _ column: Int, _ row: Int) {
    guard column >= 0, column < size.columns, row >= 0, row < size.rows else { return }
    cells[row * size.columns + column] = cell
  }

  package mutating func fill(_ rect: Rect, with character: Character = " ", _ style: Style = .normal) {
    for index in indices(of: rect) { cells[index] = Cell(character: character, style: style) }
  }

  /// Marks what is written in a row as selected, from edge to edge.
  mutating func select(_ rect: Rect) {
    for index in indices(of: rect) { cells[index].style.isSelected = true }
  }

  /// The cells of the box that lie on the screen.
  private func indices(of rect: Rect) -> [Int] {
    let columns = max(rect.column, 0)..<max(rect.column, 0, min(rect.endColumn, size.columns))
    let rows = max(rect.row, 0)..<max(rect.row, 0, min(rect.endRow, size.rows))
    return rows.flatMap { row in columns.map { row * size.columns + $0 } }
  }

  /// Shows a picture as large as `box` allows, undistorted, at the box's top left; gives the cells it got.
  ///
  /// Never on the last row of the screen: a sixel picture there would scroll everything.
  @discardableResult
  package mutating func place(_ picture: Picture, in box: Rect) -> Rect {
    let rows = min(box.rows, size.rows - 1 - box.row)
    let columns = min(box.columns, size.columns - box.column)
    let fitted = pixels.cells(
      forWidth: picture.width, height: picture.height, in: Size(columns: columns, rows: rows))
    let rect = Rect(column: box.column, row: box.row, columns: fitted.columns, rows: fitted.rows)
    guard !rect.isEmpty, rect.column >= 0, rect.row >= 0 else { return rect }
    fill(rect, with: Cell.placeholder)
    pictures.append(ImagePlacement(rect: rect, picture: picture))
    return rect
  }

  /// Whether something was written over the picture (a pop-up).
  func isCovered(_ placement: ImagePlacement) -> Bool { visibleParts(of: placement) != [placement.rect] }

  /// The parts of a picture that nothing was written over, as few rectangles.
  func visibleParts(of placement: ImagePlacement) -> [Rect] {
    let rect = placement.rect
    var done: [Rect] = []
    var open: [Rect] = []
    for row in rect.row..<rect.endRow {
      let runs = placeholderRuns(row: row, columns: rect.column..<rect.endColumn)
      let (going, ended) = (open.filter { runs.contains($0.column..<$0.endColumn) }, open)
      done += ended.filter { old in !going.contains(old) }
      open = runs.map { run in
        var part =
          going.first { $0.column == run.lowerBound }
          ?? Rect(column: run.lowerBound, row: row, columns: run.count, rows: 0)
        part.rows += 1
        return part
      }
    }
    return done + open
  }

  private func placeholderRuns(row: Int, columns: Range<Int>) -> [Range<Int>] {
    guard row >= 0, row < size.rows else { return [] }
    var runs: [Range<Int>] = []
    var start: Int?
    for column in columns.clamped(to: 0..<size.columns) {
      let isFree = cells[row * size.columns + column].character == Cell.placeholder
      if isFree, start == nil { start = column }
      if !isFree, let first = start {
        runs.append(first..<column)
        start = nil
      }
    }
    if let first = start { runs.append(first..<min(columns.upperBound, size.columns)) }
    return runs
  }
}
