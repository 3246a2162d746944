import Kernels

/// An exponential moving average of weights in training: less noisy than the last step's.
///
/// The decay grows with the number of steps, (1 + n)/(10 + n) up to `decay`, so that the random start is soon
/// forgotten (as in TensorFlow's ExponentialMovingAverage and diffusers' EMAModel).
public struct MovingAverage {
  private let parameters: [Parameter]
  private let averages: [Tensor]
  private let decay: Float
  private var updates: Float = 0

  public init(_ parameters: [Parameter], decay: Float) {
    self.parameters = parameters
    self.decay = decay
    averages = parameters.map { $0.value.detached().copied() }
  }

  /// After each optimizer step.
  public mutating func update() {
    updates += 1
    let decay = min(decay, (1 + updates) / (10 + updates))
    for (parameter, average) in zip(parameters, averages) {
      kernels_moving_average(Int64(average.count), parameter.value.pointer, decay, average.pointer)
    }
  }

  /// Puts the averages in the parameters' place.
  public func assign() {
    for (parameter, average) in zip(parameters, averages) { parameter.assign(average) }
  }
}
