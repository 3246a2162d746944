import Testing

@testable import Engine

/// The sizes of a convolution that a test computes in two ways.
struct ConvolutionCase: CustomTestStringConvertible {
  let shape: Shape
  let outputs: Int
  var kernel = 3
  var stride = 1
  var padding = Padding.same(1)

  var testDescription: String { "\(kernel)×\(kernel) by \(stride) over \(shape) to \(outputs)" }
  var weightShape: Shape { [outputs, shape[3], kernel, kernel] }
  var geometry: ConvolutionGeometry {
    ConvolutionGeometry(input: shape, weight: weightShape, stride: stride, padding: padding)
  }

  var x: Tensor { normal(shape, 0) }
  var weight: Tensor { normal(weightShape, 1) }
  var bias: Tensor { normal([outputs], 2) }
  /// An arriving gradient.
  var dy: Tensor { normal(geometry.output, 3) }

  private func normal(_ shape: Shape, _ stream: UInt32) -> Tensor {
    RandomSource(seed: 6, stream: stream).normal(shape, step: 0)
  }
}
