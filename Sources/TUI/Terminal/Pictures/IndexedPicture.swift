/// A picture of few colours as numbers of a palette of its own.
struct IndexedPicture: Equatable, Sendable {
  let width: Int
  let height: Int
  /// Red, green and blue of each colour.
  let palette: [UInt8]
  /// Row by row.
  let indices: [UInt8]

  static let mostColors = 256

  /// Nil where the picture has more than 256 colours.
  init?(_ picture: Picture) {
    (width, height) = (picture.width, picture.height)
    let pixels = picture.image.pixels
    var numbers: [Int: UInt8] = [:]
    var palette: [UInt8] = []
    var indices: [UInt8] = []
    indices.reserveCapacity(pixels.count / 3)
    var last: (code: Int, number: UInt8) = (-1, 0)
    for at in stride(from: 0, to: pixels.count, by: 3) {
      let code = Int(pixels[at]) << 16 | Int(pixels[at + 1]) << 8 | Int(pixels[at + 2])
      if code != last.code {
        if numbers[code] == nil {
          guard numbers.count < Self.mostColors else { return nil }
          numbers[code] = UInt8(numbers.count)
          palette += pixels[at..<at + 3]
        }
        last = (code, numbers[code]!)
      }
      indices.append(last.number)
    }
    (self.palette, self.indices) = (palette, indices)
  }

  /// The numbers with every pixel as `factor` × `factor` pixels.
  func enlarged(by factor: Int) -> [UInt8] {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(indices.count * factor * factor)
    for y in 0..<height {
      let start = pixels.count
      for index in indices[y * width..<(y + 1) * width] { for _ in 0..<factor { pixels.append(index) } }
      let row = Array(pixels[start...])
      for _ in 1..<max(factor, 1) { pixels += row }
    }
    return pixels
  }
}
