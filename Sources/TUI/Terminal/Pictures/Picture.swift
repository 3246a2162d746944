import Engine

/// A small picture for the screen, and what tells it from others.
package struct Picture: Equatable, Sendable {
  package let image: Image
  /// The same for equal pictures, so that a change is seen without comparing pixels (FNV-1a).
  package let identity: UInt64

  package init(_ image: Image) {
    self.image = image
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(image.width)
    for byte in image.pixels { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
    identity = hash
  }

  /// A picture computed pixel by pixel.
  package init(width: Int, height: Int, color: (_ x: Int, _ y: Int) -> (red: UInt8, green: UInt8, blue: UInt8)) {
    var pixels: [UInt8] = []
    pixels.reserveCapacity(width * height * 3)
    for y in 0..<height {
      for x in 0..<width {
        let (red, green, blue) = color(x, y)
        pixels += [red, green, blue]
      }
    }
    self.init(Image(width: width, height: height, pixels: pixels))
  }

  package var width: Int { image.width }
  package var height: Int { image.height }
  var size: PixelSize { PixelSize(width: width, height: height) }

  package subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let at = (y * width + x) * 3
    return (image.pixels[at], image.pixels[at + 1], image.pixels[at + 2])
  }

  /// A pixel's red, green and blue, to calculate with.
  func color(_ x: Int, _ y: Int) -> SIMD3<Int> {
    let (red, green, blue) = self[x, y]
    return [Int(red), Int(green), Int(blue)]
  }

  /// How light a pixel is, 0–255 (Rec. 601 luma).
  package func luminance(_ x: Int, _ y: Int) -> Int { (color(x, y) &* [299, 587, 114]).wrappedSum() / 1000 }

  /// The picture at another size: bilinear when it grows, an area average when it shrinks.
  package func scaled(toWidth newWidth: Int, height newHeight: Int) -> Picture {
    Picture(image.resized(width: newWidth, height: newHeight, by: .bilinear))
  }

  /// Every pixel as `factor` × `factor` pixels.
  package func enlarged(by factor: Int) -> Picture {
    if factor == 1 { return self }
    var pixels: [UInt8] = []
    pixels.reserveCapacity(image.pixels.count * factor * factor)
    for y in 0..<height {
      let start = pixels.count
      for x in 0..<width {
        let (red, green, blue) = self[x, y]
        for _ in 0..<factor { pixels += [red, green, blue] }
      }
      let row = Array(pixels[start...])
      for _ in 1..<factor { pixels += row }
    }
    return Picture(Image(width: width * factor, height: height * factor, pixels: pixels))
  }

  /// The picture as it fills `size`: a small one as often as it fits, pixel by pixel; others stretched to it.
  func fitted(to size: PixelSize) -> Picture {
    if let factor = self.size.wholeFactor(in: size) { return enlarged(by: factor) }
    return scaled(toWidth: size.width, height: size.height)
  }

  /// The same with its lightness stretched from the darkest to the lightest of its pixels (one in a hundred of each
  /// left out), at most threefold: few colours and few characters show it then, too.
  func stretched() -> Picture {
    let sorted = (0..<width * height).map { luminance($0 % width, $0 / width) }.sorted()
    let (low, high) = (sorted[sorted.count / 100], sorted[sorted.count - 1 - sorted.count / 100])
    let range = max(high - low, 85)
    if high <= low || range >= 250 { return self }
    // A narrow range stays around its own middle as far as there is room.
    let span = (high - low) * 255 / range
    let middle = (high + low) / 2
    let target = min(max(middle, span / 2), 255 - span / 2)
    return Picture(width: width, height: height) { x, y in
      let color = (color(x, y) &- middle) &* 255 / range &+ target
      let inside = color.clamped(lowerBound: .zero, upperBound: SIMD3(repeating: 255))
      return (UInt8(inside.x), UInt8(inside.y), UInt8(inside.z))
    }
  }
}

extension SIMD3<Int> {
  /// How far apart two colours are: the sum of squares.
  func distance(to other: Self) -> Int {
    let difference = self &- other
    return (difference &* difference).wrappedSum()
  }
}
