/// Memory of our own for weights: those that do not stand dense in their file, and what kernels make of them.
final class OwnedBytes: @unchecked Sendable {
  let bytes: UnsafeMutableRawBufferPointer
  /// Small ones are parts of pages that they share.
  private let buffer: BufferPool.Buffer?

  init(count: Int) {
    let floats = (count + 3) / 4
    if floats < BufferPool.large {
      let small = BufferPool.take(floats)
      bytes = UnsafeMutableRawBufferPointer(start: small.start, count: count)
      buffer = small
    } else {
      guard let pages = LargePages.take(count) else {
        fatalError("out of memory: \(count) bytes more are not to be had")
      }
      bytes = UnsafeMutableRawBufferPointer(start: pages, count: count)
      buffer = nil
    }
  }

  deinit {
    if let buffer {
      BufferPool.giveBack(buffer)
    } else if let start = bytes.baseAddress {
      LargePages.giveBack(start, bytes: bytes.count)
    }
  }
}
