import Engine
import Foundation

/// Learning to denoise latents given a caption: what later is frozen and gives the feedback (Ho et al. 2020, eq. 14;
/// conditioned through cross-attention as Rombach et al. 2022).
///
/// The captions condition it in the space where CLIP compares texts with images, mostly by the end token alone, so that an
/// image's class token can stand in for it (as unCLIP does).
struct DenoiserStage {
  let plan: PretrainPlan.Denoiser
  let world: MiniWorld
  let text: CLIPTextTower
  let tokenizer: CLIPTokenizer
  let autoencoder: AutoencoderKL
  let schedule: NoiseSchedule

  func run(_ unet: UNet2DConditionModel, seed: UInt64, report: (PretrainProgress) throws -> Void) throws {
    let learning = unet.parameters
    learning.forEach { $0.isTrainable = true }
    defer { learning.forEach { $0.isTrainable = false } }
    let optimizer = AdamW([ParameterGroup(learning, weightDecay: plan.weightDecay)], betas: (0.9, 0.99))
    let rates = LearningRateSchedule.cosine(peak: plan.rate, warmup: plan.warmUpSteps, total: plan.steps)
    var average = MovingAverage(learning, decay: plan.averageDecay)
    let feedback = DiffusionFeedback(unet: unet, schedule: schedule)
    for step in 0..<plan.steps {
      let batch = batch(step, seed: seed)
      let latents = autoencoder.scaledLatents(of: Tensor.signedPixels(Scene.render(batch.scenes)))
      let draw = draw(latents.shape, seed: seed, step: step)
      let answer = feedback.answer(
        latents: latents, context: context(batch.captions, seed: seed, step: step), draw: draw)
      answer.loss.backward()
      let norm = optimizer.step(learningRate: rates.rate(at: step), maximumNorm: 1)
      average.update()
      try report(PretrainProgress(step: step + 1, steps: plan.steps, loss: answer.loss.item, gradNorm: norm))
    }
    average.assign()
  }

  private func draw(_ shape: Shape, seed: UInt64, step: Int) -> NoiseDraw {
    let random = RandomSource(seed: seed, stream: .denoiserNoise)
    let timed = RandomSource(seed: seed, stream: .denoiserTimesteps)
    return NoiseDraw(
      noise: random.normal(shape, step: step),
      timesteps: (0..<shape[0]).map {
        Int(Float(schedule.timesteps) * pow(timed.uniform(step: step, sample: $0), plan.timestepPower))
      })
  }

  /// Its pairs are none of those that the towers learned from.
  private static let firstPair = 1_000_000

  private func batch(_ step: Int, seed: UInt64) -> CaptionedScenes {
    var batch = CaptionedScenes(of: world, seed: seed)
    batch.addPairs(step * plan.pairs..<(step + 1) * plan.pairs, from: Self.firstPair, patterns: Pattern.allCases) {
      $0.uniform(0, plan.detail)
    }
    batch.addSingles(step * plan.singles..<(step + 1) * plan.singles, of: .captioned) { $0.uniform(0, plan.detail) }
    return batch
  }

  /// Each image's condition: its caption's end token, and in some steps also random other tokens, drawn with
  /// replacement so that captions of any length fill the same number of tokens.
  private func context(_ texts: [String], seed: UInt64, step: Int) -> Tensor {
    let random = RandomSource(seed: seed, stream: .denoiserCaptions)
    let captions = texts.enumerated().map { row, caption in
      Double(random.uniform(step: step, sample: row)) < plan.emptyShare ? "" : caption
    }
    let ids = tokenizer.shortened(captions)
    let extra = Double(random.uniform(step: step, sample: texts.count)) < plan.endTokenShare ? 0 : plan.extraTokens
    let chosen = ids.enumerated().map { row, list in
      let end = list.firstIndex(of: tokenizer.end) ?? list.count - 1
      return [end] + (0..<extra).map { random.integer(in: 1..<end + 1, step: step, sample: row, position: 1 + $0) }
    }
    let tokens = text.textTokens(ids).gatherTokens(chosen)
    guard plan.conditionNoise > 0 else { return tokens }
    let noise = RandomSource(seed: seed, stream: .denoiserConditionNoise).normal(tokens.shape, step: step)
    return tokens + noise.scaled(by: plan.conditionNoise * tokens.standardDeviation)
  }

  /// Of the end tokens of many captions that say as much as any condition of the denoiser did: a picture shows everything.
  func conditionStatistics(seed: UInt64) -> ConditionStatistics {
    let captions = (0..<2048).map { index in
      var words = world.captionRandom(.captioned, epoch: Int(seed), index: index)
      return Captioner.caption(of: world.scene(.captioned, index), detail: plan.detail, using: &words)
    }
    return withoutGradient { ConditionStatistics(text.textFeatures(tokenizer.shortened(captions))) }
  }
}
