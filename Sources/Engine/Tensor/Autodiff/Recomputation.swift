extension Tensor {
  /// What `body` makes of (x, context), without keeping what lies between: the backward pass runs `body` again.
  ///
  /// Saves all that the ops inside would have kept, for one more forward pass of them. `body` must give the same
  /// numbers each time; parameters that it trains get their gradients as always. Source: Chen et al. 2016, “Training
  /// Deep Nets with Sublinear Memory Cost”; PyTorch's `torch.utils.checkpoint`.
  static func recomputed(
    _ x: Tensor, _ context: Tensor, _ body: @escaping (_ x: Tensor, _ context: Tensor) -> Tensor
  ) -> Tensor {
    guard isRecorded([x, context]) else { return body(x, context) }
    let y = withoutGradient { body(x, context) }
    let (keptX, keptContext) = (x.detached(), context.detached())
    let (wantsX, wantsContext) = (x.requiresGradient, context.requiresGradient)
    return .record("recomputed", y, from: x, context) { dy in
      let x = wantsX ? keptX.trackingGradient() : keptX
      let context = wantsContext ? keptContext.trackingGradient() : keptContext
      BlockWeights.during { body(x, context).backward(arriving: dy) }
      return [x.gradient, context.gradient]
    }
  }

  /// The same for a body of one tensor.
  static func recomputed(_ x: Tensor, _ body: @escaping (Tensor) -> Tensor) -> Tensor {
    recomputed(x, Tensor(scalar: 0)) { x, _ in body(x) }
  }
}
