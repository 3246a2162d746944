/// The sizes of a tensor's axes, outermost first; up to six axes, none for a scalar.
public struct Shape: Hashable, Sendable, ExpressibleByArrayLiteral {
  private var sizes = SIMD8<Int32>(repeating: 0)
  public private(set) var rank: Int

  public init(_ dims: [Int]) {
    precondition(dims.count <= 6, "a shape has at most 6 axes, not \(dims.count)")
    rank = dims.count
    for (axis, size) in dims.enumerated() {
      precondition(size >= 0, "an axis cannot have \(size) entries: \(dims)")
      sizes[axis] = Int32(size)
    }
  }

  public init(arrayLiteral dims: Int...) { self.init(dims) }

  public subscript(axis: Int) -> Int {
    precondition(axis < rank, "axis \(axis) of the rank-\(rank) shape \(self)")
    return Int(sizes[axis])
  }

  public var dims: [Int] { (0..<rank).map { Int(sizes[$0]) } }

  /// The number of entries; 1 for a scalar.
  public var count: Int {
    var product = 1
    for axis in 0..<rank { product *= Int(sizes[axis]) }
    return product
  }

  /// The size of the innermost axis; 1 for a scalar.
  public var last: Int { rank == 0 ? 1 : Int(sizes[rank - 1]) }

  /// Entries that one step along the first axis spans.
  public var stride: Int { rank == 0 || self[0] == 0 ? 1 : count / self[0] }

  public func replacingLast(with size: Int) -> Shape {
    var shape = self
    shape.sizes[rank - 1] = Int32(size)
    return shape
  }

  public func replacingFirst(with size: Int) -> Shape {
    var shape = self
    shape.sizes[0] = Int32(size)
    return shape
  }

  public func hasSuffix(_ other: Shape) -> Bool {
    other.rank <= rank && (0..<other.rank).allSatisfy { self[rank - other.rank + $0] == other[$0] }
  }
}

extension Shape: CustomStringConvertible {
  public var description: String { "(" + dims.map(String.init).joined(separator: ", ") + ")" }
}
