extension Image {
  /// How pixels are weighed when the size changes.
  public enum Filter: String, Codable, Sendable {
    /// Triangle over one source pixel to each side.
    case bilinear
    /// Cubic convolution with a = −0.5 over two source pixels to each side.
    case bicubic

    var radius: Double { self == .bilinear ? 1 : 2 }

    func weight(_ x: Double) -> Double {
      let x = abs(x)
      switch self {
      case .bilinear: return x < 1 ? 1 - x : 0
      case .bicubic:
        let a = -0.5
        if x < 1 { return ((a + 2) * x - (a + 3)) * x * x + 1 }
        return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0
      }
    }
  }

  /// The image in a new size, bit for bit as Pillow's `Image.resize` makes it.
  ///
  /// The filter widens when it shrinks the image (antialiasing). Along the rows first, then along the columns, each
  /// rounded to 8 bits; a side that keeps its length is not touched. Pillow 13 takes the columns first for some sizes,
  /// which may move a value by one; here it is the order of all versions before, which the reference was run with.
  /// Source: Pillow 12, `src/libImaging/Resample.c`.
  public func resized(width: Int, height: Int, by filter: Filter) -> Image {
    precondition(width > 0 && height > 0, "an image cannot be resized to \(width) × \(height)")
    return resampled(width: width, height: height, by: filter, columns: 0..<width, rows: 0..<height)
  }

  /// Scales so that the shorter side is `side` long; the longer one is rounded down, as in torchvision's `Resize`.
  public func resized(shortestSide side: Int, by filter: Filter) -> Image {
    let (width, height) = size(shortestSide: side)
    return resized(width: width, height: height, by: filter)
  }

  /// CLIP's input square: `resized(shortestSide:by:)`, then `croppedAtCenter(to:)`.
  ///
  /// Only the square is computed, so that an image of 1 × 100 000 pixels costs no more than others.
  /// - Parameter roundingDown: a middle at half a pixel goes up and left, as in transformers' processors.
  public func centerSquare(side: Int, by filter: Filter, roundingDown: Bool = false) -> Image {
    let (width, height) = size(shortestSide: side)
    let (x, y) = (
      Self.cropStart(width, side, roundingDown: roundingDown), Self.cropStart(height, side, roundingDown: roundingDown)
    )
    return resampled(width: width, height: height, by: filter, columns: x..<x + side, rows: y..<y + side)
  }

  private func size(shortestSide side: Int) -> (width: Int, height: Int) {
    precondition(side > 0, "an image cannot be resized to \(side) pixels")
    return width <= height ? (side, side * height / width) : (side * width / height, side)
  }

  /// These columns and rows of the resized image.
  private func resampled(
    width: Int, height: Int, by filter: Filter, columns: Range<Int>, rows: Range<Int>
  ) -> Image {
    var image = self
    if width != self.width {
      image = image.mixingColumns(Taps(columns, from: self.width, to: width, filter: filter))
    } else if columns.count < width {
      image = image.cropped(x: columns.lowerBound, y: 0, width: columns.count, height: image.height)
    }
    if height != self.height {
      image = image.mixingRows(Taps(rows, from: self.height, to: height, filter: filter))
    } else if rows.count < height {
      image = image.cropped(x: 0, y: rows.lowerBound, width: image.width, height: rows.count)
    }
    return image
  }

  private func mixingColumns(_ taps: Taps) -> Image {
    let newWidth = taps.starts.count
    let made = [UInt8](unsafeUninitializedCapacity: newWidth * height * 3) { target, count in
      pixels.withUnsafeBufferPointer { source in
        for row in 0..<height {
          for x in 0..<newWidth {
            let first = (row * width + taps.starts[x]) * 3
            taps.mix(x, source, first: first, step: 3, into: target, at: (row * newWidth + x) * 3)
          }
        }
      }
      count = newWidth * height * 3
    }
    return Image(width: newWidth, height: height, pixels: made)
  }

  private func mixingRows(_ taps: Taps) -> Image {
    let newHeight = taps.starts.count
    let made = [UInt8](unsafeUninitializedCapacity: width * newHeight * 3) { target, count in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<newHeight {
          for x in 0..<width {
            let first = (taps.starts[y] * width + x) * 3
            taps.mix(y, source, first: first, step: width * 3, into: target, at: (y * width + x) * 3)
          }
        }
      }
      count = width * newHeight * 3
    }
    return Image(width: width, height: newHeight, pixels: made)
  }
}

/// For each new position along one resized side: where its source pixels start, and their weights in fixed point.
private struct Taps {
  /// Fractional bits of a weight; 8 bits of value and 2 of headroom fill the rest of 32.
  static let precision = 22

  private(set) var starts: [Int] = []
  private var counts: [Int] = []
  private var weights: [Int32] = []
  private let longest: Int

  init(_ positions: Range<Int>, from oldLength: Int, to newLength: Int, filter: Image.Filter) {
    let scale = Double(oldLength) / Double(newLength)
    let widening = max(scale, 1)
    let radius = filter.radius * widening
    longest = Int(radius.rounded(.up)) * 2 + 1
    weights = [Int32](repeating: 0, count: positions.count * longest)
    for (row, position) in positions.enumerated() {
      let center = (Double(position) + 0.5) * scale
      let start = max(Int(center - radius + 0.5), 0)
      let end = min(Int(center + radius + 0.5), oldLength)
      let raw = (start..<end).map { filter.weight((Double($0) - center + 0.5) * (1 / widening)) }
      let sum = raw.reduce(0, +)
      for (index, weight) in raw.enumerated() {
        let scaled = weight / sum * Double(1 << Self.precision)
        weights[row * longest + index] = Int32(scaled + (scaled < 0 ? -0.5 : 0.5))
      }
      starts.append(start)
      counts.append(end - start)
    }
  }

  /// Writes one RGB pixel: the weighed sum of source pixels that lie `step` bytes apart.
  @inline(__always)
  func mix(
    _ position: Int, _ source: UnsafeBufferPointer<UInt8>, first: Int, step: Int,
    into target: UnsafeMutableBufferPointer<UInt8>, at index: Int
  ) {
    let half: Int32 = 1 << Int32(Self.precision - 1)
    var red = half
    var green = half
    var blue = half
    var pixel = first
    weights.withUnsafeBufferPointer { weights in
      for tap in position * longest..<position * longest + counts[position] {
        let weight = weights[tap]
        red &+= Int32(source[pixel]) &* weight
        green &+= Int32(source[pixel + 1]) &* weight
        blue &+= Int32(source[pixel + 2]) &* weight
        pixel += step
      }
    }
    target[index] = UInt8(clamping: red >> Int32(Self.precision))
    target[index + 1] = UInt8(clamping: green >> Int32(Self.precision))
    target[index + 2] = UInt8(clamping: blue >> Int32(Self.precision))
  }
}
