/// Things that are put together from several parts.
extension SceneCanvas {
  mutating func drawFish(_ fish: Thing, _ paint: RGB) {
    turn(fish)
    fill(Polygon((-0.55, 0), (-1.1, -0.55), (-1.1, 0.55)), paint.dark)
    let body = Ellipse(0.15, 0, 0.85, 0.55)
    fill(body, paint)
    if fish[.structure] == .striped {
      for x: Float in [-0.3, 0.1] { fill(Rectangle(x, 0, 0.1, 0.7), .chalk, inside: body) }
    }
    fill(Ellipse(0.6, -0.12, 0.13), .chalk)
    fill(Ellipse(0.63, -0.12, 0.07), .ink)
  }

  mutating func drawCar(_ car: Thing, _ paint: RGB) {
    switch car[.view] {
    case .side:
      turn(car)
      fill(Rectangle(0, 0.15, 1.1, 0.3), paint)
      fill(Polygon((-0.85, -0.1), (-0.6, -0.6), (0.15, -0.6), (0.5, -0.1)), paint)
      fill(Polygon((-0.3, -0.12), (-0.3, -0.5), (0.1, -0.5), (0.36, -0.12)), .glass)
      fill(Ellipse(1, 0.08, 0.13), .glow)
      for x: Float in [-0.6, 0.6] {
        fill(Ellipse(x, 0.5, 0.27), .ink)
        fill(Ellipse(x, 0.5, 0.1), RGB(200, 200, 200))
      }
    case .front:
      for x: Float in [-0.6, 0.6] { fill(Rectangle(x, 0.6, 0.16, 0.25), .ink) }
      fill(Rectangle(0, 0.2, 0.85, 0.42), paint)
      fill(Polygon((-0.7, -0.2), (-0.5, -0.8), (0.5, -0.8), (0.7, -0.2)), paint)
      fill(Polygon((-0.52, -0.22), (-0.38, -0.65), (0.38, -0.65), (0.52, -0.22)), .glass)
      for x: Float in [-0.58, 0.58] { fill(Ellipse(x, 0.15, 0.17), .glow) }
      fill(Rectangle(0, 0.35, 0.32, 0.1), .ink)
    default:
      for x: Float in [-0.55, 0.55] {
        for y: Float in [-0.6, 0.6] { fill(Rectangle(x, y, 0.14, 0.22), .ink) }
      }
      fill(Rectangle(0, 0, 0.55, 1.05), paint)
      fill(Rectangle(0, 0.05, 0.4, 0.4), paint.dark)
      fill(Rectangle(0, -0.5, 0.42, 0.14), .glass)
      fill(Rectangle(0, 0.6, 0.4, 0.1), .glass)
    }
  }

  mutating func drawHouse(_ house: Thing, _ paint: RGB) {
    let window = RGB(230, 240, 180)
    if house[.chimney] == .present { fill(Rectangle(0.55, -0.75, 0.16, 0.42), RGB(120, 60, 50)) }
    if house[.view] == .front {
      fill(Rectangle(0, 0.35, 0.8, 0.6), paint)
      fill(Polygon((-1.05, -0.2), (0, -1.05), (1.05, -0.2)), paint.dark)
      fill(Rectangle(0, 0.6, 0.2, 0.35), .ink)
      for x: Float in [-0.5, 0.5] { fill(Rectangle(x, 0.2, 0.16, 0.16), window) }
    } else {
      fill(Rectangle(0, 0.35, 1, 0.6), paint)
      fill(Polygon((-1.1, -0.2), (-0.85, -0.8), (0.85, -0.8), (1.1, -0.2)), paint.dark)
      for x: Float in [-0.6, 0, 0.6] { fill(Rectangle(x, 0.3, 0.16, 0.2), window) }
    }
  }

