/// Float32 numbers in a shape: dense, row-major, a value that shares its memory until an op makes a new one.
///
/// Feature maps are NHWC (B, H, W, C) and token streams (B, T, C): a linear layer, a 1×1 convolution and attention
/// read the same memory. A tensor that came out of an op on something trainable carries the `node` that leads back.
public struct Tensor: @unchecked Sendable {
  public let shape: Shape
  let storage: Storage
  let offset: Int
  let node: Node?

  init(storage: Storage, offset: Int = 0, shape: Shape, node: Node? = nil) {
    precondition(offset + shape.count <= storage.count, "\(shape) does not fit \(storage.count - offset) numbers")
    self.storage = storage
    self.offset = offset
    self.shape = shape
    self.node = node
  }

  /// Memory with nothing meaningful in it: for ops that write every entry.
  init(uninitialized shape: Shape) { self.init(storage: Storage(count: shape.count), shape: shape) }

  public init(_ values: [Float], shape: Shape) {
    precondition(values.count == shape.count, "\(values.count) values for the shape \(shape)")
    self.init(uninitialized: shape)
    values.withUnsafeBufferPointer { pointer.update(from: $0.baseAddress ?? UnsafePointer(pointer), count: $0.count) }
  }

  public init(repeating value: Float, shape: Shape) {
    self.init(uninitialized: shape)
    pointer.update(repeating: value, count: shape.count)
  }

  public init(zeros shape: Shape) { self.init(repeating: 0, shape: shape) }

  public init(scalar value: Float) { self.init(repeating: value, shape: []) }

  public var count: Int { shape.count }

  var pointer: UnsafeMutablePointer<Float> { storage.base + offset }

  /// A copy of the numbers in row-major order.
  public var values: [Float] { Array(UnsafeBufferPointer(start: pointer, count: count)) }

  /// The one number of a scalar or of a tensor with one entry.
  public var item: Float {
    precondition(count == 1, "a tensor of shape \(shape) is not one number")
    return pointer.pointee
  }

  public func withUnsafeValues<R>(_ body: (UnsafeBufferPointer<Float>) throws -> R) rethrows -> R {
    try withExtendedLifetime(storage) { try body(UnsafeBufferPointer(start: pointer, count: count)) }
  }

  /// Makes a tensor and lets `fill` write all its numbers.
  public static func filled(_ shape: Shape, by fill: (UnsafeMutableBufferPointer<Float>) throws -> Void) rethrows
    -> Tensor
  {
    let tensor = Tensor(uninitialized: shape)
    try fill(UnsafeMutableBufferPointer(start: tensor.pointer, count: tensor.count))
    return tensor
  }

  public var requiresGradient: Bool { node != nil }

  /// The same numbers without their history.
  public func detached() -> Tensor { Tensor(storage: storage, offset: offset, shape: shape) }

  /// The same numbers in memory of their own.
  public func copied() -> Tensor {
    let copy = Tensor(uninitialized: shape)
    copy.pointer.update(from: pointer, count: count)
    return copy
  }

  /// The same memory in another shape with as many entries.
  public func reshaped(_ newShape: Shape) -> Tensor {
    precondition(newShape.count == count, "cannot reshape \(shape) to \(newShape)")
    let y = Tensor(storage: storage, offset: offset, shape: newShape)
    let old = shape
    return .record("reshaped", y, from: self) { dy in [dy.reshaped(old)] }
  }

  /// Entries `range` along the first axis; the same memory.
  public func sliced(_ range: Range<Int>) -> Tensor {
    precondition(shape.rank > 0 && range.upperBound <= shape[0], "rows \(range) of the shape \(shape)")
    let y = Tensor(
      storage: storage, offset: offset + range.lowerBound * shape.stride, shape: shape.replacingFirst(with: range.count)
    )
    let (whole, start) = (shape, range.lowerBound * shape.stride)
    return .record("sliced", y, from: self) { dy in
      let dx = Tensor(zeros: whole)
      (dx.pointer + start).update(from: dy.pointer, count: dy.count)
      return [dx]
    }
  }
}

extension Tensor: CustomStringConvertible {
  public var description: String {
    let head = values.prefix(6).map { "\($0)" }.joined(separator: ", ")
    return "Tensor\(shape) [\(head)\(count > 6 ? ", …" : "")]"
  }
}
