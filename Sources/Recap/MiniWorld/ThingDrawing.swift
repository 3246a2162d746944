extension SceneCanvas {
  /// Draws a thing at the placement; it fills about −1 … 1 of its units each way.
  mutating func draw(_ thing: Thing) {
    let paint = thing.paint.color
    switch thing.kind {
    case .ball: drawBall(thing, paint)
    case .box: drawBox(thing, paint)
    case .star: drawStar(thing, paint)
    case .arrow: drawArrow(thing, paint)
    case .fish: drawFish(thing, paint)
    case .car: drawCar(thing, paint)
    case .house: drawHouse(thing, paint)
    case .tree: drawTree(thing, paint)
    case .face: drawFace(thing, paint)
    case .cup: drawCup(thing, paint)
    case .door: drawDoor(thing, paint)
    case .lamp: drawLamp(thing, paint)
    case .sign: drawSign(thing, paint)
    case .flower: drawFlower(thing, paint)
    case .table: drawTable(thing, paint)
    }
  }

  /// Turns what follows into the thing's direction; shapes are given for a thing that looks right.
  mutating func turn(_ thing: Thing) {
    switch thing[.direction] {
    case .left: placement.turn = .mirrored
    case .up: placement.turn = .up
    case .down: placement.turn = .down
    default: placement.turn = .upright
    }
  }

  // MARK: Things of one shape

  private mutating func drawBall(_ ball: Thing, _ paint: RGB) {
    let body = Ellipse(0, 0, 0.95)
    fill(body, paint)
    switch ball[.structure] {
    case .striped:
      for x: Float in [-0.6, 0, 0.6] { fill(Rectangle(x, 0, 0.14, 1.2), .chalk, inside: body) }
    case .dotted:
      for (x, y): (Float, Float) in [(-0.45, -0.4), (0.45, -0.4), (0, 0.05), (-0.45, 0.5), (0.45, 0.5)] {
        fill(Ellipse(x, y, 0.17), .chalk, inside: body)
      }
    default: break
    }
  }

  private mutating func drawBox(_ box: Thing, _ paint: RGB) {
    let body = Rectangle(0, 0.2, 0.85, 0.7)
    fill(body, paint)
    switch box[.structure] {
    case .striped:
      for x: Float in [-0.55, 0, 0.55] { fill(Rectangle(x, 0.2, 0.13, 0.7), .chalk, inside: body) }
    case .dotted:
      for (x, y): (Float, Float) in [(-0.5, -0.1), (0.5, -0.1), (0, 0.2), (-0.5, 0.55), (0.5, 0.55)] {
        fill(Ellipse(x, y, 0.17), .chalk, inside: body)
      }
    default: break
    }
    if box[.state] == .open {
      fill(Stroke(x0: -0.85, y0: -0.5, x1: -1.2, y1: -1, radius: 0.13), paint.dark)
      fill(Stroke(x0: 0.85, y0: -0.5, x1: 1.2, y1: -1, radius: 0.13), paint.dark)
      fill(Rectangle(0, -0.42, 0.7, 0.1), .ink)
    } else {
      fill(Rectangle(0, -0.6, 0.95, 0.16), paint.dark)
    }
  }

  private mutating func drawStar(_ star: Thing, _ paint: RGB) {
    let body = StarFigure(0, 0.05, outer: 1.1, inner: 0.5, points: 5)
    fill(body, paint)
    if star[.structure] == .hollow { fill(Inset(shape: body, rim: 0.27), background) }
  }

  private mutating func drawArrow(_ arrow: Thing, _ paint: RGB) {
    turn(arrow)
    fill(Rectangle(-0.35, 0, 0.65, 0.22), paint)
    fill(Polygon((0.2, -0.7), (1.05, 0), (0.2, 0.7)), paint)
  }

  private mutating func drawSign(_ sign: Thing, _ paint: RGB) {
    fill(Rectangle(0, 0.9, 0.09, 0.4), .ink)
    fill(Rectangle(0, -0.15, 0.9, 0.85), paint.dark)
    fill(Rectangle(0, -0.15, 0.8, 0.75), paint.light)
    for (x0, y0, x1, y1) in Self.strokes(of: sign[.letter]) {
      let (left, right) = (x0 * 0.62, x1 * 0.62)
      fill(Stroke(x0: left, y0: y0 * 0.52 - 0.15, x1: right, y1: y1 * 0.52 - 0.15, radius: 0.1), .ink)
    }
  }

  /// The letter on a sign as straight lines in a field of −1 … 1.
  private static func strokes(of letter: Thing.Value?) -> [(Float, Float, Float, Float)] {
    switch letter {
    case .a: [(-0.6, 1, 0, -1), (0.6, 1, 0, -1), (-0.35, 0.3, 0.35, 0.3)]
    case .e: [(-0.5, -1, -0.5, 1), (-0.5, -1, 0.5, -1), (-0.5, 0, 0.35, 0), (-0.5, 1, 0.5, 1)]
    case .h: [(-0.55, -1, -0.55, 1), (0.55, -1, 0.55, 1), (-0.55, 0, 0.55, 0)]
    case .k: [(-0.5, -1, -0.5, 1), (-0.5, 0.1, 0.55, -1), (-0.2, -0.1, 0.55, 1)]
    case .l: [(-0.45, -1, -0.45, 1), (-0.45, 1, 0.5, 1)]
    case .t: [(-0.6, -1, 0.6, -1), (0, -1, 0, 1)]
    case .v: [(-0.6, -1, 0, 1), (0.6, -1, 0, 1)]
    case .x: [(-0.55, -1, 0.55, 1), (0.55, -1, -0.55, 1)]
    default: []
    }
  }

  // MARK: Plants

  private mutating func drawTree(_ tree: Thing, _ paint: RGB) {
    fill(Rectangle(0, 0.7, 0.16, 0.4), .wood)
    if tree[.structure] == .round {
      fill(Ellipse(0, -0.25, 0.85, 0.75), paint)
    } else {
      fill(Polygon((-0.85, 0.4), (0, -1.15), (0.85, 0.4)), paint)
    }
    guard tree[.apples] == .present else { return }
    let isReddish = [.red, .orange, .pink].contains(tree.paint)
    let apple = isReddish ? RGB(250, 240, 90) : RGB(200, 20, 30)
    for (x, y): (Float, Float) in [(-0.3, -0.05), (0.32, 0.05), (0.02, -0.5)] { fill(Ellipse(x, y, 0.16), apple) }
  }

  private mutating func drawFlower(_ flower: Thing, _ paint: RGB) {
    fill(Rectangle(0, 0.6, 0.07, 0.55), RGB(40, 120, 50))
    if flower[.leaves] == .present {
      fill(Ellipse(0.3, 0.65, 0.28, 0.13), RGB(40, 140, 50))
      fill(Ellipse(-0.3, 0.8, 0.28, 0.13), RGB(40, 140, 50))
    }
    if flower[.structure] == .round {
      // Five petals on a circle, the first upwards: sine and cosine of 72° steps.
      for (x, y): (Float, Float) in [(0, -1), (0.951, -0.309), (0.588, 0.809), (-0.588, 0.809), (-0.951, -0.309)] {
        fill(Ellipse(0.42 * x, 0.42 * y - 0.3, 0.33), paint)
      }
    } else {
      fill(StarFigure(0, -0.3, outer: 0.85, inner: 0.35, points: 6), paint)
    }
    fill(Ellipse(0, -0.3, 0.24), flower.paint == .yellow ? RGB(120, 70, 30) : RGB(250, 220, 80))
  }
}
