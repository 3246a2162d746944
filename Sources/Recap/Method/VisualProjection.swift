import Engine

/// Ways for the visual projection to begin.
public enum VisualProjection {
  public static let scope = "visual_proj"

  /// PyTorch's default for a linear layer, as in the reference.
  public static func random(from width: Int, to contextWidth: Int, seed: UInt64) throws -> Linear {
    try Linear(width, contextWidth, from: Weights.initializing(seed: seed)[scope])
  }

  /// The map that gives class tokens the mean and the overall deviation of the conditions that the diffusion model
  /// knows: context = k·token + (mean condition − k·mean token), the prompt included.
  ///
  /// No caption is involved. It only makes sense where CLIP's images and the model's conditions live in
  /// one space, as in the mini world (and in un²CLIP).
  /// - Parameters: image features (n, C), and the prompt's mean token (C).
  public static func matchingMoments(images: Tensor, conditions: ConditionStatistics, prompt: Tensor) throws -> Linear {
    let from = ConditionStatistics(images)
    let (width, scale) = (from.mean.count, conditions.deviation / from.deviation)
    let weight = Tensor.filled([width, width]) { values in
      for i in values.indices { values[i] = i / width == i % width ? scale : 0 }
    }
    let bias = zip(zip(from.mean, conditions.mean), prompt.values).map { $0.1 - scale * $0.0 - $1 }
    return try Linear(
      width, width,
      from: .copying([
        Parameter(name: "weight", value: weight), Parameter(name: "bias", value: Tensor(bias, shape: [width])),
      ]))
  }
}