  mutating func drawFace(_ face: Thing, _ paint: RGB) {
    fill(Ellipse(0, 0.1, 0.9), paint.light)
    if face[.hat] == .present {
      fill(Rectangle(0, -0.62, 1, 0.12), paint.dark)
      fill(Rectangle(0, -0.95, 0.6, 0.3), paint.dark)
    }
    for x: Float in [-0.35, 0.35] { fill(Ellipse(x, -0.05, 0.11, 0.13), .ink) }
    if face[.glasses] == .present {
      for x: Float in [-0.35, 0.35] { fill(Outline(shape: Ellipse(x, -0.05, 0.27), halfWidth: 0.06), .ink) }
      fill(Rectangle(0, -0.08, 0.1, 0.05), .ink)
    }
    fill(face[.state] == .happy ? Mouth(y: 0.3, isSmile: true) : Mouth(y: 0.85, isSmile: false), .lips)
  }

  mutating func drawCup(_ cup: Thing, _ paint: RGB) {
    turn(cup)
    let content = cup[.state] == .full ? RGB.coffee : .chalk
    if cup[.view] == .side {
      fill(Outline(shape: Ellipse(0.75, 0.05, 0.38, 0.4), halfWidth: 0.1), paint)
      fill(Polygon((-0.75, -0.7), (0.75, -0.7), (0.55, 0.85), (-0.55, 0.85)), paint)
      fill(Ellipse(0, -0.7, 0.75, 0.22), paint.light)
      fill(Ellipse(0, -0.68, 0.6, 0.15), content)
      // A window in the wall shows the level, for the opening alone is two pixels high.
      fill(Rectangle(0, 0.3, 0.4, 0.35), content)
    } else {
      fill(Rectangle(0.95, 0, 0.25, 0.12), paint)
      fill(Ellipse(0, 0, 0.85), paint)
      fill(Ellipse(0, 0, 0.62), content)
    }
  }

  mutating func drawDoor(_ door: Thing, _ paint: RGB) {
    fill(Rectangle(0, 0, 0.75, 1.1), RGB(90, 70, 60))
    if door[.state] == .closed {
      fill(Rectangle(0, 0.05, 0.6, 1), paint)
      fill(Ellipse(0.4, 0.1, 0.1), RGB(250, 230, 120))
    } else {
      fill(Rectangle(0, 0.05, 0.6, 1), RGB(20, 20, 24))
      fill(Polygon((-0.6, -0.95), (-0.15, -0.75), (-0.15, 1.25), (-0.6, 1.05)), paint)
    }
  }

  mutating func drawLamp(_ lamp: Thing, _ paint: RGB) {
    let isOn = lamp[.state] == .on
    if isOn { fill(Ellipse(0, -0.3, 1.25, 1), RGB(255, 246, 140), opacity: 0.75) }
    fill(Rectangle(0, 0.4, 0.08, 0.6), .ink)
    fill(Rectangle(0, 1, 0.5, 0.1), .ink)
    fill(Polygon((-0.35, -0.9), (0.35, -0.9), (0.75, -0.05), (-0.75, -0.05)), paint)
    if isOn { fill(Ellipse(0, 0, 0.25, 0.16), RGB(255, 255, 230)) }
  }

  mutating func drawTable(_ table: Thing, _ paint: RGB) {
    let isSquare = table[.structure] == .square
    if table[.view] == .side {
      for x: Float in [-0.65, 0.65] { fill(Rectangle(x, 0.4, 0.1, 0.6), paint.dark) }
      if isSquare { fill(Rectangle(0, -0.25, 1.05, 0.15), paint) } else { fill(Ellipse(0, -0.25, 1.1, 0.28), paint) }
    } else if isSquare {
      fill(Rectangle(0, 0, 0.95, 0.95), paint)
      fill(Rectangle(0, 0, 0.72, 0.72), paint.light)
    } else {
      fill(Ellipse(0, 0, 1), paint)
      fill(Ellipse(0, 0, 0.75), paint.light)
    }
  }
}
