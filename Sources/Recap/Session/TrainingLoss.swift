import Engine

extension DivaModels {
  /// The loss of a micro-batch, or of a part of it; it leads back to the tuned tower, and to the projection where the
  /// method has one.
  func loss(
    by method: FeedbackMethod, _ images: TrainingInputs, _ sampling: DivaObjective.Sampling, step: Int, part: BatchPart
  ) -> FeedbackLoss {
    switch method {
    case .diva:
      let inputs = DivaObjective.Inputs(images, sampling, patches: tuned.config.patches, step: step, part: part)
      let answer = objective.answer(inputs)
      return FeedbackLoss(loss: answer.loss, errors: answer.errors, timesteps: inputs.draw.timesteps)
    case .dcr:
      let latents = images.latents
      let augmented = AugmentedView.of(
        images.pixels, seed: sampling.seed, step: step, from: part.places.lowerBound)
      return ContrastiveReconstruction(vision: tuned, recap: recap, feedback: feedback).loss(
        pixels: images.pixels, augmented: augmented, latents: latents,
        draw: .random(
          latents: latents.shape, draws: 1, timesteps: sampling.timesteps, seed: sampling.seed, step: step,
          part: part))
    case .unclip:
      guard let generator else { preconditionFailure("un²CLIP's feedback needs a generator: see prepare(for:)") }
      let inputs = DivaObjective.Inputs(images, sampling, patches: tuned.config.patches, step: step, part: part)
      let answer = GeneratorInversion(vision: tuned, generator: generator).answer(inputs)
      return FeedbackLoss(loss: answer.loss, errors: answer.errors, timesteps: inputs.draw.timesteps)
    case .genhancer:
      guard let genhancer else { preconditionFailure("GenHancer's feedback needs a denoiser: see prepare(for:)") }
      let inputs = DivaObjective.Inputs(images, sampling, patches: tuned.config.patches, step: step, part: part)
      let draw = FlowDraw.random(
        latents: inputs.latents.shape, draws: sampling.draws, seed: sampling.seed, step: step, part: part)
      let answer = GenhancerFeedback(vision: tuned, denoiser: genhancer).answer(
        pixels: inputs.clipPixels, latents: inputs.latents, draw: draw, conditionOrder: inputs.conditionOrder)
      return FeedbackLoss(loss: answer.loss, errors: answer.errors, timesteps: draw.timesteps)
    case .contrastiveAnchor:
      let views = ContrastiveAnchor.crops(images.pixels, seed: sampling.seed, step: step)
      return FeedbackLoss(loss: ContrastiveAnchor(vision: tuned, baseline: baseline.vision).loss(views))
    }
  }
}
