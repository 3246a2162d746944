import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("Loss and latent errors under a density, without training")
struct DensityMeasureTests {
  @Test("the loss is the mean of the objective over batches in order, and nothing changes")
  func mean() throws {
    let reference = try TrainingReference(.adamw)
    let (models, images) = (try reference.models(), try reference.images())
    let before = models.bits

    for density in [RecapDensity.classOnly, .fraction(0.5), .all] {
      var plan = reference.plan
      plan.density = density
      let measured = try DensityMeasure(models: models, images: images).measure(plan, batches: 3)

      let losses = try [[0, 1, 2], [3, 4, 0], [1, 2, 3]].enumerated().map { step, indices in
        let inputs = DivaObjective.Inputs(
          try images.inputs(indices, batch: step),
          DivaObjective.Sampling(seed: 7, density: density, draws: 2, timesteps: 150..<850), patches: 9, step: step)
        return Double(models.objective.answer(inputs).loss.item)
      }
      let expected = losses.reduce(0, +) / 3
      #expect(abs(measured.loss.mean - expected) < 1e-6 * expected)
      #expect(measured.loss.standardError > 0 && measured.latentErrors.allSatisfy { $0.mean > 0 })
      // What is noised further comes back less like itself.
      #expect(measured.latentErrors.count == 2 && measured.latentErrors[0] != measured.latentErrors[1])
      #expect(Set(losses).count == 3)
    }
    #expect(models.bits == before && models.learning.allSatisfy { $0.gradient == nil })
  }

  @Test("says which images cannot be read")
  func brokenImages() throws {
    let reference = try TrainingReference(.adamw)
    var images = try reference.images()
    images.broken = [1]
    let measure = DensityMeasure(models: try reference.models(), images: images)

    #expect(problem { _ = try measure.measure(reference.plan, batches: 2) }.contains("batch 1 cannot be read"))
  }

  @Test("latent errors are those of the explorer's reconstructions")
  func reconstruction() throws {
    let reference = try TrainingReference(.adamw)
    let (models, images) = (try reference.models(), try reference.images())
    var plan = reference.plan
    (plan.batch, plan.density) = (1, .all)
    let measured = try DensityMeasure(models: models, images: images).measure(plan, batches: 1)

    let latents = images.latents.gatherImages([0])
    let context = models.recap.context(
      pixels: images.pixels.gatherImages([0]), vision: models.tuned, density: .all, patches: [Array(0..<9)])
    let (schedule, unet) = (models.feedback.schedule, models.feedback.denoiser)
    let sampler = DDIMSampler(schedule)
    for (place, start) in [500, 700].enumerated() {
      let noise = RandomSource(seed: plan.seed, stream: .reconstructionNoise).normal(latents.shape, step: 0)
      var current = schedule.addNoise(noise, to: latents, timesteps: [start])
      let times = sampler.timesteps(12, from: start)
      for (step, t) in times.enumerated() {
        let prediction = withoutGradient { unet(current, timesteps: [t], context: context) }
        let next = step + 1 < times.count ? times[step + 1] : nil
        current = sampler.step(current, prediction: prediction, from: t, to: next)
      }
      let error = Double(current.meanSquaredError(latents).item)
      #expect(abs(measured.latentErrors[place].mean - error) < 1e-5 * error)
    }
  }

  @Test("a standard error is the deviation over the root of the number")
  func estimate() {
    let estimate = DensityMeasure.Estimate([1, 2, 3, 6])

    #expect(estimate.mean == 3)
    // The squared distances from the mean add up to 14.
    let expected = (14.0 / 3 / 4).squareRoot()
    #expect(abs(estimate.standardError - expected) < 1e-12)
    #expect(DensityMeasure.Estimate([2]).standardError == 0)
  }
}
