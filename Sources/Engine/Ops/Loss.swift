import Kernels

extension Tensor {
  /// Mean of (self − target)² over all entries, a scalar. Only self gets a gradient: the target is data.
  ///
  /// The loss of diffusion models on the predicted noise. Source: PyTorch `F.mse_loss`.
  public func meanSquaredError(_ target: Tensor) -> Tensor {
    precondition(shape == target.shape, "meanSquaredError: \(shape) against \(target.shape)")
    let distance = kernels_squared_distance(Int64(count), pointer, target.pointer)
    let (x, t) = (detached(), target.detached())
    return .record("meanSquaredError", Tensor(scalar: Float(distance / Double(count))), from: self) { dy in
      let dx = Tensor(uninitialized: x.shape)
      let slope = 2 * dy.item / Float(x.count)
      ThreadPool.runElements(x.count) { start, n in
        kernels_blend(n, slope, x.pointer + start, -slope, t.pointer + start, dx.pointer + start)
      }
      return [dx]
    }
  }

  /// Mean over rows of −log softmax(row)[label]: (B, K) → a scalar.
  public func crossEntropy(labels: [Int32]) -> Tensor {
    let (rows, classes) = (shape[0], shape[1])
    precondition(labels.count == rows, "crossEntropy: \(labels.count) labels for \(rows) rows")
    precondition(labels.allSatisfy { (0..<classes).contains(Int($0)) }, "crossEntropy: a label outside 0..<\(classes)")
    let probabilities = Tensor(uninitialized: shape)
    let loss = kernels_cross_entropy(Int64(rows), Int64(classes), pointer, labels, probabilities.pointer)
    return .record("crossEntropy", Tensor(scalar: Float(loss)), from: self) { dy in
      let dx = probabilities.scaled(by: dy.item / Float(rows))
      for (row, label) in labels.enumerated() { dx.pointer[row * classes + Int(label)] -= dy.item / Float(rows) }
      return [dx]
    }
  }

  /// The sum of all entries, a scalar.
  public func sum() -> Tensor {
    let whole = shape
    return .record("sum", Tensor(scalar: Float(kernels_sum(Int64(count), pointer))), from: self) { dy in
      [Tensor(repeating: dy.item, shape: whole)]
    }
  }

  /// The mean of all entries, a scalar.
  public func mean() -> Tensor { sum().scaled(by: 1 / Float(count)) }
}

extension Tensor {
  /// The L2 norm over all entries, summed in Double.
  public var norm: Double {
    withUnsafeValues { $0.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot() }
  }

  /// √(mean (x − mean x)²) over all entries, for looking at.
  public var standardDeviation: Float {
    let mean = kernels_sum(Int64(count), pointer) / Double(count)
    return Float((kernels_sum_squares(Int64(count), pointer) / Double(count) - mean * mean).squareRoot())
  }
}
