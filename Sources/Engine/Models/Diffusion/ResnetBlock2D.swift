/// Two convolutions beside a shortcut; the timestep, where there is one, is added between them.
///
/// Shape: (B, H, W, I), time (B, D) → (B, H, W, O). Keys: `norm1, conv1, time_emb_proj, norm2, conv2` and, where
/// the width changes, `conv_shortcut`. Source: diffusers `ResnetBlock2D`.
struct ResnetBlock2D {
  let norm1: GroupNorm
  let conv1: Conv2D
  let timeProjection: Linear?
  let norm2: GroupNorm
  let conv2: Conv2D
  let shortcut: Conv2D?

  /// `timeWidth` nil makes the block of an autoencoder.
  init(
    _ inputs: Int, _ outputs: Int, timeWidth: Int?, groups: Int, epsilon: Float, from weights: Weights
  ) throws {
    norm1 = try GroupNorm(groups: groups, inputs, epsilon: epsilon, silu: true, from: weights["norm1"])
    conv1 = try Conv2D(inputs, outputs, kernel: 3, from: weights["conv1"])
    timeProjection = try timeWidth.map { try Linear($0, outputs, from: weights["time_emb_proj"]) }
    norm2 = try GroupNorm(groups: groups, outputs, epsilon: epsilon, silu: true, from: weights["norm2"])
    conv2 = try Conv2D(outputs, outputs, kernel: 3, from: weights["conv2"])
    shortcut = inputs == outputs ? nil : try Conv2D(inputs, outputs, kernel: 1, from: weights["conv_shortcut"])
  }

  /// `time` has been through SiLU already.
  func callAsFunction(_ x: Tensor, time: Tensor? = nil) -> Tensor {
    var inner = conv1(norm1(x))
    if let timeProjection, let time { inner = inner.addingPerImage(timeProjection(time)) }
    return (shortcut?(x) ?? x) + conv2(norm2(inner))
  }
}

/// Half the size: a convolution of stride 2.
///
/// Shape: (B, H, W, C) → (B, H/2, W/2, C). Keys: `conv`.
struct Downsample2D {
  let conv: Conv2D

  init(_ channels: Int, padding: Padding, from weights: Weights) throws {
    conv = try Conv2D(channels, channels, kernel: 3, stride: 2, padding: padding, from: weights["conv"])
  }

  func callAsFunction(_ x: Tensor) -> Tensor { conv(x) }
}

/// Twice the size: every pixel four times, then a convolution.
///
/// Shape: (B, H, W, C) → (B, 2H, 2W, C). Keys: `conv`.
struct Upsample2D {
  let conv: Conv2D

  init(_ channels: Int, from weights: Weights) throws {
    conv = try Conv2D(channels, channels, kernel: 3, from: weights["conv"])
  }

  func callAsFunction(_ x: Tensor) -> Tensor { conv(x.upsampledNearest()) }
}
