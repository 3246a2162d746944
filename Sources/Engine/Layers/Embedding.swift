/// A learned vector for each id or place.
///
/// Shape: ids (B, T) → (B, T, C). Keys: `weight` (V, C).
public struct Embedding {
  public let weight: Parameter

  /// From nothing: normal with deviation 1 as in PyTorch's `nn.Embedding`, unless an initialiser is given.
  public init(_ count: Int, _ channels: Int, from weights: Weights, initializer: Initializer = .normal(deviation: 1))
    throws
  {
    weight = try weights.parameter("weight", [count, channels], initializer)
  }

  /// One row of ids for each text, all of the same length; each id below V.
  public func callAsFunction(_ ids: [[Int]]) -> Tensor {
    let length = ids.first?.count ?? 0
    precondition(ids.allSatisfy { $0.count == length }, "texts of different lengths: \(ids.map(\.count))")
    return weight.value.embedding(ids: ids.joined().map(Int32.init), shape: [ids.count, length])
  }

  /// The first `count` rows, as a table of positions (T, C).
  public func positions(_ count: Int) -> Tensor {
    count == weight.shape[0] ? weight.value : weight.value.sliced(0..<count)
  }
}
