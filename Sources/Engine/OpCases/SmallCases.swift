// Rows in the order and under the names of Tests/Reference/ops.py, which has the numbers that each must give.
// Sizes are odd on purpose: 1, primes, one more than a multiple of the vector width or of a block.

extension OpCase {
  /// Every public op in all its uses, small enough for the fixtures.
  public static let small =
    arithmetic + products + convolutions + attentions + normalizations + activations + gathers + losses + views + gates

  private static let broadcasts: [(detail: String, inputs: [Shape])] = [
    ("equal shapes", [[3, 5, 7], [3, 5, 7]]),
    ("a row", [[4, 3, 17], [17]]),
    ("a table", [[3, 5, 7], [5, 7]]),
    ("a number", [[3, 33], []]),
    ("one entry", [[1], [1]]),
  ]

  private static let arithmetic: [OpCase] =
    broadcasts.map { OpCase("+", $0.detail, $0.inputs) { $0[0] + $0[1] } }
    + broadcasts.map { OpCase("-", $0.detail, $0.inputs) { $0[0] - $0[1] } }
    + broadcasts.map { OpCase("*", $0.detail, $0.inputs) { $0[0] * $0[1] } }
    + [
      OpCase("scaled", "by -0.75", [[3, 17]]) { $0[0].scaled(by: -0.75) },
      OpCase("scaled", "by 2 plus 0.5", [[3, 17]]) { $0[0].scaled(by: 2, plus: 0.5) },
      OpCase("scaled", "by a tensor", [[3, 17], []]) { $0[0].scaled(by: $0[1]) },
      OpCase("exponential", "", [[]]) { $0[0].exponential() },
      OpCase("addingPerImage", "", [[2, 3, 5, 7], [2, 7]]) { $0[0].addingPerImage($0[1]) },
    ]

  private static let products: [OpCase] = [
    .linear("tokens", [3, 5, 17], outputs: 33),
    .linear("no bias", [7, 33], outputs: 17, bias: false),
    .linear("to one channel", [7, 17], outputs: 1),
    .linear("from one channel", [1, 1], outputs: 7),
    .linear("many rows", [67, 16], outputs: 32),
    .linear("a feature map", [2, 3, 5, 7], outputs: 4),
    .linear("more than a piece", [1, 300, 5], outputs: 3),
    .matmul("odd", [7, 17], [17, 33]),
    .matmul("one entry", [1, 1], [1, 1]),
    .matmul("one row", [1, 33], [33, 17]),
    .matmul("transposed", [7, 17], [33, 17], transposed: true),
    .matmul("transposed, one column", [17, 7], [1, 7], transposed: true),
  ]

  private static let convolutions: [OpCase] = [
    .convolution("3×3", [2, 7, 5, 3], outputs: 4),
    .convolution("3×3, no bias", [1, 5, 7, 4], outputs: 7, bias: false),
    .convolution("3×3, whole vectors", [1, 5, 4, 16], outputs: 16),
    .convolution("3×3, prime channels", [1, 7, 5, 13], outputs: 11),
    .convolution("3×3, one channel", [1, 9, 9, 1], outputs: 1),
    .convolution("3×3, one pixel", [3, 1, 1, 5], outputs: 2),
    .convolution("3×3, stride 2", [2, 9, 7, 4], outputs: 5, stride: 2),
    .convolution("3×3, stride 2, even", [2, 8, 6, 3], outputs: 4, stride: 2),
    .convolution(
      "3×3, stride 2, below and right", [2, 8, 6, 3], outputs: 5, stride: 2,
      padding: Padding(top: 0, left: 0, bottom: 1, right: 1)),
    .convolution("3×3, no padding", [1, 5, 7, 3], outputs: 4, padding: .none),
    .convolution("3×3, nine images", [9, 3, 2, 3], outputs: 4),
    .convolution("1×1", [2, 5, 3, 7], outputs: 17, kernel: 1, padding: .none),
    OpCase("patches", "of 2", [[2, 4, 6, 3]]) { $0[0].patches(2) },
    OpCase("patches", "of 3, one patch", [[1, 3, 3, 1]]) { $0[0].patches(3) },
    OpCase("patches", "of 8", [[2, 16, 8, 3]]) { $0[0].patches(8) },
    OpCase("patches", "of 2, a row and a column left", [[2, 5, 7, 3]]) { $0[0].patches(2) },
    OpCase("upsampledNearest", "", [[2, 3, 5, 7]]) { $0[0].upsampledNearest() },
  ]

  private static let attentions: [OpCase] = [
    .attention("itself", [2, 5, 12], keys: 5, heads: 3),
    .attention("causal", [2, 7, 12], keys: 7, heads: 3, causal: true),
    .attention("causal, long", [1, 77, 8], keys: 77, heads: 1, causal: true),
    .attention("a context", [2, 9, 16], keys: 4, heads: 2),
    .attention("many keys", [1, 3, 16], keys: 77, heads: 2),
    .attention("many queries", [1, 131, 8], keys: 5, heads: 2),
    .attention("more than a block", [1, 67, 16], keys: 67, heads: 2),
    .attention("one token", [3, 1, 12], keys: 1, heads: 4),
    .attention("one key", [2, 5, 6], keys: 1, heads: 2),
    .attention("prime head width", [1, 7, 17], keys: 7, heads: 1),
    .attention("head width 1", [2, 5, 3], keys: 5, heads: 3),
    .attention("many heads", [5, 3, 8], keys: 2, heads: 4),
    .attention("sharp", [1, 9, 8], keys: 9, heads: 1),
  ]

