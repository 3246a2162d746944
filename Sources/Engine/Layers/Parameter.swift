/// A named tensor that a model owns and an optimizer may change.
public final class Parameter: @unchecked Sendable {
  /// The full key in the model's file: "vision_model.post_layernorm.weight".
  public let name: String
  public let shape: Shape
  private var storage: Storage
  private var leaf: Node?

  /// Frozen by default: a model is opened to be used; training says what it trains.
  public convenience init(name: String, value: Tensor) {
    // Parameters are written in place by optimizers, so each has memory of its own.
    self.init(name: name, value.shape, value.copied().storage)
  }

  /// Numbers that stay in their file, in its precision, until somebody trains them.
  convenience init(name: String, shape: Shape, stored: StoredTensor) {
    precondition(stored.description.count == shape.count, "\(name): \(stored.dims) for \(shape)")
    self.init(name: name, shape, Storage(stored))
  }

  private init(name: String, _ shape: Shape, _ storage: Storage) {
    (self.name, self.shape, self.storage) = (name, shape, storage)
    storage.keepPacks()
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
      if newValue { makeWritable() } else { storage.freeze() }
    }
  }

  /// The weights as an op reads them; requires a gradient iff trainable.
  public var value: Tensor {
    if Profiler.isOn { Profiler.reads(name) }
    return Tensor(storage: storage, shape: shape, node: leaf)
  }

  /// The numbers in their file's precision, while they are there; nil for memory of our own.
  var stored: StoredTensor? { storage.stored }

  /// The precision of its file, while the numbers are there; nil for f32 of our own.
  public var storedType: StoredType? { storage.stored?.description.type }

  /// Memory that the numbers and their packed forms take; what is only mapped from a file does not count.
  public var ownedBytes: Int {
    (storage.ownsFloats ? storage.count * MemoryLayout<Float>.stride : 0) + (storage.packs?.byteCount ?? 0)
  }

  public var gradient: Tensor? { leaf?.gradient }

  public func clearGradient() { leaf?.clearGradient() }

  /// Puts a gradient in the place of what has arrived.
  func setGradient(_ tensor: Tensor) {
    leaf?.clearGradient()
    leaf?.accumulate(tensor)
  }

  /// Where its gradient arrives; nil unless trainable.
  var gradientPlace: Node? { leaf }

  /// Overwrites the weights.
  public func assign(_ tensor: Tensor) {
    precondition(tensor.shape == shape, "\(name) is \(shape), not \(tensor.shape)")
    update { $0.update(from: tensor.pointer, count: tensor.count) }
  }

  /// Moves the weights w a share of the way to others: w + share·(v − w).
  public func move(toward tensor: Tensor, share: Float) {
    precondition(tensor.shape == shape, "\(name) is \(shape), not \(tensor.shape)")
    let others = tensor.pointer
    update { for index in 0..<tensor.count { $0[index] += share * (others[index] - $0[index]) } }
  }

  /// Changes the weights in place.
  func update(_ body: (UnsafeMutablePointer<Float>) -> Void) {
    makeWritable()
    body(storage.base)
    if !isTrainable { storage.freeze() }
  }

  /// Floats of our own, which no packed form stands for any more.
  private func makeWritable() {
    if let stored = storage.stored {
      storage = value.copied().storage
      stored.dropPages()
      storage.keepPacks()
    } else {
      storage.thaw()
    }
  }
}
