extension Tensor {
  /// What `body` makes of the inputs, without keeping what lies between: the backward pass runs `body` again.
  ///
  /// Saves all that the ops inside would have kept, for one more forward pass of them. `body` must give the same
  /// numbers each time; parameters that it trains get their gradients as always. Source: Chen et al. 2016, “Training
  /// Deep Nets with Sublinear Memory Cost”; PyTorch's `torch.utils.checkpoint`.
  static func recomputed(_ inputs: [Tensor], _ body: @escaping ([Tensor]) -> Tensor) -> Tensor {
    guard isRecorded(inputs) else { return body(inputs) }
    let y = withoutGradient { body(inputs) }
    let (kept, wanted) = (inputs.map { $0.detached() }, inputs.map(\.requiresGradient))
    return .record("recomputed", y, from: inputs) { dy in
      let inputs = zip(kept, wanted).map { $1 ? $0.trackingGradient() : $0 }
      BlockWeights.during { body(inputs).backward(arriving: dy) }
      return inputs.map(\.gradient)
    }
  }

  /// The same for a body of one tensor.
  static func recomputed(_ x: Tensor, _ body: @escaping (Tensor) -> Tensor) -> Tensor {
    recomputed([x]) { body($0[0]) }
  }
}
