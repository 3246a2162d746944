/// Cells that a terminal with kitty's protocol replaces by parts of a picture ("Unicode placeholders").
///
/// Each holds U+10EEEE with three combining marks: its row, its column, and the number's highest byte; the colour of the
/// text holds the lowest.
enum KittyPlaceholders {
  /// So many rows or columns can be distinguished.
  static var limit: Int { marks.count }

  static func picture(_ id: Int, columns: Int, rows: Int) -> CellPicture {
    let top = String(marks[id >> 24 & 0xFF])
    let cells = (0..<columns * rows).map { index in
      let place = String(marks[index / columns]) + String(marks[index % columns])
      return CellPicture.Cell(front: .palette(id & 0xFF), back: nil, glyph: "\u{10EEEE}" + place + top)
    }
    return CellPicture(columns: columns, cells: cells)
  }

  /// The combining marks that stand for 0, 1, 2 …: those of Unicode 6.0 that stand above a letter (class 230) and never
  /// melt into another character. Source: kitty's gen/rowcolumn-diacritics.txt.
  static let marks: [Unicode.Scalar] = (0x0305...0xFE2F as ClosedRange<UInt32>).compactMap(Unicode.Scalar.init)
    .filter { mark in
      let properties = mark.properties
      guard let age = properties.age, age.major < 6 || age == (6, 0) else { return false }
      return properties.canonicalCombiningClass == .above && properties.generalCategory == .nonspacingMark
        && !melting.contains(mark.value)
    }

  private static let melting: Set<UInt32> = [
    0x306, 0x307, 0x308, 0x309, 0x30A, 0x30B, 0x30C, 0x30F, 0x311, 0x313, 0x314, 0x340, 0x341, 0x342, 0x343, 0x344,
    0x653, 0x654,
  ]
}
