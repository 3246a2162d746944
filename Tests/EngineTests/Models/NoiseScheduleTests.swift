import Foundation
import TestSupport
import Testing

@testable import Engine

/// Against diffusers' DDIMScheduler; Tests/Reference/schedules.py wrote the fixtures.
struct NoiseScheduleTests {
  private let noise = NoiseSchedule()

  @Test("ᾱ of Stable Diffusion has its published values")
  func checkValues() {
    let expected: [(Int, Float)] = [
      (0, 0.99914998), (100, 0.89422315), (250, 0.6737923), (500, 0.27633247), (750, 0.0561698), (900, 0.01415113),
      (999, 0.0046600951),
    ]
    for (timestep, alpha) in expected {
      #expect(abs(noise.alphasCumprod[timestep] - alpha) <= 1e-7 * max(alpha, 0.1), "timestep \(timestep)")
    }
  }

  @Test("ᾱ agrees with PyTorch to the last bit")
  func bits() throws {
    let reference = try Reference.tensors("schedules")

    #expect(noise.alphasCumprod == (try reference["scaled_linear"]).values)
    #expect(
      NoiseSchedule(betaStart: 0.0001, betaEnd: 0.02, betas: .linear).alphasCumprod
        == (try reference["linear"]).values)
    #expect(NoiseSchedule(betas: .squaredCosine).alphasCumprod == (try reference["squared_cosine"]).values)
    #expect(
      NoiseSchedule(timesteps: 37, betaStart: 0.001, betaEnd: 0.3).alphasCumprod == (try reference["short"]).values)
  }

  @Test("noised latents and the velocity agree with diffusers, each image at its own timestep")
  func addNoise() throws {
    let reference = try Reference.tensors("ddim")
    let timesteps = try reference.integers("timesteps")
    let (clean, drawn) = (try reference["start"], try reference["noise"])

    let noised = noise.addNoise(drawn, to: clean, timesteps: timesteps)
    let velocity = NoiseSchedule(prediction: .velocity).target(noise: drawn, latents: clean, timesteps: timesteps)

    expect(noised, equals: try reference["noised"], within: .relative(1e-6))
    expect(velocity, equals: try reference["velocity_target"], within: .relative(1e-6))
    #expect(noise.target(noise: drawn, latents: clean, timesteps: timesteps).values == drawn.values)
  }

  @Test("the sampler visits the timesteps that diffusers visits")
  func timesteps() throws {
    let reference = try Reference.tensors("schedules")
    let sampler = DDIMSampler(noise)

    #expect(sampler.timesteps(20) == (try reference.integers("leading_20")))
    #expect(sampler.timesteps(7) == (try reference.integers("leading_7")))
  }

  @Test("a walk from a given timestep begins there and goes down evenly")
  func timestepsFrom() {
    let sampler = DDIMSampler(noise)

    #expect(sampler.timesteps(5, from: 400) == [400, 320, 240, 160, 80])
    #expect(sampler.timesteps(10, from: 3) == [3, 2, 1])
    #expect(sampler.timesteps(4, from: 0) == [0])
  }

  @Test(
    "a DDIM walk agrees with diffusers at every step",
    arguments: [
      ("epsilon", NoiseSchedule()), ("velocity", NoiseSchedule(prediction: .velocity)),
      ("clipped", NoiseSchedule(endsWithoutNoise: true, clipping: 0.8)),
    ])
  func walk(name: String, schedule: NoiseSchedule) throws {
    let reference = try Reference.tensors("ddim")
    let path = try reference[name]
    let sampler = DDIMSampler(schedule)
    var visited: [Tensor] = []

    let clean = sampler.sample(
      try reference["start"], timesteps: sampler.timesteps(9), progress: { visited.append($1) },
      predict: { x, t in
        Tensor(x.values.map { sin(3 * $0 + Float(t) / 100) }, shape: x.shape)
      })

    #expect(visited.count == 9)
    for (step, latents) in visited.enumerated() {
      // The denoiser's slope of 3 magnifies rounding from step to step.
      expect(
        latents, equals: path.sliced(step..<step + 1).reshaped(latents.shape), within: .relative(1e-4), "step \(step)")
    }
    #expect(clean.values == visited.last?.values)
  }
}
