import Kernels

extension Tensor {
  /// softmax(q·kᵀ/√D)·v in every head, where self holds the queries.
  ///
  /// Shape: self (B, Tq, C), keys and values (B, Tk, C), C = heads·D → (B, Tq, C). With `causal`, token i sees keys
  /// 0…i. Source: Vaswani et al. 2017, eq. 1. The scores are never stored: the gradient recomputes them.
  public func attention(keys: Tensor, values: Tensor, heads: Int, causal: Bool = false) -> Tensor {
    precondition(
      shape.rank == 3 && keys.shape == values.shape && keys.shape[0] == shape[0] && keys.shape[2] == shape[2]
        && shape[2] % heads == 0,
      "attention: queries \(shape), keys \(keys.shape), values \(values.shape), \(heads) heads")
    let layout = HeadLayout(queries: shape, keys: keys.shape[1], heads: heads, causal: causal)
    let y = Tensor(uninitialized: shape)
    let logSumExp = Tensor(uninitialized: [shape[0], heads, shape[1]])
    layout.runHeads { head, sizes, scratch in
      kernels_attention(
        sizes, pointer + head.query, keys.pointer + head.key, values.pointer + head.key, y.pointer + head.query,
        logSumExp.pointer + head.row, scratch)
    }
    let (q, k, v, out) = (detached(), keys.detached(), values.detached(), y)
    let wants = [requiresGradient, keys.requiresGradient, values.requiresGradient]
    return .record("attention", y, from: self, keys, values) { dy in
      let dq = wants[0] ? Tensor(uninitialized: q.shape) : nil
      let dk = wants[1] ? Tensor(uninitialized: k.shape) : nil
      let dv = wants[2] ? Tensor(uninitialized: v.shape) : nil
      layout.runHeads { head, sizes, scratch in
        kernels_attention_gradient(
          sizes, q.pointer + head.query, k.pointer + head.key, v.pointer + head.key, out.pointer + head.query,
          logSumExp.pointer + head.row, dy.pointer + head.query, dq.map { $0.pointer + head.query },
          dk.map { $0.pointer + head.key }, dv.map { $0.pointer + head.key }, scratch)
      }
      return [dq, dk, dv]
    }
  }
}

/// Where each head of each image lies in token-major memory.
private struct HeadLayout {
  let images: Int
  let queries: Int
  let keys: Int
  let channels: Int
  let heads: Int
  let causal: Bool

  init(queries shape: Shape, keys: Int, heads: Int, causal: Bool) {
    images = shape[0]
    queries = shape[1]
    channels = shape[2]
    self.keys = keys
    self.heads = heads
    self.causal = causal
  }

  /// Offsets of one head of one image.
  struct Head {
    let query: Int
    let key: Int
    let row: Int
  }

  /// Calls body(offsets, sizes, scratch) for every head on the pool; one scratch buffer a piece of heads.
  func runHeads(_ body: (Head, UnsafePointer<AttentionShape>, UnsafeMutablePointer<Float>) -> Void) {
    let width = channels / heads
    let stride = Int64(channels)
    ThreadPool.runPieces(of: images * heads, size: max(1, (images * heads + 15) / 16)) { piece in
      var sizes = AttentionShape(
        queries: Int64(queries), keys: Int64(keys), headWidth: Int64(width), queryStride: stride, keyStride: stride,
        valueStride: stride, outStride: stride, scale: 1 / Float(width).squareRoot(), causal: causal)
      withUnsafePointer(to: &sizes) { sizes in
        let scratch = Storage(count: Int(kernels_attention_scratch(sizes)))
        for index in piece {
          let (image, head) = index.quotientAndRemainder(dividingBy: heads)
          let place = Head(
            query: image * queries * channels + head * width, key: image * keys * channels + head * width,
            row: index * queries)
          body(place, sizes, scratch.base)
        }
      }
    }
  }
}
