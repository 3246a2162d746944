import Engine

/// Learning to say an image in few numbers: squared error of the pixels and a little divergence from a normal
/// distribution (Kingma & Welling 2014; Rombach et al. 2022, without the adversarial part).
struct AutoencoderStage {
  let plan: PretrainPlan.Autoencoder
  let world: MiniWorld

  func run(_ vae: AutoencoderKL, seed: UInt64, report: (PretrainProgress) throws -> Void) throws {
    let loop = StageSteps(steps: plan.steps, rate: plan.rate, warmUpSteps: plan.warmUpSteps, betas: (0.9, 0.99))
    let random = RandomSource(seed: seed, stream: .autoencoderPosterior)
    try loop.run(vae.parameters, report: report) { step in
      let scenes = (step * plan.batch..<(step + 1) * plan.batch).map { world.scene(.captioned, $0) }
      let pixels = Tensor.signedPixels(Scene.render(scenes))
      let posterior = vae.encode(pixels)
      let latents = posterior.sample(noise: random.normal(posterior.mean.shape, step: step))
      let error = vae.decode(latents).meanSquaredError(pixels)
      let divergence = posterior.divergenceFromStandardNormal().scaled(by: plan.divergenceWeight)
      return .init(value: error + divergence, shown: error)
    }
  }
}

extension AutoencoderKL {
  /// The same weights with a scaling factor that gives latents unit deviation on these pictures, as Rombach et al.
  /// (2022, appendix G) do it.
  func scaledToUnitDeviation(on pictures: [Image]) throws -> AutoencoderKL {
    let latents = Tensor.stacked(
      stride(from: 0, to: pictures.count, by: 64).map { start in
        withoutGradient { encode(.signedPixels(Array(pictures[start..<min(pictures.count, start + 64)]))).mean }
      })
    var scaled = config
    scaled.scalingFactor = Double(1 / latents.standardDeviation)
    return try AutoencoderKL(scaled, from: .copying(parameters))
  }
}
