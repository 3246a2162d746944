import Glibc

/// A timestep as a vector: sines and cosines at many frequencies, then two linear layers.
///
/// Shape: B timesteps → (B, 4·C). Keys: `linear_1, linear_2`. Source: diffusers `get_timestep_embedding`.
struct TimestepEmbedding {
  let linear1: Linear
  let linear2: Linear
  private let width: Int
  private let cosinesFirst: Bool
  private let frequencyShift: Int

  init(_ config: UNet2DConfig, from weights: Weights) throws {
    width = config.blockChannels[0]
    cosinesFirst = config.flipsSineToCosine
    frequencyShift = config.frequencyShift
    linear1 = try Linear(width, 4 * width, from: weights["linear_1"])
    linear2 = try Linear(4 * width, 4 * width, from: weights["linear_2"])
  }

  /// With the SiLU that every residual block applies first, done once here for all of them.
  func callAsFunction(_ timesteps: [Int]) -> Tensor {
    linear2(linear1(waves(timesteps)).activated(.silu)).activated(.silu)
  }

  /// (B, C): half cosines, half sines of t·exp(−ln(10000)·i / (C/2 − shift)).
  func waves(_ timesteps: [Int]) -> Tensor {
    let half = width / 2
    let frequencies = (0..<half).map { exp(-logf(10_000) * Float($0) / Float(half - frequencyShift)) }
    let (cosineStart, sineStart) = cosinesFirst ? (0, half) : (half, 0)
    return Tensor.filled([timesteps.count, width]) { out in
      for (row, timestep) in timesteps.enumerated() {
        for (i, frequency) in frequencies.enumerated() {
          let angle = Float(timestep) * frequency
          out[row * width + cosineStart + i] = cos(angle)
          out[row * width + sineStart + i] = sin(angle)
        }
      }
    }
  }
}
