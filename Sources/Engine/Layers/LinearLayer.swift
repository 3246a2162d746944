/// A linear map of the last axis: y = x·Wᵀ + b.
///
/// Shape: (…, I) → (…, O). Keys: `weight` (O, I), `bias` (O).
public struct Linear {
  public let weight: Parameter
  public let bias: Parameter?

  /// From nothing: weight and bias uniform in ±1/√I as in PyTorch's `nn.Linear`, or weight by `initializer` and bias 0.
  public init(
    _ inputs: Int, _ outputs: Int, hasBias: Bool = true, from weights: Weights, initializer: Initializer? = nil
  ) throws {
    let standard = Initializer.uniform(bound: 1 / Float(inputs).squareRoot())
    weight = try weights.parameter("weight", [outputs, inputs], initializer ?? standard)
    bias = hasBias ? try weights.parameter("bias", [outputs], initializer == nil ? standard : .zeros) : nil
  }

  public func callAsFunction(_ x: Tensor) -> Tensor { x.linear(weight: weight.value, bias: bias?.value) }
}
