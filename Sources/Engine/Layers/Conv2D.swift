/// A square convolution over images.
///
/// Shape: (B, H, W, I) → (B, H', W', O). Keys: `weight` (O, I, K, K), `bias` (O).
public struct Conv2D {
  public let weight: Parameter
  public let bias: Parameter?
  private let kernel: Int
  private let stride: Int
  private let padding: Padding

  /// From nothing: uniform in ±1/√(I·K²) as in PyTorch's `nn.Conv2d`. Padding keeps the size at stride 1 unless given.
  public init(
    _ inputs: Int, _ outputs: Int, kernel: Int, stride: Int = 1, padding: Padding? = nil, hasBias: Bool = true,
    from weights: Weights
  ) throws {
    let standard = Initializer.uniform(bound: 1 / Float(inputs * kernel * kernel).squareRoot())
    weight = try weights.parameter("weight", [outputs, inputs, kernel, kernel], standard)
    bias = hasBias ? try weights.parameter("bias", [outputs], standard) : nil
    self.kernel = kernel
    self.stride = stride
    self.padding = padding ?? .same((kernel - 1) / 2)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    // Channels are innermost, so a 1×1 convolution is a linear layer on the same memory.
    if kernel == 1, stride == 1 {
      return x.linear(weight: weight.value.reshaped([weight.shape[0], weight.shape[1]]), bias: bias?.value)
    }
    return x.convolved(weight: weight.value, bias: bias?.value, stride: stride, padding: padding)
  }
}
