import Synchronization

/// One recorded op: where its gradient goes and how. Reverse mode needs nothing else.
final class Node: @unchecked Sendable {
  /// Rises with every recorded op: going down the numbers is going backward through the computation.
  let order: UInt64
  let name: StaticString
  private(set) var inputs: [Node?]
  /// nil for a leaf, whose gradient stays; otherwise dropped once used, and with it what the op had kept.
  private var pullback: ((Tensor) -> [Tensor?])?
  private(set) var gradient: Tensor?
  private var ownsGradient = false

  private static let counter = Atomic<UInt64>(0)

  init(_ name: StaticString, inputs: [Node?], pullback: @escaping (Tensor) -> [Tensor?]) {
    order = Node.counter.add(1, ordering: .relaxed).newValue
    self.name = name
    self.inputs = inputs
    self.pullback = pullback
  }

  init(leaf name: StaticString) {
    order = 0
    self.name = name
    inputs = []
  }

  /// Both hold on to further nodes, the pullback through the tensors that it kept: see `Remains`.
  deinit {
    if !isLeaf { Remains.release(&inputs, &pullback) }
  }

  var isLeaf: Bool { inputs.isEmpty && pullback == nil }

  /// Adds `arriving`; the first one is shared, not copied, until a second one comes.
  func accumulate(_ arriving: Tensor) {
    guard let sum = gradient else {
      gradient = arriving.detached()
      return
    }
    precondition(sum.shape == arriving.shape, "\(name): gradients of \(sum.shape) and \(arriving.shape) meet")
    if !ownsGradient {
      gradient = sum.copied()
      ownsGradient = true
    }
    gradient?.add(inPlace: arriving)
  }

  func clearGradient() {
    gradient = nil
    ownsGradient = false
  }

  /// Sends the gradient that has arrived on to the inputs, and forgets it and all that was kept for it.
  func propagate() {
    guard let pullback, let arrived = gradient else { return }
    if Profiler.isOn { Profiler.entersPullback(self) }
    defer { if Profiler.isOn { Profiler.leavesPullback(self) } }
    self.pullback = nil
    clearGradient()
    let sent = pullback(arrived)
    precondition(sent.count == inputs.count, "\(name): \(sent.count) gradients for \(inputs.count) inputs")
    for (input, part) in zip(inputs, sent) {
      if let input, let part { input.accumulate(part) }
    }
  }
}
