import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("A part of a micro-batch")
struct BatchPartTests {
  @Test("is as large as the others, give or take an image, and all make the whole")
  func cut() {
    let parts = (0..<3).map { BatchPart($0, of: 3, batch: 8) }
    #expect(parts.map(\.places) == [0..<2, 2..<5, 5..<8])
    #expect(BatchPart.whole(8).isWhole && !parts[0].isWhole && parts.reduce(0) { $0 + $1.share } == 1)
  }

  @Test("has the noise, timesteps and patches of its images' places in the whole")
  func draws() {
    let sampling = DivaObjective.Sampling(seed: 3, density: .fraction(0.5), draws: 2, timesteps: 0..<1000)
    func inputs(_ images: Int, _ part: BatchPart?) -> DivaObjective.Inputs {
      DivaObjective.Inputs(
        clipPixels: Tensor(zeros: [images, 2, 2, 3]), latents: Tensor(zeros: [images, 2, 2, 4]), sampling, patches: 9,
        step: 5, part: part)
    }
    let (whole, part) = (inputs(6, nil), inputs(2, BatchPart(1, of: 3, batch: 6)))
    let rows = [2, 3, 8, 9]
    expect(part.draw.noise, equals: whole.draw.noise.gatherImages(rows), within: .exact)
    #expect(part.draw.timesteps == rows.map { whole.draw.timesteps[$0] })
    #expect(part.patches == whole.patches.map { Array($0[2..<4]) })
  }

  @Test("adds its gradient to the others', with the whole's loss and step", arguments: [false, true])
  func sums(shuffles: Bool) throws {
    let reference = try TrainingReference(.sgd)
    func trained(_ parts: Int) throws -> (StepReport, Trainer) {
      var plan = reference.plan
      (plan.alignSteps, plan.batchParts, plan.shufflesCondition) = (0, parts, shuffles)
      let trainer = Trainer(plan, models: try reference.models(), images: try reference.images())
      return (try trainer.step(), trainer)
    }
    let ((whole, one), (parts, three)) = (try trained(1), try trained(3))
    #expect(
      abs(whole.loss - parts.loss) < 1e-6 * whole.loss && abs(whole.gradNorm - parts.gradNorm) < 1e-5 * whole.gradNorm)
    #expect(three.partsPerStep == 6)
    for (a, b) in zip(one.models.tuned.parameters, three.models.tuned.parameters) {
      expect(b.value.detached(), equals: a.value.detached(), within: .relative(1e-6), a.name)
    }
  }

  @Test("is one of eight of a step that ranks share, or of as many as there are ranks, as far as there are images")
  func division() {
    func parts(batch: Int, accumulate: Int, ranks: Int) -> Int {
      var plan = TrainConfiguration()
      (plan.batch, plan.accumulate) = (batch, accumulate)
      plan.divideBatch(ranks: ranks)
      return plan.batchParts
    }
    #expect([1, 2, 4, 8].map { parts(batch: 32, accumulate: 1, ranks: $0) } == [8, 8, 8, 8])
    #expect(parts(batch: 32, accumulate: 1, ranks: 12) == 12 && parts(batch: 4, accumulate: 1, ranks: 2) == 4)
    #expect(parts(batch: 16, accumulate: 40, ranks: 40) == 1 && parts(batch: 16, accumulate: 3, ranks: 2) == 3)
  }
}
