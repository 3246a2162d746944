// Norms that a vector adapts, as diffusion transformers have them (adaLN; Peebles & Xie 2022, arXiv 2212.09748).
extension Tensor {
  /// Layer normalisation without weights of its own.
  func plainNorm(epsilon: Float) -> Tensor {
    layerNorm(scale: Tensor(repeating: 1, shape: [shape.last]), shift: Tensor(zeros: [shape.last]), epsilon: epsilon)
  }

  /// (1 + scale)·self + shift with a scale and a shift for each image, (B, C).
  func modulated(scale: Tensor, shift: Tensor) -> Tensor {
    scaledPerImage(scale.scaled(by: 1, plus: 1)).addingPerImage(shift)
  }

  var halves: (Tensor, Tensor) {
    let parts = splitLast(into: 2)
    return (parts[0], parts[1])
  }
}
