import Engine

/// Ways for the visual projection to begin.
public enum VisualProjection {
  public static let scope = "visual_proj"

  /// PyTorch's default for a linear layer, as in the reference.
  public static func random(from width: Int, to contextWidth: Int, seed: UInt64) throws -> Linear {
    try Linear(width, contextWidth, from: Weights.initializing(seed: seed)[scope])
  }

  /// The map that gives class tokens the mean and the overall deviation of the texts that the diffusion model knows.
  ///
  /// context = k·token + (mean text − k·mean token) − prompt. Images and texts need not belong together: no caption
  /// tells anything of an image. It only makes sense where both live in one space, as in the mini world (and in un²CLIP).
  /// - Parameters: features of images (n, C) and of texts (m, C), and the prompt's mean token (C).
  public static func matchingMoments(images: Tensor, texts: Tensor, prompt: Tensor) throws -> Linear {
    let (from, to) = (Moments(images), Moments(texts))
    let (width, scale) = (from.mean.count, to.deviation / from.deviation)
    let weight = Tensor.filled([width, width]) { values in
      for i in values.indices { values[i] = i / width == i % width ? scale : 0 }
    }
    let shift = zip(zip(from.mean, to.mean), prompt.values).map { $0.1 - scale * $0.0 - $1 }
    return try Linear(
      width, width,
      from: .copying([
        Parameter(name: "weight", value: weight), Parameter(name: "bias", value: Tensor(shift, shape: [width])),
      ]))
  }

  private struct Moments {
    let mean: [Float]
    /// Root of the mean variance over the axes.
    let deviation: Float

    init(_ rows: Tensor) {
      let (count, width) = (rows.shape[0], rows.shape[1])
      let mean = (0..<width).map { column in
        rows.withUnsafeValues { values in (0..<count).reduce(0) { $0 + values[$1 * width + column] } } / Float(count)
      }
      let variance = rows.withUnsafeValues { values in
        values.indices.reduce(Double(0)) { sum, i in
          let difference = Double(values[i] - mean[i % width])
          return sum + difference * difference
        } / Double(values.count)
      }
      self.mean = mean
      deviation = Float(variance.squareRoot())
    }
  }
}
