import Kernels

extension Tensor {
  /// softmax(q·kᵀ/√D)·v in every head, where self holds the queries.
  ///
  /// Shape: self (B, Tq, C), keys and values (B, Tk, C), C = heads·D → (B, Tq, C). With `causal`, token i attends to keys
  /// 0…i. Source: Vaswani et al. 2017, eq. 1. The scores are never stored: the gradient recomputes them.
  public func attention(keys: Tensor, values: Tensor, heads: Int, causal: Bool = false) -> Tensor {
    precondition(
      shape.rank == 3 && keys.shape == values.shape && keys.shape[0] == shape[0] && keys.shape[2] == shape[2]
        && shape[2] % heads == 0,
      "attention: queries \(shape), keys \(keys.shape), values \(values.shape), \(heads) heads")
    let layout = AttentionHeads(
      queries: shape, keys: keys.shape[1], heads: heads, causal: causal,
      isBF16: ArithmeticPolicy.current.multipliesBF16)
    let (q, k, v) = (detached(), keys.detached(), values.detached())
    let (out, logSumExp) = layout.attention(q, k, v)
    let (wantsQ, wantsKV) = (requiresGradient, keys.requiresGradient || values.requiresGradient)
    return .record("attention", out, from: self, keys, values) { dy in
      let dq = wantsQ ? Tensor(uninitialized: q.shape) : nil
      let (dk, dv) = wantsKV ? (Tensor(uninitialized: k.shape), Tensor(uninitialized: v.shape)) : (nil, nil)
      layout.gradient(q, k, v, out: out, logSumExp: logSumExp, arriving: dy, dq: dq, dk: dk, dv: dv)
      return [dq, dk, dv]
    }
  }
}

extension AttentionHeads {
  /// The result, and the log-sum-exp of every row of scores.
  fileprivate func attention(_ q: Tensor, _ k: Tensor, _ v: Tensor) -> (Tensor, Tensor) {
    let (out, logSumExp) = (Tensor(uninitialized: q.shape), Tensor(uninitialized: [count, q.shape[1]]))
    var shape = shape
    withUnsafePointer(to: &shape) { shape in
      let scratchBytes = Int(kernels_attention_scratch_bytes(shape))
      run(packedBytes: Int(kernels_attention_packed_bytes(shape))) { head, packed in
        let scratch = Storage(count: scratchBytes / 4)
        kernels_attention_pack(shape, k.pointer + head.key, v.pointer + head.key, packed, scratch.base)
      } body: { head, part, packed in
        let (scratch, queries) = (Storage(count: scratchBytes / 4), queries(part))
        kernels_attention(
          shape, queries.lowerBound, Int64(queries.count), q.pointer + head.query, k.pointer + head.key,
          v.pointer + head.key, packed, out.pointer + head.query, logSumExp.pointer + head.row, scratch.base)
      }
    }
    return (out, logSumExp)
  }

  /// Writes the gradients that are wanted. Each part of a head's queries has its own sums for the keys and values;
  /// these are then added in order.
  fileprivate func gradient(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, out: Tensor, logSumExp: Tensor, arriving dy: Tensor, dq: Tensor?,
    dk: Tensor?,
    dv: Tensor?
  ) {
    let size = 2 * Int(shape.keys * shape.headWidth)
    let sums = Storage(count: count * parts * size)
    var shape = shape
    withUnsafePointer(to: &shape) { shape in
      let scratchBytes = Int(kernels_attention_gradient_scratch_bytes(shape))
      run(packedBytes: Int(kernels_attention_gradient_packed_bytes(shape))) { head, packed in
        kernels_attention_gradient_pack(shape, k.pointer + head.key, v.pointer + head.key, packed)
      } body: { head, part, packed in
        let (scratch, queries) = (Storage(count: scratchBytes / 4), queries(part))
        var read = AttentionQueries(
          q: q.pointer + head.query, out: out.pointer + head.query, dOut: dy.pointer + head.query,
          logSumExp: logSumExp.pointer + head.row, dq: dq.map { $0.pointer + head.query })
        kernels_attention_gradient(
          shape, queries.lowerBound, Int64(queries.count), &read, packed,
          sums.base + (head.index * parts + part) * size, scratch.base)
      }
      guard let dk, let dv else { return }
      ThreadPool.run(count) { index in
        let key = head(index).key
        kernels_attention_gradient_gather(
          shape, Int64(parts), sums.base + index * parts * size, dk.pointer + key, dv.pointer + key)
      }
    }
  }
}
