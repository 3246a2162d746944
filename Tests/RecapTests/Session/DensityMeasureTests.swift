import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("The loss under a density, without training")
struct DensityMeasureTests {
  @Test("is the mean of the objective over batches in order, whatever the optimizer's settings, and changes nothing")
  func mean() throws {
    let reference = try TrainingReference(.adamw)
    let (models, images) = (try reference.models(), try reference.images())
    let before = models.bits

    for density in [RecapDensity.classOnly, .fraction(0.5), .all] {
      var plan = reference.plan
      plan.density = density
      let measured = try DensityMeasure(models: models, images: images).loss(plan, batches: 3)

      let losses = try [[0, 1, 2], [3, 4, 0], [1, 2, 3]].enumerated().map { step, indices in
        let inputs = DivaObjective.Inputs(
          try images.inputs(indices, batch: step),
          DivaObjective.Sampling(seed: 7, density: density, draws: 2, timesteps: 150..<850), patches: 9, step: step)
        return Double(models.objective.answer(inputs).loss.item)
      }
      #expect(measured == losses.reduce(0, +) / 3)
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

    #expect(problem { _ = try measure.loss(reference.plan, batches: 2) }.contains("batch 1 cannot be read"))
  }
}
