import Kernels

extension Tensor {
  /// y = x·Wᵀ + b over the last axis.
  ///
  /// Shape: (…, I), weight (O, I), bias (O) → (…, O). Source: PyTorch `F.linear`. Frozen weights cost no gradient.
  /// The number of threads changes no bit of the result; the number of rows changes none with our own products, and
  /// rounding only with oneDNN.
  public func linear(weight: Tensor, bias: Tensor? = nil) -> Tensor {
    let (inputs, outputs) = (weight.shape[1], weight.shape[0])
    precondition(shape.last == inputs, "linear: \(shape) meets weights \(weight.shape)")
    precondition(bias == nil || bias?.shape == [outputs], "linear: bias \(bias!.shape) for weights \(weight.shape)")
    let rows = count / max(1, inputs)
    let y = Tensor(uninitialized: shape.replacingLast(with: outputs))
    let arithmetic = ArithmeticPolicy.current
    WeightsProduct(rows: rows, weight: weight, isTransposed: true, arithmetic: arithmetic)
      .run(pointer, bias: bias?.pointer, into: y.pointer)
    let (wantsX, wantsW, wantsB) = (requiresGradient, weight.requiresGradient, bias?.requiresGradient ?? false)
    // Only the gradient of weights needs x: where they are frozen, it is not kept.
    let (x, w, inputShape) = (wantsW ? detached() : nil, weight.detached(), shape)
    return .record("linear", y, from: self, weight, bias ?? Tensor(scalar: 0)) { dy in
      [
        wantsX ? dy.timesWeights(w, shape: inputShape, arithmetic) : nil,
        x.map { $0.weightGradient(arriving: dy, shape: w.shape, arithmetic) },
        wantsB ? dy.columnSums(width: outputs) : nil,
      ]
    }
  }

  /// self (M, K) · other (K, N), or · otherᵀ for an other of (N, K).
  public func matmul(_ other: Tensor, transposed: Bool = false) -> Tensor {
    let inner = transposed ? other.shape[1] : other.shape[0]
    let columns = transposed ? other.shape[0] : other.shape[1]
    precondition(shape.rank == 2 && shape[1] == inner, "matmul: \(shape) · \(other.shape)\(transposed ? "ᵀ" : "")")
    let y = Tensor(uninitialized: [shape[0], columns])
    MatrixProduct(rows: shape[0], columns: columns, inner: inner, transposesRight: transposed)
      .run(pointer, other.pointer, into: y.pointer)
    let (a, b) = (detached(), other.detached())
    let (wantsA, wantsB) = (requiresGradient, other.requiresGradient)
    return .record("matmul", y, from: self, other) { dy in
      let db =
        wantsB
        ? (transposed ? a.weightGradient(arriving: dy, shape: b.shape) : dy.weightGradient(arriving: a, shape: b.shape))
        : nil
      return [wantsA ? dy.matmul(b, transposed: !transposed) : nil, db]
    }
  }

  /// dx = dy·W for y = x·Wᵀ.
  private func timesWeights(_ weight: Tensor, shape: Shape, _ arithmetic: ArithmeticPolicy) -> Tensor {
    let dx = Tensor(uninitialized: shape)
    let rows = count / max(1, weight.shape[0])
    WeightsProduct(rows: rows, weight: weight, isTransposed: false, arithmetic: arithmetic)
      .run(pointer, into: dx.pointer)
    return dx
  }

  /// dW (O, I) = dyᵀ·x: x (rows, I), dy (rows, O).
  private func weightGradient(
    arriving dy: Tensor, shape: Shape, _ arithmetic: ArithmeticPolicy = ArithmeticPolicy()
  ) -> Tensor {
    let dw = Tensor(uninitialized: shape)
    WeightGradient(rows: count / max(1, shape[1]), shape: shape, arithmetic)
      .run(pointer, arriving: dy.pointer, into: dw.pointer)
    return dw
  }
}

/// C (rows × columns) = A (rows × inner) · B, all dense; cut into pieces of rows for the pool.
struct MatrixProduct {
  let rows: Int
  let columns: Int
  let inner: Int
  let transposesRight: Bool

  func run(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, bias: UnsafePointer<Float>? = nil,
    into c: UnsafeMutablePointer<Float>
  ) {
    let size = ThreadPool.pieceSize(rows, least: 128)
    ThreadPool.runPieces(of: rows, size: size) { piece in
      var product = KernelsProduct()
      (product.m, product.n, product.k) = (Int64(piece.count), Int64(columns), Int64(inner))
      (product.a, product.lda) = (UnsafeRawPointer(a + piece.lowerBound * inner), Int64(inner))
      (product.b, product.ldb) = (UnsafeRawPointer(b), Int64(transposesRight ? inner : columns))
      (product.transposeB, product.bias) = (transposesRight, bias)
      (product.c, product.ldc) = (c + piece.lowerBound * columns, Int64(columns))
      kernels_matmul(&product)
    }
  }
}
