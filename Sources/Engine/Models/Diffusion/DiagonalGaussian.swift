import Glibc

/// A normal distribution with its own mean and variance for every latent number.
///
/// Source: diffusers `DiagonalGaussianDistribution`.
public struct DiagonalGaussian {
  /// (B, h, w, L).
  public let mean: Tensor
  /// The logarithm of the variance, held between −30 and 20; (B, h, w, L).
  public let logVariance: Tensor

  init(mean: Tensor, unboundedLogVariance: Tensor) {
    self.mean = mean
    logVariance = unboundedLogVariance.clamped(to: -30...20)
  }

  /// mean + exp(½·logVariance)·noise; noise is standard normal of the mean's shape.
  public func sample(noise: Tensor) -> Tensor {
    let deviation = logVariance.scaled(by: 0.5).exponentials()
    return mean + deviation * noise
  }

  /// How far this is from standard normal, in nats, mean over images: ½·Σ(mean² + variance − 1 − logVariance) / B.
  public func divergenceFromStandardNormal() -> Tensor {
    let terms = mean * mean + logVariance.exponentials() - logVariance
    let constant = Float(mean.count)
    return terms.sum().scaled(by: 1, plus: -constant).scaled(by: 0.5 / Float(mean.shape[0]))
  }
}

extension Tensor {
  /// Entries moved into `range`; where one was moved, no gradient passes. Latent-sized: one thread.
  fileprivate func clamped(to range: ClosedRange<Float>) -> Tensor {
    let x = detached()
    let y = Tensor.filled(shape) { out in
      x.withUnsafeValues { for i in $0.indices { out[i] = min(max($0[i], range.lowerBound), range.upperBound) } }
    }
    return .record("clamped", y, from: self) { dy in
      let dx = Tensor.filled(dy.shape) { out in
        for i in out.indices { out[i] = range.contains(x.pointer[i]) ? dy.pointer[i] : 0 }
      }
      return [dx]
    }
  }

  /// eˣ of every entry. Latent-sized: one thread.
  fileprivate func exponentials() -> Tensor {
    let y = Tensor.filled(shape) { out in
      withUnsafeValues { for i in $0.indices { out[i] = exp($0[i]) } }
    }
    return .record("exponentials", y, from: self) { dy in [dy * y] }
  }
}
