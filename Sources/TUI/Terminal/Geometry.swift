/// How many character cells a screen has.
package struct Size: Equatable, Hashable, Sendable {
  package var columns: Int
  package var rows: Int

  package init(columns: Int, rows: Int) { (self.columns, self.rows) = (columns, rows) }
}

/// A size in pixels.
package struct PixelSize: Equatable, Hashable, Sendable {
  package var width: Int
  package var height: Int

  /// The longest side of a picture whose pixels are enlarged as they are; a longer one is a photo and is smoothed.
  private static let longestSmallSide = 128

  /// How often this picture fits into `room` without a pixel being cut; nil for a photo, or where it does not fit.
  func wholeFactor(in room: PixelSize) -> Int? {
    guard width > 0, height > 0, max(width, height) <= Self.longestSmallSide else { return nil }
    let factor = min(room.width / width, room.height / height)
    return factor > 0 ? factor : nil
  }
}

/// A rectangle of cells; column 0, row 0 is the top left corner of the screen.
///
/// The functions that cut it never go below zero: a layout on a small screen runs out of room, it does not break.
package struct Rect: Equatable, Hashable, Sendable {
  package var column: Int
  package var row: Int
  package var columns: Int
  package var rows: Int

  package init(column: Int, row: Int, columns: Int, rows: Int) {
    (self.column, self.row, self.columns, self.rows) = (column, row, columns, rows)
  }

  package var endColumn: Int { column + columns }
  package var endRow: Int { row + rows }
  package var isEmpty: Bool { columns <= 0 || rows <= 0 }

  func intersects(_ other: Rect) -> Bool {
    column < other.endColumn && other.column < endColumn && row < other.endRow && other.row < endRow
  }

  func contains(_ other: Rect) -> Bool {
    column <= other.column && other.endColumn <= endColumn && row <= other.row && other.endRow <= endRow
  }

  package func top(_ count: Int) -> Rect {
    Rect(column: column, row: row, columns: columns, rows: min(max(count, 0), rows))
  }

  package func droppingTop(_ count: Int) -> Rect {
    let count = min(max(count, 0), rows)
    return Rect(column: column, row: row + count, columns: columns, rows: rows - count)
  }

  package func droppingBottom(_ count: Int) -> Rect { top(rows - count) }

  package func left(_ count: Int) -> Rect {
    Rect(column: column, row: row, columns: min(max(count, 0), columns), rows: rows)
  }

  package func droppingLeft(_ count: Int) -> Rect {
    let count = min(max(count, 0), columns)
    return Rect(column: column + count, row: row, columns: columns - count, rows: rows)
  }

  package func droppingRight(_ count: Int) -> Rect { left(columns - count) }

  package func inset(columns sides: Int, rows ends: Int) -> Rect {
    droppingLeft(sides).droppingRight(sides).droppingTop(ends).droppingBottom(ends)
  }
}

/// What a cell is in pixels, and the largest picture that the terminal draws at all.
///
/// 8 × 16 is the usual guess where the terminal does not say; half blocks are drawn as if it were true.
package struct PixelGeometry: Equatable, Sendable {
  package static let usual = PixelGeometry()

  var cell = PixelSize(width: 8, height: 16)
  var largestPicture = PixelSize(width: 1000, height: 1000)
  /// Whether pictures are shown pixel by pixel, so that small ones grow by whole numbers only.
  var showsPixels = true

  /// The largest whole number of cells inside `box` that shows a picture of this shape undistorted, to half a cell; a
  /// small picture gets the cells that it covers when it is enlarged by the largest whole number.
  package func cells(forWidth width: Int, height: Int, in box: Size) -> Size {
    let columns = min(box.columns, largestPicture.width / cell.width)
    let rows = min(box.rows, largestPicture.height / cell.height)
    guard width > 0, height > 0, columns > 0, rows > 0 else { return Size(columns: 0, rows: 0) }
    let room = PixelSize(width: columns * cell.width, height: rows * cell.height)
    if showsPixels, let factor = PixelSize(width: width, height: height).wholeFactor(in: room) {
      return Size(
        columns: (width * factor + cell.width - 1) / cell.width, rows: (height * factor + cell.height - 1) / cell.height
      )
    }
    let columnsPerRow = Double(width * cell.height) / Double(height * cell.width)
    let filling = Int((Double(rows) * columnsPerRow).rounded())
    if filling <= columns { return Size(columns: max(filling, 1), rows: rows) }
    return Size(columns: columns, rows: min(max(Int((Double(columns) / columnsPerRow).rounded()), 1), rows))
  }
}
