/// Each vector along the last axis shifted to mean 0 and scaled to variance 1, then by learned scale and shift.
///
/// Shape: (…, C) → (…, C). Keys: `weight` (C), `bias` (C).
public struct LayerNorm {
  public let weight: Parameter
  public let bias: Parameter
  private let epsilon: Float

  public init(_ channels: Int, epsilon: Float = 1e-5, from weights: Weights) throws {
    weight = try weights.parameter("weight", [channels], .ones)
    bias = try weights.parameter("bias", [channels], .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(scale: weight.value, shift: bias.value, epsilon: epsilon)
  }
}
