/// Low-rank adaptation of linear layers (LoRA: Hu et al. 2021): a weight is W₀ + α/r·B·A, and A and B are trained.
///
/// The layers keep plain weights, merged after every step, so that no model and no loss knows of it: a weight's gradient
/// gives those of A and B. PEFT's dropout before A has no merged form and is left out. A begins as PEFT's, B at 0.
public final class LowRankAdaptation {
  private struct Layer {
    let weight: Parameter
    let start: Parameter
    let a: Parameter
    let b: Parameter
  }

  /// A and B of each layer, named as PEFT names them.
  public let parameters: [Parameter]
  private let layers: [Layer]
  private let scale: Float

  /// - Parameters:
  ///   - weights: of linear layers, (O, I), with what each began as.
  ///   - random: A of layer i is drawn as step i.
  public init(_ weights: [(weight: Parameter, start: Parameter)], rank: Int, alpha: Float, random: RandomSource) {
    layers = weights.enumerated().map { index, pair in
      let (outputs, inputs) = (pair.weight.shape[0], pair.weight.shape[1])
      let module = String(pair.weight.name.dropLast(".weight".count))
      // PyTorch's nn.Linear.
      let a = random.uniform([rank, inputs], bound: 1 / Float(inputs).squareRoot(), step: index)
      return Layer(
        weight: pair.weight, start: pair.start, a: Parameter(name: module + ".lora_A.weight", value: a),
        b: Parameter(name: module + ".lora_B.weight", value: Tensor(zeros: [outputs, rank])))
    }
    parameters = layers.flatMap { [$0.a, $0.b] }
    scale = alpha / Float(rank)
    parameters.forEach { $0.isTrainable = true }
  }

  private func change(_ layer: Layer) -> Tensor { layer.b.value.matmul(layer.a.value).scaled(by: scale) }

  /// Gives A and B the gradients that have arrived at the weights, and these none.
  public func takeGradients() {
    for layer in layers {
      guard let gradient = layer.weight.gradient else { continue }
      change(layer).backward(arriving: gradient)
      layer.weight.clearGradient()
    }
  }

  /// Gives the layers the weights that A and B make.
  public func merge() {
    withoutGradient {
      for layer in layers { layer.weight.assign(layer.start.value.detached() + change(layer)) }
    }
  }
}
