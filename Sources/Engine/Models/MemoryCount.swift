/// What a DIVA step takes of memory, in bytes, counted from the names and shapes of the parameters.
///
/// Estimates for telling beforehand whether a step fits the machine: what ops hold on to for the backward pass, and the
/// forms in which weights are multiplied; smaller buffers and the program itself are `rest`.
public struct StepMemory: Sendable {
  /// The trained tower with its optimizer's memory.
  public let trained: Int
  /// Its gradients, there from its backward pass to the optimizer's step.
  public let gradients: Int
  /// The frozen UNet's weights as they are multiplied, with the pages of their file that are read in place.
  public let frozen: Int
  /// What lies between the UNet's ops until its backward pass has used it, and the same of the tower.
  public let unetKept: Int
  public let towerKept: Int

  /// The program with its libraries, what single ops need while they run, and what lies idle between them.
  public let rest: Int

  /// - Parameters:
  ///   - images: of a batch, each with `draws` noise draws.
  ///   - moments: how many numbers the optimizer keeps for each weight: 1 of SGD's momentum, 2 of AdamW's.
  public init(
    tower: CLIPVisionTower, unet: UNet2DConditionModel, images: Int, draws: Int, contextTokens: Int, moments: Int,
    arithmetic: ArithmeticPolicy = .current
  ) {
    rest = 400 << 20
    let weights = tower.parameters.reduce(0) { $0 + $1.shape.count }
    let copies = arithmetic.multipliesBF16 && arithmetic.memory == .fast ? weights * 2 : 0
    trained = 4 * weights * (1 + moments) + copies
    gradients = 4 * weights
    let layers = unet.parameters.compactMap { UNetLayerMemory($0, unet.config, contextTokens: contextTokens) }
    frozen = layers.reduce(0) { $0 + $1.weightBytes(arithmetic) }
    let kept = Kept(arithmetic.memory)
    unetKept =
      4 * images * draws * kept.count(layers.map { (block: $0.block, kept: $0.kept, isBlockInput: $0.isBlockInput) })
    towerKept = 4 * images * kept.count(tower.parameters.map(tower.kept))
  }

  /// The most at any time: at the end of the UNet's forward pass, or of the tower's backward pass.
  public var peak: Int {
    trained + frozen + towerKept + max(unetKept, gradients) + rest
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
    case "layer_norm1", "layer_norm2", "fc1": return (layer, 2 * width, owner == "layer_norm1")
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
    guard name.last == "weight", !name[0].hasPrefix("time_embedding") else { return nil }
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
    case .columns: return plainBytes(arithmetic)
    case .columnsForward, .indirect: return 8 * shape.count
    case .winograd(let winograd): return winograd.filterBytes
    }
  }

  /// Small memory keeps no bfloat16 copy, and gives the pages back that it has read.
  private func plainBytes(_ arithmetic: ArithmeticPolicy) -> Int {
    guard arithmetic.memory == .fast else { return 0 }
    return (arithmetic.keepsBF16 ? 2 : 4) * shape.count
  }
}
