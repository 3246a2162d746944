/// A picture out of characters: two pixels a cell in two colours, or one character a cell by its lightness.
enum HalfBlocks {
  /// The bytes of each row: colour settings and "▀", the upper pixel in front, the lower behind; ends with a reset.
  static func encode(_ picture: Picture, columns: Int, rows: Int, depth: ColorDepth) -> [[UInt8]] {
    if depth <= .eight { return EightColors.encode(picture, columns: columns, rows: rows) }
    let small = picture.scaled(toWidth: columns, height: rows * 2)
    return (0..<rows).map { row in
      var line = ""
      var last: (String, String)?
      for column in 0..<columns {
        let colors = (
          code(small, column, row * 2, isFront: true, depth), code(small, column, row * 2 + 1, isFront: false, depth)
        )
        if last == nil || last! != colors { line += "\u{1B}[\(colors.0);\(colors.1)m" }
        last = colors
        line += "▀"
      }
      return Array((line + "\u{1B}[0m").utf8)
    }
  }

  /// One character for each cell, denser where the picture is lighter.
  static func ascii(_ picture: Picture, columns: Int, rows: Int) -> [[Character]] {
    let small = picture.scaled(toWidth: columns, height: rows)
    return (0..<rows).map { row in
      (0..<columns).map { ramp[min(small.luminance($0, row) * ramp.count / 256, ramp.count - 1)] }
    }
  }

  private static let ramp = Array(" .:-=+*#%@")

  private static func code(_ picture: Picture, _ x: Int, _ y: Int, isFront: Bool, _ depth: ColorDepth) -> String {
    let (color, place) = (picture.color(x, y), isFront ? 38 : 48)
    if depth == .trueColor { return "\(place);2;\(color.x);\(color.y);\(color.z)" }
    return "\(place);5;\(cube(color, threshold: threshold(x, y)))"
  }

  /// The nearest colour of the 6 × 6 × 6 cube or the grey ramp, after a push by the dither threshold.
  private static func cube(_ color: SIMD3<Int>, threshold: Int) -> Int {
    let wanted = (color &+ threshold / 8).clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
    let steps = (0..<3).map { axis in
      levels.indices.min { abs(levels[$0] - wanted[axis]) < abs(levels[$1] - wanted[axis]) }!
    }
    let grey = min(max((wanted.wrappedSum() / 3 - 3) / 10, 0), 23)
    let isGrey =
      wanted.distance(to: SIMD3(repeating: 8 + 10 * grey)) < wanted.distance(to: SIMD3(steps.map { levels[$0] }))
    return isGrey ? 232 + grey : 16 + 36 * steps[0] + 6 * steps[1] + steps[2]
  }

  private static let levels = [0, 95, 135, 175, 215, 255]

  /// Ordered dithering (Bayer 4 × 4), -60…60: few colours would otherwise show as bands.
  private static func threshold(_ x: Int, _ y: Int) -> Int { (bayer[(y & 3) * 4 + (x & 3)] - 8) * 15 / 2 }

  private static let bayer = [0, 8, 2, 10, 12, 4, 14, 6, 3, 11, 1, 9, 15, 7, 13, 5]
}
