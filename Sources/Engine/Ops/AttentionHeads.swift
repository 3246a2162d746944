import Kernels

/// Where each head of each image lies in token-major memory, and how the heads' work is cut for the pool.
struct AttentionHeads {
  let shape: AttentionShape
  /// Heads of all images.
  let count: Int
  /// Parts of each head's queries, by shape alone: more than one where there may be more threads than heads.
  let parts: Int
  private let heads: Int
  private let partSize: Int

  init(queries: Shape, keys: Int, heads: Int, causal: Bool, isBF16: Bool) {
    let (tokens, channels) = (queries[1], queries[2])
    let (width, stride) = (channels / heads, Int64(channels))
    shape = AttentionShape(
      queries: Int64(tokens), keys: Int64(keys), headWidth: Int64(width), queryStride: stride, keyStride: stride,
      valueStride: stride, outStride: stride, scale: 1 / Float(width).squareRoot(), causal: causal, bf16: isBF16)
    self.heads = heads
    count = queries[0] * heads
    let wanted = max(1, min(16 / max(1, count), tokens / 64))
    partSize = ((tokens + wanted - 1) / wanted + 63) / 64 * 64
    parts = max(1, (tokens + partSize - 1) / partSize)
  }

  /// Offsets of one head of one image: of its query 0, its key 0 and its first log-sum-exp.
  struct Head {
    let index: Int
    let query: Int
    let key: Int
    let row: Int
  }

  func head(_ index: Int) -> Head {
    let (image, head) = index.quotientAndRemainder(dividingBy: heads)
    let (width, channels) = (Int(shape.headWidth), Int(shape.queryStride))
    return Head(
      index: index, query: image * Int(shape.queries) * channels + head * width,
      key: image * Int(shape.keys) * channels + head * width, row: index * Int(shape.queries))
  }

  /// The queries of one part.
  func queries(_ part: Int) -> Range<Int64> {
    Int64(part * partSize)..<min(shape.queries, Int64((part + 1) * partSize))
  }

  /// Calls body(head, part, packed) for every part of every head on the pool, after pack(head, packed) for its head.
  ///
  /// - Parameter bytes: what one head's packed keys and values take; with none, there is nothing to pack.
  func run(
    packedBytes bytes: Int, pack: (Head, UnsafeMutableRawPointer) -> Void,
    body: (Head, Int, UnsafeRawPointer?) -> Void
  ) {
    guard bytes > 0 else {
      return ThreadPool.run(count * parts) { body(head($0 / parts), $0 % parts, nil) }
    }
    guard parts > 1 else {
      return ThreadPool.run(count) { index in
        let memory = Storage(count: bytes / 4)
        pack(head(index), memory.base)
        body(head(index), 0, memory.base)
      }
    }
    let memory = Storage(count: count * bytes / 4)
    ThreadPool.run(count) { pack(head($0), memory.base + $0 * bytes / 4) }
    ThreadPool.run(count * parts) { body(head($0 / parts), $0 % parts, memory.base + $0 / parts * bytes / 4) }
  }
}
