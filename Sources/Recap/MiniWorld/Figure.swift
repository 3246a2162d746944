import Glibc

/// A flat shape, given by how far a point is from its edge: negative inside, positive outside.
///
/// Units: the half size of the thing that it belongs to; x to the right, y down. The distance need not be exact, but
/// its length near the edge should be about one unit per unit, for the edge is softened over one pixel of it.
protocol Figure {
  func distance(_ x: Float, _ y: Float) -> Float
  /// A box around every point whose distance is below `margin`.
  func bounds(margin: Float) -> Bounds
}

/// A box that is parallel to the axes.
struct Bounds {
  var minX: Float, minY: Float, maxX: Float, maxY: Float
}

struct Ellipse: Figure {
  let x: Float, y: Float, radiusX: Float, radiusY: Float

  init(_ x: Float, _ y: Float, _ radiusX: Float, _ radiusY: Float? = nil) {
    (self.x, self.y, self.radiusX, self.radiusY) = (x, y, radiusX, radiusY ?? radiusX)
  }

  func distance(_ px: Float, _ py: Float) -> Float {
    let u = (px - x) / radiusX
    let v = (py - y) / radiusY
    return ((u * u + v * v).squareRoot() - 1) * min(radiusX, radiusY)
  }

  func bounds(margin: Float) -> Bounds {
    let growth = 1 + margin / min(radiusX, radiusY)
    let (rx, ry) = (radiusX * growth, radiusY * growth)
    return Bounds(minX: x - rx, minY: y - ry, maxX: x + rx, maxY: y + ry)
  }
}

struct Rectangle: Figure {
  let x: Float, y: Float, halfWidth: Float, halfHeight: Float

  init(_ x: Float, _ y: Float, _ halfWidth: Float, _ halfHeight: Float) {
    (self.x, self.y, self.halfWidth, self.halfHeight) = (x, y, halfWidth, halfHeight)
  }

  func distance(_ px: Float, _ py: Float) -> Float {
    max(abs(px - x) - halfWidth, abs(py - y) - halfHeight)
  }

  func bounds(margin: Float) -> Bounds {
    let (w, h) = (halfWidth + margin, halfHeight + margin)
    return Bounds(minX: x - w, minY: y - h, maxX: x + w, maxY: y + h)
  }
}

/// A straight line with round ends.
struct Stroke: Figure {
  let x0: Float, y0: Float, x1: Float, y1: Float, radius: Float

  func distance(_ px: Float, _ py: Float) -> Float {
    let (ax, ay) = (px - x0, py - y0)
    let (bx, by) = (x1 - x0, y1 - y0)
    let along = min(max((ax * bx + ay * by) / (bx * bx + by * by), 0), 1)
    let (dx, dy) = (ax - bx * along, ay - by * along)
    return (dx * dx + dy * dy).squareRoot() - radius
  }

  func bounds(margin: Float) -> Bounds {
    let r = radius + margin
    return Bounds(minX: min(x0, x1) - r, minY: min(y0, y1) - r, maxX: max(x0, x1) + r, maxY: max(y0, y1) + r)
  }
}

/// A convex triangle or quadrilateral, corners in either order.
struct Polygon: Figure {
  /// A point is inside when it is behind every edge; a triangle has its last edge twice.
  private struct Edge {
    let normalX: Float, normalY: Float, offset: Float

    init(_ a: (Float, Float), _ b: (Float, Float), clockwise: Bool) {
      let (ex, ey) = (b.0 - a.0, b.1 - a.1)
      let length = (ex * ex + ey * ey).squareRoot() * (clockwise ? 1 : -1)
      (normalX, normalY) = (ey / length, -ex / length)
      offset = -(a.0 * normalX + a.1 * normalY)
    }

    func distance(_ x: Float, _ y: Float) -> Float { x * normalX + y * normalY + offset }
  }

  private let edges: (Edge, Edge, Edge, Edge)
  private let corners: Bounds

