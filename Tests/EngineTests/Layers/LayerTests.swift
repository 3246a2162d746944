import TestSupport
import Testing

@testable import Engine

struct LayerTests {
  private func names(_ build: (Weights) throws -> Void) rethrows -> [String] {
    let weights = Weights.outline()
    try build(weights["layer"])
    return weights.parameters.map { "\($0.name) \($0.shape)" }
  }

  @Test("layers ask for the names and shapes of PyTorch's")
  func fileNames() throws {
    #expect(try names { _ = try Linear(3, 5, from: $0) } == ["layer.weight (5, 3)", "layer.bias (5)"])
    #expect(try names { _ = try Linear(3, 5, hasBias: false, from: $0) } == ["layer.weight (5, 3)"])
    #expect(
      try names { _ = try Conv2D(3, 5, kernel: 2, from: $0) } == ["layer.weight (5, 3, 2, 2)", "layer.bias (5)"])
    #expect(try names { _ = try LayerNorm(7, from: $0) } == ["layer.weight (7)", "layer.bias (7)"])
    #expect(
      try names { _ = try GroupNorm(groups: 2, 6, epsilon: 1e-5, from: $0) } == ["layer.weight (6)", "layer.bias (6)"])
    #expect(try names { _ = try Embedding(11, 4, from: $0) } == ["layer.weight (11, 4)"])
    #expect(
      try names { _ = try MultiHeadAttention(6, contextWidth: 4, heads: 2, names: .unet, from: $0) } == [
        "layer.to_q.weight (6, 6)", "layer.to_k.weight (6, 4)", "layer.to_v.weight (6, 4)",
        "layer.to_out.0.weight (6, 6)", "layer.to_out.0.bias (6)",
      ])
  }

  @Test("weights move a share of the way to others")
  func move() {
    let parameter = Parameter(name: "w", value: Tensor([1, -2, 0.5], shape: [3]))
    let others = Tensor([3, 2, 0.5], shape: [3])
    parameter.move(toward: others, share: 0.25)
    #expect(parameter.value.values == [1.5, -1, 0.5])
    parameter.move(toward: others, share: 1)
    #expect(parameter.value.values == [3, 2, 0.5] && others.values == [3, 2, 0.5])
  }

  @Test("linear and convolution begin uniform within PyTorch's bound")
  func initialBounds() throws {
    let weights = Weights.initializing(seed: 3)
    let linear = try Linear(16, 400, from: weights["linear"])
    let conv = try Conv2D(4, 100, kernel: 3, from: weights["conv"])

    for (parameter, bound) in [
      (linear.weight, 0.25), (try #require(linear.bias), 0.25), (conv.weight, 1.0 / 6),
      (try #require(conv.bias), 1.0 / 6),
    ] as [(Parameter, Float)] {
      let values = parameter.value.values
      #expect(values.allSatisfy { abs($0) <= bound }, "\(parameter.name)")
      #expect(try #require(values.max()) > 0.9 * bound, "\(parameter.name)")
      #expect(try #require(values.min()) < -0.9 * bound, "\(parameter.name)")
    }
  }

  @Test("norms begin as the plain norm, and an initialiser of the model's own leaves biases at 0")
  func initialNorms() throws {
    let weights = Weights.initializing(seed: 3)
    let norm = try LayerNorm(4, from: weights["norm"])
    let linear = try Linear(2, 3, from: weights["linear"], initializer: .constant(7))

    #expect(norm.weight.value.values == [1, 1, 1, 1])
    #expect(norm.bias.value.values == [0, 0, 0, 0])
    #expect(linear.weight.value.values == [7, 7, 7, 7, 7, 7])
    #expect(linear.bias?.value.values == [0, 0, 0])
  }

  @Test("a 1×1 convolution is the linear map of every pixel")
  func pointwiseConvolution() throws {
    let weights = Weights.initializing(seed: 5)
    let conv = try Conv2D(3, 2, kernel: 1, from: weights)
    let x = RandomSource(seed: 1).normal([2, 3, 5, 3], step: 0)

    let direct = x.convolved(weight: conv.weight.value, bias: conv.bias?.value, stride: 1, padding: .none)

    expect(conv(x), equals: direct, within: .relative(1e-6))
  }

  @Test("an embedding gives each id its row, and positions their first rows")
  func embedding() throws {
    let table = Tensor([0, 1, 10, 11, 20, 21], shape: [3, 2])
    let embedding = try Embedding(3, 2, from: .file(OneTensor(name: "weight", tensor: table), name: "table"))

    #expect(embedding([[2, 0], [1, 1]]).values == [20, 21, 0, 1, 10, 11, 10, 11])
    #expect(embedding.positions(2).values == [0, 1, 10, 11])
  }

  private struct OneTensor: TensorSource {
    let name: String
    let tensor: Tensor
    var tensorNames: [String] { [name] }
    func tensor(named name: String) -> Tensor? { name == self.name ? tensor : nil }
  }
}