  private static let normalizations: [OpCase] = [
    .layerNorm("tokens", [3, 5, 17]),
    .layerNorm("whole vectors", [4, 128]),
    .layerNorm("one row", [1, 7]),
    .layerNorm("more than a piece", [150, 5]),
    .layerNorm("far from zero", [5, 33]),
    .rmsNorm("tokens", [3, 5, 17]),
    .rmsNorm("whole vectors", [4, 32]),
    .rmsNorm("two entries a row", [7, 2]),
    .rmsNorm("more than a piece", [150, 5]),
    .groupNorm("a feature map", [2, 3, 5, 8], groups: 4),
    .groupNorm("a feature map, silu", [2, 3, 5, 8], groups: 4, silu: true),
    .groupNorm("tokens", [2, 5, 12], groups: 3),
    .groupNorm("one group", [1, 7, 3, 17], groups: 1),
    .groupNorm("one channel a group, silu", [2, 5, 3, 7], groups: 7, silu: true),
    .groupNorm("three channels a group", [1, 7, 7, 33], groups: 11),
    .groupNorm("whole vectors, silu", [2, 6, 6, 32], groups: 2, silu: true),
    OpCase("normalized", "rows", [[5, 17]]) { $0[0].normalized() },
    OpCase("normalized", "tokens", [[2, 3, 32]]) { $0[0].normalized() },
  ]

  private static let activations: [OpCase] =
    Activation.allCases.map { .activated($0, [6, 11]) } + [
      OpCase("geglu", "", [[3, 5, 34]]) { $0[0].geglu() },
      OpCase("geglu", "one channel", [[7, 2]]) { $0[0].geglu() },
    ]

  private static let gathers: [OpCase] = [
    OpCase("embedding", "a repeated id", [[9, 5]]) { $0[0].embedding(ids: [0, 3, 3, 8, 1, 0], shape: [2, 3]) },
    OpCase("gatherTokens", "a repeated token", [[2, 7, 5]]) { $0[0].gatherTokens([[6, 0, 0], [1, 2, 5]]) },
    OpCase("gatherImages", "a repeated image", [[3, 2, 2, 5]]) { $0[0].gatherImages([2, 0, 0, 2]) },
    OpCase("prependingToken", "", [[2, 4, 5], [5]]) { $0[0].prependingToken($0[1]) },
    OpCase("concatenatedChannels", "", [[2, 2, 3, 4], [2, 2, 3, 7]]) { $0[0].concatenatedChannels($0[1]) },
    OpCase("concatenatedTokens", "", [[2, 3, 5], [2, 4, 5]]) { $0[0].concatenatedTokens($0[1]) },
    OpCase("meanOverTokens", "", [[2, 7, 5]]) { $0[0].meanOverTokens() },
    OpCase("meanOverTokens", "one token", [[3, 1, 17]]) { $0[0].meanOverTokens() },
    OpCase("averagePooledTokens", "a rest is dropped", [[2, 11, 5]]) { $0[0].averagePooledTokens(window: 3) },
    OpCase("averagePooledTokens", "the whole stream", [[2, 6, 7]]) { $0[0].averagePooledTokens(window: 6) },
    OpCase("repeated", "three times", [[2, 3, 5]]) { $0[0].repeated(3) },
    OpCase("splitLast", "all parts used", [[2, 5, 21]]) {
      let parts = $0[0].splitLast(into: 3)
      return parts[0] * parts[1] + parts[2]
    },
    OpCase("splitLast", "one part used", [[3, 4]]) { $0[0].splitLast(into: 2)[1] },
    OpCase("stacked", "", [[2, 3], [1, 3]], differentiable: 0) { Tensor.stacked($0) },
  ]

  private static let losses: [OpCase] = [
    OpCase("meanSquaredError", "", [[3, 5, 7], [3, 5, 7]], differentiable: 1) { $0[0].meanSquaredError($0[1]) },
    OpCase("crossEntropy", "", [[4, 9]]) { $0[0].crossEntropy(labels: [0, 8, 3, 3]) },
    OpCase("crossEntropy", "one class", [[2, 1]]) { $0[0].crossEntropy(labels: [0, 0]) },
    OpCase("sum", "", [[3, 5, 7]]) { $0[0].sum() },
    OpCase("mean", "", [[3, 5, 7]]) { $0[0].mean() },
  ]

  private static let views: [OpCase] = [
    OpCase("sliced", "the middle", [[5, 3, 7]]) { $0[0].sliced(1..<4) },
    OpCase("reshaped", "", [[3, 10, 7]]) { $0[0].reshaped([2, 15, 7]) },
  ]

  private static let gates: [OpCase] = [
    OpCase("scaledPerImage", "a feature map", [[2, 3, 5, 7], [2, 7]]) { $0[0].scaledPerImage($0[1]) },
    OpCase("scaledPerImage", "tokens", [[3, 11, 17], [3, 17]]) { $0[0].scaledPerImage($0[1]) },
    .rotatedPairs("tokens", [3, 5, 34], [5, 17]),
    .rotatedPairs("one pair", [7, 2], [7, 1]),
  ]
}
