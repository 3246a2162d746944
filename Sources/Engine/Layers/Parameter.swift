/// A named tensor that a model owns and an optimizer may change.
public final class Parameter: @unchecked Sendable {
  /// The full key in the model's checkpoint: "vision_model.post_layernorm.weight".
  public let name: String
  public let shape: Shape
  private let storage: Storage
  private var leaf: Node?

  /// Frozen by default: a model is opened to be used; training says what it trains.
  public init(name: String, value: Tensor) {
    self.name = name
    shape = value.shape
    // Parameters are written in place by optimizers, so each has memory of its own.
    storage = value.copied().storage
    storage.freeze()
  }

  /// Name and shape alone: asking for the value is a mistake.
  init(outline name: String, _ shape: Shape) {
    self.name = name
    self.shape = shape
    storage = Storage(count: 0)
  }

  public var isTrainable: Bool {
    get { leaf != nil }
    set {
      guard newValue != isTrainable else { return }
      leaf = newValue ? Node(leaf: "parameter") : nil
      if newValue { storage.thaw() } else { storage.freeze() }
    }
  }

  /// The weights as an op reads them; requires a gradient iff trainable.
  public var value: Tensor {
    if Profiler.isOn { Profiler.reads(name) }
    return Tensor(storage: storage, shape: shape, node: leaf)
  }

  public var gradient: Tensor? { leaf?.gradient }

  public func clearGradient() { leaf?.clearGradient() }

  /// Overwrites the weights.
  public func assign(_ tensor: Tensor) {
    precondition(tensor.shape == shape, "\(name) is \(shape), not \(tensor.shape)")
    update { $0.update(from: tensor.pointer, count: tensor.count) }
  }

  /// Changes the weights in place.
  func update(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    let wasFrozen = !isTrainable
    if wasFrozen { storage.thaw() }
    body(storage.base)
    if wasFrozen { storage.freeze() }
  }
}
