/// Deterministic denoising: from noisy latents to clean ones in a few steps (DDIM with η = 0).
///
/// Source: Song, Meng, Ermon 2021, equation 12; diffusers `DDIMScheduler` with "leading" timesteps.
///
/// ```swift
/// let sampler = DDIMSampler(schedule)
/// let clean = sampler.sample(noised, timesteps: sampler.timesteps(20, from: 400)) { x, t in
///   unet(x, timesteps: [t], context: context)
/// }
/// ```
public struct DDIMSampler: Sendable {
  public let schedule: NoiseSchedule

  public init(_ schedule: NoiseSchedule) { self.schedule = schedule }

  /// `count` timesteps from nearly pure noise down, evenly spaced as diffusers' "leading" spacing has them.
  public func timesteps(_ count: Int) -> [Int] {
    precondition((1...schedule.timesteps).contains(count), "\(count) steps of \(schedule.timesteps)")
    let stride = schedule.timesteps / count
    return (0..<count).reversed().map { min($0 * stride + schedule.stepsOffset, schedule.timesteps - 1) }
  }

  /// At most `count` timesteps, evenly spaced, that begin at `start`: for latents noised to exactly that timestep.
  public func timesteps(_ count: Int, from start: Int) -> [Int] {
    precondition(count > 0 && (0..<schedule.timesteps).contains(start), "\(count) steps from timestep \(start)")
    let steps = min(count, max(1, start))
    return (0..<steps).map { start - start * $0 / steps }
  }

  /// One step: the latents at `timestep` and the UNet's answer to them → the latents at `next`, clean ones when nil.
  ///
  /// Shape: (B, …) both, unchanged. No gradient.
  public func step(_ latents: Tensor, prediction: Tensor, from timestep: Int, to next: Int?) -> Tensor {
    let images = latents.shape[0]
    func each(_ value: Float) -> [Float] { Array(repeating: value, count: images) }
    let (signal, deviation) = (schedule.alphasCumprod[timestep].squareRoot(), schedule.deviation(timestep))
    var clean: Tensor
    let noise: Tensor
    switch schedule.prediction {
    case .epsilon:
      clean = latents.blended(each(1 / signal), prediction, each(-deviation / signal))
      noise = prediction
    case .velocity:
      clean = latents.blended(each(signal), prediction, each(-deviation))
      noise = prediction.blended(each(signal), latents, each(deviation))
    }
    if let bound = schedule.clipping.map(Float.init) {
      clean = Tensor(clean.values.map { min(max($0, -bound), bound) }, shape: clean.shape)
    }
    let kept = next.map { schedule.alphasCumprod[$0] } ?? finalAlpha
    return clean.blended(each(kept.squareRoot()), noise, each((1 - kept).squareRoot()))
  }

  private var finalAlpha: Float { schedule.endsWithoutNoise ? 1 : schedule.alphasCumprod[0] }

  /// Walks down `timesteps`; `predict` gives the UNet's prediction at each, `progress` gets the latents after it.
  public func sample(
    _ noised: Tensor, timesteps: [Int], progress: (Int, Tensor) -> Void = { _, _ in },
    predict: (Tensor, Int) throws -> Tensor
  ) rethrows -> Tensor {
    var latents = noised
    for (index, timestep) in timesteps.enumerated() {
      let next = index + 1 < timesteps.count ? timesteps[index + 1] : nil
      latents = step(latents, prediction: try predict(latents, timestep), from: timestep, to: next)
      progress(index, latents)
    }
    return latents
  }
}
