import Engine

/// A colour with room for fractions: red, green, blue in 0 … 255.
typealias RGB = SIMD3<Float>

/// Where a thing stands on the canvas: shapes are given in its own units, turned and scaled from there to pixels.
struct Placement {
  enum Turn {
    case upright, mirrored
    /// What points right when upright points down, or up.
    case down, up
  }

  /// The thing's centre and half size, in pixels.
  var x: Float, y: Float, scale: Float
  var turn = Turn.upright

  /// From pixels to the thing's units.
  @inline(__always)
  func local(_ px: Float, _ py: Float) -> (Float, Float) {
    let (dx, dy) = ((px - x) / scale, (py - y) / scale)
    return switch turn {
    case .upright: (dx, dy)
    case .mirrored: (-dx, dy)
    case .down: (dy, dx)
    case .up: (-dy, dx)
    }
  }

  /// From a box in the thing's units to one in pixels.
  func pixels(_ box: Bounds) -> Bounds {
    let (minX, maxX, minY, maxY) =
      switch turn {
      case .upright: (box.minX, box.maxX, box.minY, box.maxY)
      case .mirrored: (-box.maxX, -box.minX, box.minY, box.maxY)
      case .down: (box.minY, box.maxY, box.minX, box.maxX)
      case .up: (box.minY, box.maxY, -box.maxX, -box.minX)
      }
    return Bounds(
      minX: x + minX * scale, minY: y + minY * scale, maxX: x + maxX * scale, maxY: y + maxY * scale)
  }
}

/// A square that shapes are painted on, one over the other.
struct SceneCanvas {
  let side: Int
  let background: RGB
  var placement = Placement(x: 0, y: 0, scale: 1)
  private var colors: [RGB]

  init(side: Int, background: RGB) {
    self.side = side
    self.background = background
    colors = [RGB](repeating: background, count: side * side)
  }

  /// Paints a shape; a pixel that its edge crosses takes part of the colour.
  mutating func fill(_ shape: some Figure, _ color: RGB, opacity: Float = 1) {
    let scale = placement.scale
    paint(shape.bounds(margin: 0.5 / scale), color) { x, y in
      Self.coverage(shape.distance(x, y) * scale) * opacity
    }
  }

  /// Paints only what lies inside another shape too.
  mutating func fill(_ shape: some Figure, _ color: RGB, inside mask: some Figure) {
    let scale = placement.scale
    paint(shape.bounds(margin: 0.5 / scale), color) { x, y in
      Self.coverage(shape.distance(x, y) * scale) * Self.coverage(mask.distance(x, y) * scale)
    }
  }

  /// The finished picture, all colours multiplied by `gain`.
  func image(gain: Float) -> Image {
    let pixels = [UInt8](unsafeUninitializedCapacity: colors.count * 3) { target, count in
      for (index, color) in colors.enumerated() {
        let value = (color * gain).rounded(.toNearestOrEven).clamped(
          lowerBound: RGB(repeating: 0), upperBound: RGB(repeating: 255))
        for channel in 0..<3 { target[index * 3 + channel] = UInt8(value[channel]) }
      }
      count = colors.count * 3
    }
    return Image(width: side, height: side, pixels: pixels)
  }

  /// The share of a pixel that lies inside an edge this many pixels away.
  @inline(__always)
  private static func coverage(_ distance: Float) -> Float {
    min(max(0.5 - distance, 0), 1)
  }

  /// Mixes the colour into every pixel of a box by a coverage in 0 … 1.
  @inline(__always)
  private mutating func paint(_ box: Bounds, _ color: RGB, coverage: (Float, Float) -> Float) {
    let pixels = placement.pixels(box)
    let columns = clamped(pixels.minX.rounded(.down))..<clamped(pixels.maxX.rounded(.up))
    let rows = clamped(pixels.minY.rounded(.down))..<clamped(pixels.maxY.rounded(.up))
    let (placement, side) = (placement, side)
    colors.withUnsafeMutableBufferPointer { colors in
      for row in rows {
        for column in columns {
          let (x, y) = placement.local(Float(column) + 0.5, Float(row) + 0.5)
          let share = coverage(x, y)
          if share > 0 {
            let old = colors[row * side + column]
            colors[row * side + column] = old + (color - old) * share
          }
        }
      }
    }
  }

  private func clamped(_ position: Float) -> Int {
    min(max(Int(position), 0), side)
  }
}
