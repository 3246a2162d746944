/// Each group of channels of one image normalised together, then scaled and shifted by channel; optionally SiLU after.
///
/// Shape: (B, H, W, C) or (B, T, C), unchanged. Keys: `weight` (C), `bias` (C).
public struct GroupNorm {
  public let weight: Parameter
  public let bias: Parameter
  private let groups: Int
  private let epsilon: Float
  private let silu: Bool

  public init(groups: Int, _ channels: Int, epsilon: Float, silu: Bool = false, from weights: Weights) throws {
    weight = try weights.parameter("weight", [channels], .ones)
    bias = try weights.parameter("bias", [channels], .zeros)
    (self.groups, self.epsilon, self.silu) = (groups, epsilon, silu)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.groupNorm(groups: groups, scale: weight.value, shift: bias.value, epsilon: epsilon, silu: silu)
  }
}
