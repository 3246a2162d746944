/// What a model takes of memory in a training step, in bytes, counted from the names and shapes of its parameters.
///
/// Estimates for deciding beforehand whether a step fits the machine: smaller buffers are left out.
public struct ModelMemory: Equatable, Sendable {
  /// The weights in all forms in which they are multiplied, with the pages of their file that are read in place.
  public let weights: Int
  /// What ops keep between the forward pass and the backward pass.
  public let activations: Int
}

extension CLIPVisionTower {
  /// Of a step that trains all weights; optimizer and gradients come on top.
  public func trainingMemory(images: Int, arithmetic: ArithmeticPolicy = .current) -> ModelMemory {
    let weights = parameters.reduce(0) { $0 + $1.shape.count }
    let copies = arithmetic.multipliesBF16 && arithmetic.memory == .fast ? 2 : 0
    let kept = Kept(arithmetic.memory)
    return ModelMemory(
      weights: (4 + copies) * weights, activations: 4 * images * kept.count(parameters.map(self.kept)))
  }
}

extension UNet2DConditionModel {
  public func contextGradientMemory(
    images: Int, contextTokens: Int, arithmetic: ArithmeticPolicy
  ) -> ModelMemory {
    let layers = parameters.compactMap { UNetLayerMemory($0, config, contextTokens: contextTokens) }
    let kept = Kept(arithmetic.memory)
    return ModelMemory(
      weights: layers.reduce(0) { $0 + $1.weightBytes(arithmetic) },
      activations: 4 * images
        * kept.count(layers.map { (block: $0.block, kept: $0.kept, isBlockInput: $0.isBlockInput) }))
  }
}

/// What is kept of all blocks, or where memory is short the inputs of all and one block's all.
private struct Kept {
  let memory: MemoryUse

  init(_ memory: MemoryUse) { self.memory = memory }

  func count(_ ops: [(block: String, kept: Int, isBlockInput: Bool)]) -> Int {
    guard memory == .small else { return ops.reduce(0) { $0 + $1.kept } }
    let inputs = ops.reduce(0) { $0 + ($1.isBlockInput ? $1.kept : 0) }
    let blocks = Dictionary(ops.map { ($0.block, $0.kept) }, uniquingKeysWith: +)
    return inputs + (blocks.values.max() ?? 0)
  }
}

extension CLIPVisionTower {
  /// What the op of one parameter keeps for an image: a norm its input and, for the weights that read it, its output;
  /// a linear layer what it gave.
  fileprivate func kept(_ parameter: Parameter) -> (block: String, kept: Int, isBlockInput: Bool) {
    let name = parameter.name.split(separator: ".").map(String.init)
    let layer = name.firstIndex(of: "layers").map { name[...($0 + 1)].joined(separator: ".") } ?? ""
    let (owner, what) = (name.dropLast().last ?? "", name.last)
    guard !layer.isEmpty, what == "weight" else { return (layer, 0, false) }
    let width = parameter.shape[0] * config.tokens
    switch owner {
    case "layer_norm1", "layer_norm2", "fc1", "gate": return (layer, 2 * width, owner == "layer_norm1")
    case "q_proj", "k_proj", "v_proj", "out_proj": return (layer, width, false)
    default: return (layer, 0, false)
    }
  }
}

/// One parameter of the UNet: what its op keeps for an image, and in which forms it is multiplied.
private struct UNetLayerMemory {
  let block: String
  /// Numbers.
  let kept: Int
  let isBlockInput: Bool
  private let shape: Shape
  private let side: Int
  private let stride: Int

  init?(_ parameter: Parameter, _ config: UNet2DConfig, contextTokens: Int) {
    let name = parameter.name.split(separator: ".").map(String.init)
    guard name.last == "weight", !["time_embedding", "add_embedding", "class_embedding"].contains(name[0]) else {
      return nil
    }
    stride = name.contains("downsamplers") ? 2 : 1
    let level = FeatureLevel.of(name, levels: config.blockChannels.count)
    side = max(1, config.sampleSize >> level) * stride
    shape = parameter.shape
    block = UNetLayerMemory.block(name)
    let positions = side * side
    let owner = name[name.count - 2]
    isBlockInput = owner == "norm1" && name.contains("resnets")
    switch owner {
    case "to_q": kept = 2 * positions * shape[0]
    case "to_k", "to_v": kept = (name.contains("attn2") ? contextTokens : positions) * shape[0]
    case "proj" where name.contains("ff"): kept = positions * shape[0]
    default: kept = shape.rank == 1 ? positions * shape[0] : 0
    }
  }

  /// A residual block and the attention after it are one block.
  private static func block(_ name: [String]) -> String {
    guard let kind = name.firstIndex(where: { $0 == "resnets" || $0 == "attentions" }) else { return "" }
    return (name[..<kind] + [name[kind + 1]]).joined(separator: ".")
  }

  func weightBytes(_ arithmetic: ArithmeticPolicy) -> Int {
    guard shape.rank == 4, shape[2] > 1 else { return shape.rank > 1 ? plainBytes(arithmetic) : 0 }
    let geometry = ConvolutionGeometry(
      input: [1, side, side, shape[1]], weight: shape, stride: stride, padding: .same(shape[2] / 2))
    switch ConvolutionPath(geometry, isFrozen: true, arithmetic: arithmetic) {
    case .direct: return 4 * shape.count
    case .im2col: return plainBytes(arithmetic)
    case .im2colForward, .indirect: return 8 * shape.count
    case .winograd(let winograd): return winograd.filterBytes
    }
  }

  /// Small memory keeps no bfloat16 copy, and gives the pages back that it has read.
  private func plainBytes(_ arithmetic: ArithmeticPolicy) -> Int {
    guard arithmetic.memory == .fast else { return 0 }
    return (arithmetic.keepsBF16 ? 2 : 4) * shape.count
  }
}
