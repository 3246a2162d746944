import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("Low-rank adaptation")
struct LowRankTests {
  @Test("takes PEFT's step: gradients of the factors and of the biases beside them, and the merged weights")
  func step() throws {
    let (it, batch) = (try Fixture("lora_step"), try Fixture("feedback_losses"))
    let models = try TrainingReference(.adamw).models()
    let learning = models.learned(by: .lora, seed: 1)
    let lowRank = try #require(learning.lowRank)
    for factor in lowRank.parameters { factor.assign(try it[factor.name]) }
    lowRank.merge()
    learning.reached.forEach { $0.isTrainable = true }
    let sampling = DivaObjective.Sampling(seed: 1, density: .classOnly, draws: 1, timesteps: 0..<1000)
    var inputs = DivaObjective.Inputs(
      clipPixels: try batch["pixels"], latents: try batch["latents"], sampling, patches: 9, step: 0)
    inputs.draw = NoiseDraw(noise: try batch["noise"], timesteps: try batch.integers("timesteps"))

    let answer = GeneratorInversion(vision: models.tuned, generator: try #require(models.generator)).answer(inputs)
    answer.loss.backward()
    lowRank.takeGradients()

    expect(answer.loss, equals: try it["loss"], within: .relative(1e-5))
    let trained = Dictionary(uniqueKeysWithValues: learning.trained.map { ($0.name, $0) })
    for key in it.names where key.hasPrefix("gradient.") {
      let gradient = try #require(trained[String(key.dropFirst("gradient.".count))]?.gradient, "\(key)")
      expect(gradient, equals: try it[key], within: .relative(1e-4), key)
    }
    #expect(models.tuned.linearWeights.allSatisfy { $0.gradient == nil })

    AdamW([ParameterGroup(learning.trained)]).step(learningRate: 1e-3)
    lowRank.merge()

    let tower = Dictionary(uniqueKeysWithValues: models.tuned.parameters.map { ($0.name, $0) })
    for key in it.names where key.hasPrefix("merged.") {
      let weight = try #require(tower[String(key.dropFirst("merged.".count))], "\(key)")
      expect(weight.value, equals: try it[key], within: .relative(1e-4), key)
    }
  }

  @Test("changes linear layers and their biases alone, by no more than its rank, and goes on from a checkpoint")
  func training() throws {
    let reference = try TrainingReference(.adamw)
    var plan = reference.plan
    (plan.tuning, plan.alignSteps, plan.steps, plan.baselineShare) = (.lora, 1, 3, 0.25)
    func trainer() throws -> Trainer {
      Trainer(plan, models: try reference.models(), images: try reference.images())
    }
    let (whole, resumed) = (try trainer(), try trainer())
    for _ in 0..<3 { _ = try whole.step() }
    try withTemporaryFolder { folder in
      let checkpoint = try whole.save(to: RunFolder.create(folder + "/run", .sample))
      // The tower that a folder holds is the merged one.
      for _ in 0..<2 { _ = try resumed.step() }
      try resumed.restore(from: checkpoint)
    }
    #expect(try whole.step().loss == resumed.step().loss && whole.models.bits == resumed.models.bits)

    let models = whole.models
    let changed = zip(models.tuned.parameters, models.baseline.vision.parameters)
      .filter { $0.value.values != $1.value.values }.map(\.0.name)
    let learned = Set(whole.learning.reached.map(\.name))
    #expect(Set(changed) == learned && learned.contains("visual_projection.weight"))
    #expect(learned.contains("vision_model.encoder.layers.1.mlp.fc1.bias") && learned.count == 25)
    #expect(!learned.contains { $0.contains("norm") || $0.contains("embedding") })
  }
}
