import Glibc

/// What a file says of a tensor before it is read.
public struct TensorDescription: Equatable, Sendable {
  public let type: StoredType
  public let dims: [Int]

  /// The number of entries; 1 for a scalar.
  public var count: Int { dims.reduce(1, *) }

  /// How much the numbers take in stored precision.
  public var byteCount: Int { count * type.bits / 8 }
}

/// A tensor in the precision of its file: dense, row-major, little-endian.
///
/// The bytes are those of the mapped file, which stays mapped while this value lives; only a transposed or otherwise
/// strided view, which some files hold, is copied. Nothing is converted, and nothing is read before it is touched.
public struct StoredTensor: @unchecked Sendable {
  public let description: TensorDescription
  private let bytes: UnsafeRawBufferPointer
  private let owner: AnyObject
  private let isMapped: Bool

  /// `owner` keeps `bytes` alive; `isMapped` where they are a file's, which the system can read again.
  init(_ description: TensorDescription, bytes: UnsafeRawBufferPointer, owner: AnyObject, isMapped: Bool) {
    precondition(bytes.count == description.byteCount, "\(bytes.count) bytes for \(description)")
    (self.description, self.bytes, self.owner, self.isMapped) = (description, bytes, owner, isMapped)
  }

  public var type: StoredType { description.type }
  public var dims: [Int] { description.dims }

  /// The bytes, at any alignment; valid inside `body`.
  public func withUnsafeBytes<R>(_ body: (UnsafeRawBufferPointer) throws -> R) rethrows -> R {
    try withExtendedLifetime(owner) { try body(bytes) }
  }

  /// The numbers as Float32; the type must be a readable float. Cost: allocates and converts, on all threads.
  public func floats() -> Tensor { Tensor.filled(Shape(dims), by: floats(into:)) }

  /// Converts to Float32, on all threads.
  func floats(into out: UnsafeMutableBufferPointer<Float>) {
    precondition(out.count == description.count, "\(out.count) floats for \(description)")
    guard let target = out.baseAddress, !out.isEmpty else { return }
    let numbers = SharedNumbers(target: target)
    withUnsafeBytes { bytes in
      guard let start = bytes.baseAddress else { return }
      let (type, size) = (type, type.bits / 8)
      ThreadPool.runPieces(of: out.count, size: 1 << 18) { piece in
        type.convert(start + piece.lowerBound * size, count: Int64(piece.count), to: numbers.target + piece.lowerBound)
      }
    }
  }

  /// The whole numbers in row-major order; the type must be a readable integer.
  public func integers() -> [Int64] { withUnsafeBytes { type.integers($0) } }
}

extension StoredTensor {
  /// Part number `part` of `count` equal ones along the first axis, in the same bytes.
  func part(_ part: Int, of count: Int) -> StoredTensor {
    precondition(!dims.isEmpty && dims[0] % count == 0, "\(dims) in \(count) parts")
    let size = bytes.count / count
    let one = TensorDescription(type: type, dims: [dims[0] / count] + dims.dropFirst())
    return StoredTensor(
      one, bytes: UnsafeRawBufferPointer(rebasing: bytes[part * size..<(part + 1) * size]), owner: owner,
      isMapped: isMapped)
  }

  /// The first byte; it stays while this value does.
  var start: UnsafeRawPointer {
    // Tensors without entries have no bytes, and are never read.
    bytes.baseAddress ?? UnsafeRawPointer(bitPattern: 64)!
  }

  /// The numbers where they lie, if they are Float32 at an address where floats can be read.
  var alignedFloats: UnsafePointer<Float>? {
    guard type == .f32, Int(bitPattern: start) % MemoryLayout<Float>.alignment == 0 else { return nil }
    return start.assumingMemoryBound(to: Float.self)
  }

  /// Tells the system that a mapped file's bytes are not needed in memory for now; they come back when they are read.
  func dropPages() {
    guard isMapped else { return }
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let first = (Int(bitPattern: start) + page - 1) / page * page
    let end = Int(bitPattern: start + bytes.count) / page * page
    guard end > first, let pages = UnsafeMutableRawPointer(bitPattern: first) else { return }
    // Advice only: when it fails, more stays in memory.
    _ = madvise(pages, end - first, MADV_DONTNEED)
  }
}

/// Threads write disjoint pieces of one array.
private struct SharedNumbers: @unchecked Sendable {
  let target: UnsafeMutablePointer<Float>
}
