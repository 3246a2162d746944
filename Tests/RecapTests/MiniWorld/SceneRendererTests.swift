import Engine
import Testing

@testable import Recap

@Suite struct SceneRendererTests {
  @Test func aPictureIsAlwaysTheSame() {
    let scene = Scene(seed: 1, stream: 1, index: 5)

    #expect(scene.render() == scene.render())
    #expect(scene.render().width == 64 && scene.render().height == 64)
  }

  @Test("A larger picture shows the same, only finer", arguments: 0..<12)
  func resolution(index: Int) {
    let scene = Scene(seed: 1, stream: 1, index: index)

    let difference = meanDifference(scene.render(), halved(scene.render(side: 128)))

    #expect(difference < 1.5, "mean difference \(difference)")
  }

  @Test("Things that look left are mirror images of those that look right", arguments: [Thing.Kind.fish, .car, .cup])
  func mirrored(kind: Thing.Kind) {
    var random = SceneRandom(seed: 2)
    var thing = Thing(kind, using: &random)
    if kind == .car { thing[.view] = .side }
    thing[.direction] = .right
    let right = drawn(thing)
    thing[.direction] = .left
    let left = drawn(thing)

    #expect(left != right)
    #expect(left == flipped(right))
  }

  @Test func anArrowTurnsByAQuarter() {
    var random = SceneRandom(seed: 2)
    var arrow = Thing(.arrow, using: &random)
    arrow[.direction] = .right
    let right = drawn(arrow)
    arrow[.direction] = .down
    let down = drawn(arrow)

    #expect(down == transposed(right))
  }

  @Test("An edge covers a pixel by the part of it that lies inside")
  func coverage() {
    var canvas = SceneCanvas(side: 4, background: RGB(repeating: 0))
    canvas.placement = Placement(x: 0, y: 0, scale: 1)
    canvas.fill(Rectangle(0, 0, 2.25, 9), RGB(repeating: 200))

    let firstRow = stride(from: 0, to: 12, by: 3).map { canvas.image(gain: 1).pixels[$0] }

    #expect(firstRow == [200, 200, 50, 0])
  }

  @Test func aShapeOutsideThePictureLeavesNoTrace() {
    var canvas = SceneCanvas(side: 8, background: RGB(repeating: 90))
    let empty = canvas.image(gain: 1)
    canvas.placement = Placement(x: -40, y: 300, scale: 10)
    canvas.fill(Ellipse(0, 0, 1), .ink)

    #expect(canvas.image(gain: 1) == empty)
  }

  @Test("No shape reaches beyond its bounds")
  func bounds() {
    check(Ellipse(0.2, -0.1, 0.7, 0.12))
    check(Rectangle(0.1, 0.3, 0.4, 0.2))
    check(Stroke(x0: -0.5, y0: 0.2, x1: 0.4, y1: -0.6, radius: 0.1))
    check(Polygon((0.2, -0.7), (1.05, 0), (0.2, 0.7)))
    check(Polygon((-0.3, -0.12), (-0.3, -0.5), (0.1, -0.5), (0.36, -0.12)))
    check(StarFigure(0, 0.05, outer: 1.1, inner: 0.5, points: 5))
    check(Mouth(y: 0.3, isSmile: true))
    check(Outline(shape: Ellipse(0.1, 0, 0.3, 0.4), halfWidth: 0.1))
  }

  private func check(_ figure: some Figure, at location: SourceLocation = #_sourceLocation) {
    let box = figure.bounds(margin: 0.06)
    let grid = (-60...60).map { Float($0) / 30 }
    let outside = grid.flatMap { y in grid.map { (x: $0, y: y) } }.filter {
      figure.distance($0.x, $0.y) < 0.06
        && ($0.x < box.minX || $0.x > box.maxX || $0.y < box.minY || $0.y > box.maxY)
    }
    #expect(outside.isEmpty, "\(figure) reaches \(outside.first.map { "\($0)" } ?? "")", sourceLocation: location)
  }

  private func drawn(_ thing: Thing) -> Image {
    var canvas = SceneCanvas(side: 64, background: RGB(repeating: 128))
    canvas.placement = Placement(x: 32, y: 32, scale: 18)
    canvas.draw(thing)
    return canvas.image(gain: 1)
  }

  private func pixel(_ image: Image, _ x: Int, _ y: Int) -> ArraySlice<UInt8> {
    image.pixels[(y * image.width + x) * 3..<(y * image.width + x) * 3 + 3]
  }

  private func flipped(_ image: Image) -> Image {
    let pixels = (0..<64).flatMap { y in (0..<64).flatMap { pixel(image, 63 - $0, y) } }
    return Image(width: 64, height: 64, pixels: pixels)
  }

  private func transposed(_ image: Image) -> Image {
    let pixels = (0..<64).flatMap { y in (0..<64).flatMap { pixel(image, y, $0) } }
    return Image(width: 64, height: 64, pixels: pixels)
  }

  private func halved(_ image: Image) -> Image {
    image.resized(width: 64, height: 64, by: .bilinear)
  }

  private func meanDifference(_ a: Image, _ b: Image) -> Double {
    let sum = zip(a.pixels, b.pixels).reduce(0) { $0 + abs(Int($1.0) - Int($1.1)) }
    return Double(sum) / Double(a.pixels.count)
  }
}
