/// A picture out of characters: two pixels a cell in two colours, or one character a cell by its lightness.
enum HalfBlocks {
  /// "▀" in every cell, the upper pixel in front, the lower behind.
  ///
  /// With few colours the picture's own range of lightness is stretched over all that there is.
  static func picture(_ picture: Picture, columns: Int, rows: Int, depth: ColorDepth) -> CellPicture {
    if depth <= .eight { return EightColors.picture(picture, columns: columns, rows: rows) }
    var small = picture.scaled(toWidth: columns, height: rows * 2)
    if depth == .cube256 { small = small.stretched() }
    let cells = (0..<columns * rows).map { index in
      let (x, y) = (index % columns, index / columns * 2)
      return CellPicture.Cell(
        front: .nearest(small.color(x, y), depth), back: .nearest(small.color(x, y + 1), depth), glyph: "▀")
    }
    return CellPicture(columns: columns, cells: cells)
  }

  /// One character for each cell, denser where the picture is lighter (darker on a light ground), in the picture's
  /// colours as far as there are any.
  static func ascii(
    _ picture: Picture, columns: Int, rows: Int, depth: ColorDepth = .none, isLight: Bool = false
  ) -> CellPicture {
    let small = picture.scaled(toWidth: columns, height: rows).stretched()
    let cells = (0..<columns * rows).map { index in
      let (x, y) = (index % columns, index / columns)
      let step = min(small.luminance(x, y) * ramp.count / 256, ramp.count - 1)
      return CellPicture.Cell(
        front: .nearest(small.color(x, y).readable(isLight: isLight), depth), back: nil,
        glyph: String(ramp[isLight ? ramp.count - 1 - step : step]))
    }
    return CellPicture(columns: columns, cells: cells)
  }

  private static let ramp = Array(" .:-=+*#%@")
}

extension SIMD3<Int> {
  /// The same hue, light enough (dark enough on a light ground) for a thin character to show it.
  fileprivate func readable(isLight: Bool) -> Self {
    let most = self.max()
    if isLight { return most > 150 ? self &* 150 / most : self }
    return most < 160 ? (self &+ 1) &* 160 / (most + 1) : self
  }
}
