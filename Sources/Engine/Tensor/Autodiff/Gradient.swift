/// While true nothing is recorded, whatever requires a gradient.
private enum Recording {
  @TaskLocal static var isPaused = false
}

/// Runs `body` without recording: for evaluation of a model that is being trained.
public func withoutGradient<R>(_ body: () throws -> R) rethrows -> R {
  try Recording.$isPaused.withValue(true, operation: body)
}

extension Tensor {
  /// Names `y` the result of an op on `inputs`; `pullback` maps the gradient of y to one for each input, in order.
  ///
  /// Where no input requires a gradient nothing is kept and `pullback` is dropped at once.
  static func record(
    _ name: StaticString, _ y: Tensor, from inputs: Tensor..., pullback: @escaping (Tensor) -> [Tensor?]
  ) -> Tensor {
    record(name, y, from: inputs, pullback: pullback)
  }

  /// The same for inputs in a list.
  static func record(
    _ name: StaticString, _ y: Tensor, from inputs: [Tensor], pullback: @escaping (Tensor) -> [Tensor?]
  ) -> Tensor {
    guard isRecorded(inputs) else {
      if Profiler.isOn { Profiler.finished(name, y, inputs, node: nil) }
      return y
    }
    let node = Node(name, inputs: inputs.map(\.node), pullback: pullback)
    if Profiler.isOn { Profiler.finished(name, y, inputs, node: node) }
    return Tensor(storage: y.storage, offset: y.offset, shape: y.shape, node: node)
  }

  /// Whether an op on `inputs` must remember how it came about.
  static func isRecorded(_ inputs: [Tensor]) -> Bool {
    inputs.contains(where: \.requiresGradient) && !Recording.isPaused
  }

  /// The gradients of this scalar, added to every leaf that it depends on. A recorded computation can be walked once.
  public func backward() {
    precondition(count == 1, "backward() starts from one number, not from \(shape): pass the arriving gradient")
    backward(arriving: Tensor(repeating: 1, shape: shape))
  }

  public func backward(arriving gradient: Tensor) { walkBack(from: gradient) { _ in } }

  /// The same, for work that need not wait for the end: `completes` is called with each leaf that gets nothing more. Leaves
  /// within what is recomputed are not among them.
  func backward(completes: (Node) -> Void) {
    var uses: [ObjectIdentifier: Int] = [:]
    func leaves(of node: Node) -> [Node] { node.inputs.compactMap { $0 }.filter(\.isLeaf) }
    for leaf in node?.reachable.flatMap(leaves) ?? [] { uses[ObjectIdentifier(leaf), default: 0] += 1 }
    walkBack(from: Tensor(repeating: 1, shape: shape)) { node in
      for leaf in leaves(of: node) {
        uses[ObjectIdentifier(leaf)]? -= 1
        if uses[ObjectIdentifier(leaf)] == 0 { completes(leaf) }
      }
    }
  }

  /// - Parameter passed: called with each node that has sent on what arrived.
  private func walkBack(from gradient: Tensor, passed: (Node) -> Void) {
    precondition(gradient.shape == shape, "a gradient of \(gradient.shape) arrives at \(shape)")
    guard let node else { return }
    node.accumulate(gradient)
    for node in node.reachable.sorted(by: { $0.order > $1.order }) {
      node.propagate()
      passed(node)
    }
  }

  /// A leaf with this tensor's numbers whose gradient is kept: for checks, and for gradients of activations.
  public func trackingGradient() -> Tensor {
    Tensor(storage: storage, offset: offset, shape: shape, node: Node(leaf: "leaf"))
  }

  /// What has arrived at this leaf so far.
  public var gradient: Tensor? { node?.gradient }
}

extension Node {
  /// This node and all that its gradient can reach, each once.
  fileprivate var reachable: [Node] {
    var found: [Node] = []
    var seen: Set<ObjectIdentifier> = []
    var pending: [Node] = [self]
    while let node = pending.popLast() {
      guard seen.insert(ObjectIdentifier(node)).inserted else { continue }
      found.append(node)
      for case let input? in node.inputs { pending.append(input) }
    }
    return found
  }
}
