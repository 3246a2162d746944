import Kernels

/// Stochastic gradient descent with momentum, as PyTorch's `SGD`: velocity = momentum·velocity + gradient.
public final class SGD: Optimizer {
  public let groups: [ParameterGroup]
  private let momentum: Float
  private var velocities: [String: Tensor] = [:]

  public init(_ groups: [ParameterGroup], momentum: Float = 0.9) {
    SGD.requireDistinct(groups)
    self.groups = groups
    self.momentum = momentum
  }

  public func update(learningRate: Float, gradientScale: Float) {
    for group in groups {
      for parameter in group.parameters {
        guard let gradient = parameter.gradient else { continue }
        // PyTorch begins with the first gradient itself; 0·momentum + gradient is the same.
        let velocity = velocities[parameter.name] ?? Tensor(zeros: parameter.shape)
        velocities[parameter.name] = velocity
        parameter.update { weights in
          ThreadPool.runElements(parameter.shape.count) { start, count in
            kernels_sgd(
              count, weights + start, gradient.pointer + start, velocity.pointer + start, gradientScale,
              learningRate * group.rateScale, momentum, group.weightDecay)
          }
        }
      }
    }
  }

  private static let suffix = "momentum_buffer"

  public var state: [(name: String, tensor: Tensor)] {
    parameters.compactMap { parameter in
      velocities[parameter.name].map { ("\(parameter.name).\(SGD.suffix)", $0.copied()) }
    }
  }

  public func restore(_ state: some TensorSource, name: String) throws {
    try requireKnown(state, suffixes: [SGD.suffix], name: name)
    var restored: [String: Tensor] = [:]
    for parameter in parameters {
      restored[parameter.name] = try saved(SGD.suffix, of: parameter, shape: parameter.shape, in: state, name: name)
    }
    velocities = restored
  }
}
