/// A small picture in memory: 8-bit RGB, row by row from the top.
package struct Picture: Equatable, Sendable {
  package let width: Int
  package let height: Int
  /// `height * width * 3` bytes: red, green, blue of each pixel.
  package let pixels: [UInt8]
  /// The same for equal pictures, so that a change is seen without comparing pixels (FNV-1a).
  package let identity: UInt64

  package init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3,
      "a picture of \(width) × \(height) needs \(width * height * 3) bytes, not \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325 ^ UInt64(width)
    for byte in pixels { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
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
    self.init(width: width, height: height, pixels: pixels)
  }

  package subscript(x: Int, y: Int) -> (red: UInt8, green: UInt8, blue: UInt8) {
    let at = (y * width + x) * 3
    return (pixels[at], pixels[at + 1], pixels[at + 2])
  }

  /// How light a pixel is, 0–255 (Rec. 601 luma).
  package func luminance(_ x: Int, _ y: Int) -> Int {
    let color = self[x, y]
    return (299 * Int(color.red) + 587 * Int(color.green) + 114 * Int(color.blue)) / 1000
  }

  package static func == (left: Picture, right: Picture) -> Bool {
    left.identity == right.identity && left.width == right.width && left.pixels == right.pixels
  }
}

// MARK: - Scaling

extension Picture {
  /// The picture at another size, by a triangle filter: bilinear when it grows, an area average when it shrinks.
  ///
  /// Cost: about a millisecond for 300 × 300 pixels.
  package func scaled(toWidth newWidth: Int, height newHeight: Int) -> Picture {
    if newWidth == width && newHeight == height { return self }
    let wide = Self.mixed(
      pixels.map(Float.init), Taps.all(from: width, to: newWidth), of: width, lines: height, step: 3)
    let small = Self.mixed(wide, Taps.all(from: height, to: newHeight), of: height, lines: 1, step: newWidth * 3)
    return Picture(width: newWidth, height: newHeight, pixels: small.map { UInt8(min(max($0.rounded(), 0), 255)) })
  }

  /// Mixes numbers along the middle axis of [lines, count, step].
  private static func mixed(_ numbers: [Float], _ all: [Taps], of count: Int, lines: Int, step: Int) -> [Float] {
    var result: [Float] = []
    result.reserveCapacity(lines * all.count * step)
    for line in 0..<lines {
      for taps in all {
        for place in 0..<step {
          let start = (line * count + taps.first) * step + place
          var sum: Float = 0
          for (index, weight) in taps.weights.enumerated() { sum += weight * numbers[start + index * step] }
          result.append(sum)
        }
      }
    }
    return result
  }

  /// Which source pixels make one new pixel, and how much each counts; the weights add up to 1.
  private struct Taps {
    let first: Int
    let weights: [Float]

    static func all(from count: Int, to newCount: Int) -> [Taps] {
      let scale = Float(count) / Float(newCount)
      let support = max(scale, 1)
      return (0..<newCount).map { index in
        let center = (Float(index) + 0.5) * scale
        let first = max(0, Int((center - support).rounded(.down)))
        let last = min(count - 1, Int((center + support).rounded(.up)))
        let weights = (first...last).map { max(0, 1 - abs(Float($0) + 0.5 - center) / support) }
        let sum = weights.reduce(0, +)
        return Taps(first: first, weights: weights.map { $0 / sum })
      }
    }
  }
}