  init(_ a: (Float, Float), _ b: (Float, Float), _ c: (Float, Float), _ d: (Float, Float)? = nil) {
    let d = d ?? c
    let isClockwise = (c.0 - a.0) * (d.1 - b.1) > (c.1 - a.1) * (d.0 - b.0)
    let last = Edge(d, a, clockwise: isClockwise)
    edges = (
      Edge(a, b, clockwise: isClockwise), Edge(b, c, clockwise: isClockwise),
      d == c ? last : Edge(c, d, clockwise: isClockwise), last
    )
    corners = Bounds(
      minX: min(a.0, b.0, c.0, d.0), minY: min(a.1, b.1, c.1, d.1),
      maxX: max(a.0, b.0, c.0, d.0), maxY: max(a.1, b.1, c.1, d.1))
  }

  func distance(_ x: Float, _ y: Float) -> Float {
    max(
      max(edges.0.distance(x, y), edges.1.distance(x, y)), max(edges.2.distance(x, y), edges.3.distance(x, y)))
  }

  /// Sharp corners reach further than `margin`; four times covers every corner wider than 30°.
  func bounds(margin: Float) -> Bounds {
    let m = 4 * margin
    return Bounds(minX: corners.minX - m, minY: corners.minY - m, maxX: corners.maxX + m, maxY: corners.maxY + m)
  }
}

/// A star with its first point upwards.
struct StarFigure: Figure {
  let x: Float, y: Float, outer: Float
  private let sector: Float
  private let edgeX: Float, edgeY: Float

  init(_ x: Float, _ y: Float, outer: Float, inner: Float, points: Int) {
    (self.x, self.y, self.outer) = (x, y, outer)
    sector = 2 * .pi / Float(points)
    let (ex, ey) = (inner * cosf(sector / 2) - outer, inner * sinf(sector / 2))
    let length = (ex * ex + ey * ey).squareRoot()
    (edgeX, edgeY) = (ex / length, ey / length)
  }

  /// Folds all points onto one half of the first, which has a single straight edge.
  func distance(_ px: Float, _ py: Float) -> Float {
    let (dx, dy) = (px - x, py - y)
    let radius = (dx * dx + dy * dy).squareRoot()
    let turned = atan2f(dx, -dy) / sector
    let angle = abs(turned - turned.rounded()) * sector
    return (radius * cosf(angle) - outer) * edgeY - radius * sinf(angle) * edgeX
  }

  func bounds(margin: Float) -> Bounds {
    let r = outer + 4 * margin
    return Bounds(minX: x - r, minY: y - r, maxX: x + r, maxY: y + r)
  }
}

/// The part of a ring on one side of its centre: a smile (below) or a frown (above).
struct Mouth: Figure {
  let y: Float
  let isSmile: Bool
  private let radius: Float = 0.42, thickness: Float = 0.07, gap: Float = 0.12

  func distance(_ px: Float, _ py: Float) -> Float {
    let ring = abs((px * px + (py - y) * (py - y)).squareRoot() - radius) - thickness
    return max(ring, gap - (isSmile ? py - y : y - py))
  }

  func bounds(margin: Float) -> Bounds {
    let r = radius + thickness + margin
    return Bounds(minX: -r, minY: y - r, maxX: r, maxY: y + r)
  }
}

/// The edge of another shape, drawn with a pen.
struct Outline<Inner: Figure>: Figure {
  let shape: Inner, halfWidth: Float

  func distance(_ x: Float, _ y: Float) -> Float { abs(shape.distance(x, y)) - halfWidth }
  func bounds(margin: Float) -> Bounds { shape.bounds(margin: margin + halfWidth) }
}

/// Another shape with a rim cut off.
struct Inset<Inner: Figure>: Figure {
  let shape: Inner, rim: Float

  func distance(_ x: Float, _ y: Float) -> Float { shape.distance(x, y) + rim }
  func bounds(margin: Float) -> Bounds { shape.bounds(margin: margin) }
}
