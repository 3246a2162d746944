extension Tensor {
  /// (B, C, H, W), as files hold images and latents, to the engine's (B, H, W, C). Moves data; records no gradient.
  public var nhwcFromNCHW: Tensor { movingChannels(shape[1], shape[2] * shape[3], toLast: true) }

  /// (B, H, W, C) to (B, C, H, W) for files. Moves data; records no gradient.
  public var nchwFromNHWC: Tensor { movingChannels(shape[3], shape[1] * shape[2], toLast: false) }

  private func movingChannels(_ channels: Int, _ pixels: Int, toLast: Bool) -> Tensor {
    precondition(shape.rank == 4, "an image batch has four axes, not \(shape)")
    let y = Tensor(
      uninitialized: toLast
        ? [shape[0], shape[2], shape[3], shape[1]] : [shape[0], shape[3], shape[1], shape[2]])
    for image in 0..<shape[0] {
      let from = pointer + image * channels * pixels
      let to = y.pointer + image * channels * pixels
      for c in 0..<channels {
        for p in 0..<pixels {
          if toLast { to[p * channels + c] = from[c * pixels + p] } else { to[c * pixels + p] = from[p * channels + c] }
        }
      }
    }
    return y
  }
}
