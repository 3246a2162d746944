/// Each vector along the last axis divided by the root of its mean square, then times a learned scale.
///
/// Shape: (…, C) → (…, C). Keys: `weight` (C).
struct RMSNorm {
  private let weight: Parameter
  private let epsilon: Float

  init(_ channels: Int, epsilon: Float, from weights: Weights) throws {
    weight = try weights.parameter("weight", [channels], .ones)
    self.epsilon = epsilon
  }

  func callAsFunction(_ x: Tensor) -> Tensor { x.rmsNorm(scale: weight.value, epsilon: epsilon) }

  /// Every head of every token for itself: (…, heads·C) → (…, heads·C).
  func perHead(_ x: Tensor) -> Tensor {
    let width = weight.shape.count
    return self(x.reshaped([x.shape.count / width, width])).reshaped(x.shape)
  }
}
