import Kernels

extension Tensor {
  /// Every pixel four times: (B, H, W, C) → (B, 2H, 2W, C). Source: `F.interpolate(scale_factor: 2, mode: nearest)`.
  public func upsampledNearest() -> Tensor {
    let (images, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    let y = Tensor(uninitialized: [images, 2 * height, 2 * width, channels])
    ThreadPool.run(images) { image in
      kernels_upsample_nearest(
        Int64(height), Int64(width), Int64(channels), pointer + image * shape.stride,
        y.pointer + image * y.shape.stride)
    }
    let small = shape
    return .record("upsampledNearest", y, from: self) { dy in
      let dx = Tensor(uninitialized: small)
      ThreadPool.run(images) { image in
        kernels_upsample_nearest_gradient(
          Int64(height), Int64(width), Int64(channels), dy.pointer + image * dy.shape.stride,
          dx.pointer + image * small.stride)
      }
      return [dx]
    }
  }
}
