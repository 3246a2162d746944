import Foundation
import Kernels

/// Adam with weight decay apart from the gradient (Loshchilov & Hutter 2019), as PyTorch's `AdamW`.
public final class AdamW: Optimizer {
  public let groups: [ParameterGroup]
  private let beta1: Double
  private let beta2: Double
  private let epsilon: Float
  private var moments: [String: Moments] = [:]

  private struct Moments {
    var steps = 0
    /// Running means of the gradient and of its square.
    let mean: Tensor
    let square: Tensor
  }

  public init(_ groups: [ParameterGroup], betas: (Double, Double) = (0.9, 0.999), epsilon: Float = 1e-8) {
    AdamW.requireDistinct(groups)
    self.groups = groups
    (beta1, beta2) = betas
    self.epsilon = epsilon
  }

  public func update(learningRate: Float, gradientScale: Float) {
    for group in groups {
      for parameter in group.parameters {
        guard let gradient = parameter.gradient else { continue }
        update(parameter, gradient, group, learningRate * group.rateScale, gradientScale)
      }
    }
  }

  private func update(
    _ parameter: Parameter, _ gradient: Tensor, _ group: ParameterGroup, _ rate: Float, _ gradientScale: Float
  ) {
    var moments =
      self.moments[parameter.name]
      ?? Moments(mean: Tensor(zeros: parameter.shape), square: Tensor(zeros: parameter.shape))
    moments.steps += 1
    self.moments[parameter.name] = moments
    let step = AdamWStep(
      gradientScale: gradientScale, rate: rate, epsilon: epsilon, weightDecay: group.weightDecay, beta1: beta1,
      beta2: beta2, correction1: Float(1 - pow(beta1, Double(moments.steps))),
      correction2: Float(1 - pow(beta2, Double(moments.steps))))
    parameter.update { weights in
      ThreadPool.runElements(parameter.shape.count) { start, count in
        var step = step
        kernels_adamw(
          count, &step, weights + start, gradient.pointer + start, moments.mean.pointer + start,
          moments.square.pointer + start)
      }
    }
  }

  // PyTorch's names, so that a state can be compared with its.
  private static let suffixes = ["step", "exp_avg", "exp_avg_sq"]

  public var state: [(name: String, tensor: Tensor)] {
    parameters.flatMap { parameter -> [(name: String, tensor: Tensor)] in
      guard let moments = moments[parameter.name] else { return [] }
      return [
        ("\(parameter.name).step", Tensor(scalar: Float(moments.steps))),
        ("\(parameter.name).exp_avg", moments.mean.copied()),
        ("\(parameter.name).exp_avg_sq", moments.square.copied()),
      ]
    }
  }

  public func restore(_ state: some TensorSource, name: String) throws {
    try requireKnown(state, suffixes: AdamW.suffixes, name: name)
    var restored: [String: Moments] = [:]
    for parameter in parameters {
      guard let steps = try saved("step", of: parameter, shape: [], in: state, name: name) else { continue }
      guard let mean = try saved("exp_avg", of: parameter, shape: parameter.shape, in: state, name: name),
        let square = try saved("exp_avg_sq", of: parameter, shape: parameter.shape, in: state, name: name),
        steps.item >= 1, steps.item < 1e9
      else {
        throw Problem(
          "cannot resume from \(name): what it remembers of \(parameter.name) is incomplete",
          advice: "the checkpoint is damaged: resume from the one before")
      }
      restored[parameter.name] = Moments(steps: Int(steps.item), mean: mean, square: square)
    }
    moments = restored
  }
}
