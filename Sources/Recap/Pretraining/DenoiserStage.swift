import Engine
import Foundation

/// Learning to denoise latents given a caption: what later is frozen and gives the feedback (Ho et al. 2020, eq. 14;
/// conditioned through cross-attention as Rombach et al. 2022).
///
/// Captions condition it in the space where CLIP compares texts with images: by the end token alone, so that an image's
/// class token can stand in for it (as unCLIP does), or by it and the tokens of any number of regions, for which patch
/// tokens can stand in.
struct DenoiserStage {
  let plan: PretrainPlan.Denoiser
  let world: MiniWorld
  let text: CLIPTextTower
  let tokenizer: CLIPTokenizer
  let regions: RegionTokens
  let autoencoder: AutoencoderKL
  let schedule: NoiseSchedule

  func run(_ unet: UNet2DConditionModel, seed: UInt64, report: (PretrainProgress) throws -> Void) throws {
    let loop = StageSteps(
      steps: plan.steps, rate: plan.rate, warmUpSteps: plan.warmUpSteps, weightDecay: plan.weightDecay,
      betas: (0.9, 0.99))
    var average = MovingAverage(unet.parameters, decay: plan.averageDecay)
    let feedback = DiffusionFeedback(denoiser: unet, schedule: schedule)
    // Encoding takes as long as denoising: the pictures of later passes are kept as latents.
    var kept: [Tensor] = []
    try loop.run(unet.parameters, report: report) {
      average.update()
    } loss: { step in
      let batch = batch(step, seed: seed)
      if step < plan.batches {
        kept.append(autoencoder.scaledLatents(of: Tensor.signedPixels(Scene.render(batch.scenes))))
      }
      let latents = kept[step % plan.batches]
      let draw = draw(latents.shape, seed: seed, step: step)
      let context = context(batch, seed: seed, step: step)
      return .init(value: feedback.answer(latents: latents, context: context, draw: draw).loss)
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

  /// A later pass shows the same pictures with other captions.
  private func batch(_ step: Int, seed: UInt64) -> CaptionedScenes {
    let (pass, step) = step.quotientAndRemainder(dividingBy: plan.batches)
    var batch = CaptionedScenes(of: world, seed: seed &+ UInt64(1000 * pass))
    batch.addPairs(step * plan.pairs..<(step + 1) * plan.pairs, from: Self.firstPair, patterns: Pattern.allCases) {
      $0.uniform(0, plan.detail)
    }
    batch.addSingles(step * plan.singles..<(step + 1) * plan.singles, of: .captioned) { $0.uniform(0, plan.detail) }
    return batch
  }

  /// Each image's condition: its caption's end token, and in some steps also the tokens of some of its regions.
  private func context(_ batch: CaptionedScenes, seed: UInt64, step: Int) -> Tensor {
    let random = RandomSource(seed: seed, stream: .denoiserCaptions)
    let count = batch.scenes.count
    let isEmpty = (0..<count).map { Double(random.uniform(step: step, sample: $0)) < plan.emptyShare }
    let captions = batch.captions.enumerated().map { isEmpty[$0] ? "" : $1 }
    let ends = text.textFeatures(tokenizer.shortened(captions))
    let cells = regions.cells * regions.cells
    let share = Double(random.uniform(step: step, sample: count))
    let extra =
      share < plan.endTokenShare ? 0 : random.integer(in: 1..<cells + 1, step: step, sample: count, position: 1)
    var tokens = ends.reshaped([count, 1, ends.shape[1]])
    if extra > 0 {
      let all = regionTokens(batch, isEmpty: isEmpty, seed: seed, step: step)
      let order = RandomSource(seed: seed, stream: .denoiserRegions)
      tokens = tokens.concatenatedTokens(
        all.gatherTokens((0..<count).map { Array(order.permutation(cells, step: step, sample: $0).prefix(extra)) }))
    }
    guard plan.conditionNoise > 0 else { return tokens }
    let noise = RandomSource(seed: seed, stream: .denoiserConditionNoise).normal(tokens.shape, step: step)
    return tokens + noise.scaled(by: plan.conditionNoise * ends.standardDeviation)
  }

  /// Each picture's phrases draw their own share of details, as captions do; without a caption they say nothing but the
  /// place.
  private func regionTokens(_ batch: CaptionedScenes, isEmpty: [Bool], seed: UInt64, step: Int) -> Tensor {
    var details = batch.scenes.indices.map { index -> (share: Double, random: SceneRandom) in
      var random = world.captionRandom(.contrast, epoch: Int(seed) + 1, index: step * batch.scenes.count + index)
      return (random.uniform(0, plan.detail), random)
    }
    return regions.tokens(of: batch.scenes) { index in
      isEmpty[index] || !details[index].random.chance(details[index].share)
        ? "" : Captioner.phrase(for: batch.scenes[index].background)
    } phrase: { index, thing in
      isEmpty[index] ? "" : Captioner.phrase(for: thing, detail: details[index].share, using: &details[index].random)
    }
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
