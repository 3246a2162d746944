import Glibc

/// A timestep as a vector: sines and cosines at many frequencies, then two linear layers.
///
/// Shape: B timesteps → (B, 4·C). Keys: `linear_1, linear_2`. Source: diffusers `get_timestep_embedding`.
struct TimestepEmbedding {
  let linear1: Linear
  let linear2: Linear
  private let waves: TimeWaves

  init(_ config: UNet2DConfig, from weights: Weights) throws {
    let width = config.blockChannels[0]
    waves = TimeWaves(width: width, config)
    linear1 = try Linear(width, 4 * width, from: weights["linear_1"])
    linear2 = try Linear(4 * width, 4 * width, from: weights["linear_2"])
  }

  /// With the SiLU that every residual block applies first, done once here for all of them.
  ///
  /// - Parameter added: of SD-XL the same for all images, of unCLIP one for each.
  func callAsFunction(_ timesteps: [Int], added: Tensor? = nil) -> Tensor {
    let time = linear2(linear1(waves(timesteps)).activated(.silu))
    return (added.map { time + $0 } ?? time).activated(.silu)
  }
}

/// SD-XL's vector beside that of the timestep: a pooled text, and six numbers about the picture.
///
/// Shape: (P), six numbers → (4·C). Keys: `linear_1, linear_2`. Source: diffusers `get_aug_embed`, "text_time".
struct AddedEmbedding {
  let linear1: Linear
  let linear2: Linear
  private let waves: TimeWaves

  init(_ addition: UNet2DConfig.Addition, _ config: UNet2DConfig, from weights: Weights) throws {
    waves = TimeWaves(width: addition.waveWidth, config)
    linear1 = try Linear(addition.width, 4 * config.blockChannels[0], from: weights["linear_1"])
    linear2 = try Linear(4 * config.blockChannels[0], 4 * config.blockChannels[0], from: weights["linear_2"])
  }

  func callAsFunction(pooledText: Tensor, numbers: [Int]) -> Tensor {
    let waves = self.waves(numbers)
    let whole = pooledText.reshaped([1, pooledText.shape.count])
      .concatenatedChannels(waves.reshaped([1, waves.shape.count]))
    let added = linear2(linear1(whole).activated(.silu))
    return added.reshaped([added.shape.count])
  }
}

/// A vector beside that of the timestep, through two linear layers: unCLIP's and FLUX's embedding of an image or a text.
///
/// Shape: (B, W) → (B, C). Keys: `linear_1, linear_2`. Source: diffusers, `class_embed_type` "projection".
struct ClassEmbedding {
  let width: Int
  private let linear1: Linear
  private let linear2: Linear

  init(_ width: Int, to outputs: Int, from weights: Weights) throws {
    self.width = width
    linear1 = try Linear(width, outputs, from: weights["linear_1"])
    linear2 = try Linear(outputs, outputs, from: weights["linear_2"])
  }

  func callAsFunction(_ vectors: Tensor) -> Tensor { linear2(linear1(vectors).activated(.silu)) }
}

/// Numbers as sines and cosines: half cosines, half sines of t·exp(−ln(10000)·i / (C/2 − shift)).
///
/// Shape: B numbers → (B, C).
public struct TimeWaves {
  let width: Int
  private let cosinesFirst: Bool
  private let frequencyShift: Int

  init(width: Int, _ config: UNet2DConfig) {
    self.init(width: width, cosinesFirst: config.flipsSineToCosine, frequencyShift: config.frequencyShift)
  }

  init(width: Int, cosinesFirst: Bool, frequencyShift: Int) {
    (self.width, self.cosinesFirst, self.frequencyShift) = (width, cosinesFirst, frequencyShift)
  }

  /// Cosines first, no shift: as all but the earliest models have them.
  public init(width: Int) { (self.width, cosinesFirst, frequencyShift) = (width, true, 0) }

  public func callAsFunction(_ numbers: [Int]) -> Tensor { self(numbers.map(Float.init)) }

  func callAsFunction(_ numbers: [Float]) -> Tensor {
    let half = width / 2
    let frequencies = (0..<half).map { exp(-logf(10_000) * Float($0) / Float(half - frequencyShift)) }
    let (cosineStart, sineStart) = cosinesFirst ? (0, half) : (half, 0)
    return Tensor.filled([numbers.count, width]) { out in
      for (row, number) in numbers.enumerated() {
        for (i, frequency) in frequencies.enumerated() {
          let angle = number * frequency
          out[row * width + cosineStart + i] = cos(angle)
          out[row * width + sineStart + i] = sin(angle)
        }
      }
    }
  }
}
