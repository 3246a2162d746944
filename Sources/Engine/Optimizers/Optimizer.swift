import Kernels

/// Parameters that are trained alike.
public struct ParameterGroup {
  public var parameters: [Parameter]
  /// Times the schedule's learning rate.
  public var rateScale: Float
  public var weightDecay: Float

  public init(_ parameters: [Parameter], rateScale: Float = 1, weightDecay: Float = 0) {
    self.parameters = parameters
    self.rateScale = rateScale
    self.weightDecay = weightDecay
  }
}

/// Changes parameters along their gradients, and can say and take back all that it remembers.
public protocol Optimizer: AnyObject {
  var groups: [ParameterGroup] { get }

  /// Changes every parameter that has a gradient, which is multiplied by `gradientScale` first.
  func update(learningRate: Float, gradientScale: Float)

  /// What a checkpoint must hold beside the weights, as tensors named "<parameter>.<what>".
  var state: [(name: String, tensor: Tensor)] { get }

  /// Continues from a saved state. Throws a `Problem` when it belongs to other parameters.
  func restore(_ state: some TensorSource, name: String) throws
}

extension Optimizer {
  public var parameters: [Parameter] { groups.flatMap(\.parameters) }

  /// One step, clipped where the gradients' norm is above `maximumNorm`, after which they are cleared.
  ///
  /// Returns the L2 norm of all gradients together, before clipping. Source: PyTorch `clip_grad_norm_` and `step`.
  /// A norm that is not a number changes nothing: the step is skipped and the norm returned, for the caller to report.
  @discardableResult
  public func step(learningRate: Float, maximumNorm: Float? = nil) -> Float {
    let norm = parameters.gradientNorm()
    if norm.isFinite {
      let scale = maximumNorm.map { min(1, $0 / (norm + 1e-6)) } ?? 1
      update(learningRate: learningRate, gradientScale: scale)
    }
    for parameter in parameters { parameter.clearGradient() }
    return norm
  }

  static func requireDistinct(_ groups: [ParameterGroup]) {
    let names = groups.flatMap { $0.parameters.map(\.name) }
    precondition(Set(names).count == names.count, "an optimizer's parameters need names that differ")
  }

  /// Reads a saved tensor for `parameter`, which it must fit; nil when nothing was saved for it.
  func saved(_ suffix: String, of parameter: Parameter, shape: Shape, in state: some TensorSource, name: String) throws
    -> Tensor?
  {
    guard let tensor = try state.tensor(named: "\(parameter.name).\(suffix)") else { return nil }
    guard tensor.shape == shape else {
      throw Problem(
        "cannot resume from \(name): \(parameter.name).\(suffix) is \(tensor.shape), the parameter needs \(shape)",
        advice: "the optimizer's state belongs to another model")
    }
    return tensor.copied()
  }

  /// Refuses a state that names parameters which are not trained here.
  func requireKnown(_ state: some TensorSource, suffixes: [String], name: String) throws {
    let known = Set(parameters.flatMap { parameter in suffixes.map { "\(parameter.name).\($0)" } })
    if let stranger = state.tensorNames.first(where: { !known.contains($0) }) {
      throw Problem(
        "cannot resume from \(name): it remembers \(stranger.shown), which is not trained here",
        advice: "resume with the optimizer and the model that wrote it")
    }
  }
}

extension Sequence<Parameter> {
  /// The L2 norm of all gradients together; parameters without one count as 0.
  public func gradientNorm() -> Float {
    let squares = reduce(0.0) { sum, parameter in
      guard let gradient = parameter.gradient else { return sum }
      return sum + kernels_sum_squares(Int64(gradient.count), gradient.pointer)
    }
    return Float(squares.squareRoot())
  }
}
