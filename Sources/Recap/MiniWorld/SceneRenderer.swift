import Engine

extension Scene {
  /// The side of a picture of the mini world, in pixels.
  public static let side = 64

  /// The scene as a square picture; any other side shows the same at another resolution.
  ///
  /// Places and sizes are drawn in the units of a 64-pixel picture, always all of them and in the same order, so that
  /// two scenes of a pair differ in nothing but what their captions tell.
  public func render(side: Int = Scene.side) -> Image {
    precondition(side > 0, "a picture cannot be \(side) pixels wide")
    var random = SceneRandom(seed: jitter)
    let background = background.color + RGB(random.spread(10), random.spread(10), random.spread(10))
    var canvas = SceneCanvas(side: side, background: background)
    for (thing, spot) in placed(using: &random) { canvas.draw(thing, at: spot) }
    return canvas.image(gain: random.float(0.92, 1.06))
  }

  /// The share of each cell of a grid, row by row, that each thing covers: of two things the first in reading order
  /// comes first, equal ones count as one.
  func coverage(cells: Int) -> [(thing: Thing, shares: [Float])] {
    var random = SceneRandom(seed: jitter)
    for _ in 0..<3 { _ = random.spread(10) }
    let placed = placed(using: &random)
    guard case .two = arrangement else { return [(subject, Self.coverage(placed, cells: cells))] }
    return placed.map { ($0.thing, Self.coverage([$0], cells: cells)) }
  }

  private static func coverage(_ placed: [(thing: Thing, spot: Spot)], cells: Int) -> [Float] {
    // A background that no thing is painted in.
    let empty: [UInt8] = [1, 254, 1]
    var canvas = SceneCanvas(side: side, background: RGB(1, 254, 1))
    for (thing, spot) in placed { canvas.draw(thing, at: spot) }
    let (pixels, cell) = (canvas.image(gain: 1).pixels, side / cells)
    var shares = [Float](repeating: 0, count: cells * cells)
    for pixel in 0..<side * side where !pixels[3 * pixel..<3 * pixel + 3].elementsEqual(empty) {
      shares[pixel / side / cell * cells + pixel % side / cell] += 1 / Float(cell * cell)
    }
    return shares
  }

  /// What is drawn where, in the order in which it is drawn.
  private func placed(using random: inout SceneRandom) -> [(thing: Thing, spot: Spot)] {
    switch arrangement {
    case .single(let thing): return [(thing, Spot.single(using: &random))]
    case .several(let thing, let count): return Spot.grid(using: &random).prefix(count).map { (thing, $0) }
    case .two(let first, let relation, let second):
      let spots = Spot.neighbours(stacked: relation == .above || relation == .below, using: &random)
      let isInOrder = relation == .left || relation == .above
      return [(isInOrder ? first : second, spots.0), (isInOrder ? second : first, spots.1)]
    }
  }
}

extension SceneCanvas {
  fileprivate mutating func draw(_ thing: Thing, at spot: Spot) {
    let zoom = Float(side) / Float(Scene.side)
    placement = Placement(x: spot.x * zoom, y: spot.y * zoom, scale: spot.size * zoom)
    draw(thing)
  }
}

/// Where a thing stands and its half size, in the units of a 64-pixel picture.
private struct Spot {
  let x: Float, y: Float, size: Float

  static func single(using random: inout SceneRandom) -> Spot {
    let size = random.float(13, 20)
    return Spot(x: 32 + random.spread(9), y: 32 + random.spread(9), size: size)
  }

  /// The four quarters of the picture, in random order.
  static func grid(using random: inout SceneRandom) -> [Spot] {
    let centers: [(Float, Float)] = [(19.2, 19.2), (44.6, 19.2), (19.2, 44.6), (44.6, 44.6)]
    return random.shuffled(centers).map { x, y in
      let size = random.float(8, 9.5)
      return Spot(x: x + random.spread(3), y: y + random.spread(3), size: size)
    }
  }

  /// Two spots side by side, left one first, or stacked, upper one first.
  static func neighbours(stacked: Bool, using random: inout SceneRandom) -> (Spot, Spot) {
    let sizes = (random.float(9.5, 12), random.float(9.5, 12))
    let gap = random.float(14.5, 17)
    let across = (random.spread(5), random.spread(5))
    let shift = random.spread(2)
    func spot(_ along: Float, _ across: Float, _ size: Float) -> Spot {
      let (along, across) = (32 + along + shift, 32 + across + shift)
      return Spot(x: stacked ? across : along, y: stacked ? along : across, size: size)
    }
    return (spot(-gap, across.0, sizes.0), spot(gap, across.1, sizes.1))
  }
}

extension SceneRandom {
  fileprivate mutating func float(_ low: Double, _ high: Double) -> Float { Float(uniform(low, high)) }
  /// Uniform within ± limit.
  fileprivate mutating func spread(_ limit: Double) -> Float { float(-limit, limit) }
}
