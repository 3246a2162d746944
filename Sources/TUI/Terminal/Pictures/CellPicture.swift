/// A picture made of characters, cell by cell, so that any part of it can be drawn.
struct CellPicture: Equatable, Sendable {
  struct Cell: Equatable, Sendable {
    var front: CellColor?
    var back: CellColor?
    var glyph: String
  }

  let columns: Int
  /// Row by row.
  let cells: [Cell]

  /// The bytes of a part of one row: colours where they change, characters, a reset at the end.
  func bytes(row: Int, columns range: Range<Int>) -> [UInt8] {
    var line = ""
    var last: (CellColor?, CellColor?)?
    for cell in cells[row * columns + range.lowerBound..<row * columns + range.upperBound] {
      if last == nil || last! != (cell.front, cell.back) {
        let codes = [cell.front?.code(isFront: true), cell.back?.code(isFront: false)].compactMap { $0 }
        if !codes.isEmpty { line += "\u{1B}[\(codes.joined(separator: ";"))m" }
        last = (cell.front, cell.back)
      }
      line += cell.glyph
    }
    return Array((line + "\u{1B}[0m").utf8)
  }
}

/// A colour of a character or of the ground behind it.
enum CellColor: Equatable, Sendable {
  /// One of the eight that every terminal has.
  case ansi(Int)
  /// One of the palette of 256.
  case palette(Int)
  case direct(SIMD3<Int>)

  /// The number for SGR, without the brackets.
  func code(isFront: Bool) -> String {
    switch self {
    case .ansi(let number): "\((isFront ? 30 : 40) + number)"
    case .palette(let number): "\(isFront ? 38 : 48);5;\(number)"
    case .direct(let color): "\(isFront ? 38 : 48);2;\(color.x);\(color.y);\(color.z)"
    }
  }

  /// What shows this colour best; nil where there are none. No dithering: its dots are as large as half a letter.
  static func nearest(_ color: SIMD3<Int>, _ depth: ColorDepth) -> CellColor? {
    switch depth {
    case .none: nil
    case .eight: .ansi(EightColors.nearest(color))
    case .cube256: .palette(paletteNumber(color))
    case .trueColor: .direct(color)
    }
  }

  /// The nearest of the 6 × 6 × 6 cube and the grey ramp.
  private static func paletteNumber(_ wanted: SIMD3<Int>) -> Int {
    let steps = (0..<3).map { axis in
      Palette.levels.indices.min { abs(Palette.levels[$0] - wanted[axis]) < abs(Palette.levels[$1] - wanted[axis]) }!
    }
    let grey = min(max((wanted.wrappedSum() / 3 - 3) / 10, 0), 23)
    let cube = 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
    let distances = [232 + grey, cube].map { wanted.distance(to: Palette.color($0)!) }
    return distances[0] < distances[1] ? 232 + grey : cube
  }
}
