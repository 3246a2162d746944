import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("The trainer")
struct TrainerTests {
  /// PyTorch computes in double precision, we in single: what differs is rounding, which the optimizers carry along. It
  /// was below 2e-6 of each loss, norm and parameter; processors and libraries that add up in another order get room.
  /// A key's bias has no gradient but rounding (softmax ignores a shift of all keys), which AdamW scales up to its rate.
  @Test(
    "takes PyTorch's ten steps: losses, gradient norms, rates and the weights at the end",
    arguments: [
      TrainConfiguration.OptimizerKind.adamw, .sgd,
    ])
  func tenSteps(optimizer: TrainConfiguration.OptimizerKind) throws {
    let reference = try TrainingReference(optimizer)
    let (trainer, expected) = (try reference.trainer(), reference.fixture)

    var reports: [StepReport] = []
    while !trainer.isFinished { reports.append(try trainer.step()) }

    #expect(reports.map(\.stage) == Array(repeating: .align, count: 4) + Array(repeating: .train, count: 6))
    for (name, values) in [
      ("losses", reports.map(\.loss)), ("norms", reports.map(\.gradNorm)), ("rates", reports.map(\.lr)),
    ] {
      for (step, (ours, theirs)) in zip(values, try expected[name].values).enumerated() {
        #expect(abs(ours - theirs) <= 5e-6 * abs(theirs), "\(name) of step \(step): \(ours), PyTorch \(theirs)")
      }
    }
    let tower = trainer.models.tuned.parameters.map { ($0.name, $0) }
    for (name, parameter) in tower + trainer.models.projectionByKey {
      let end = try expected["end.\(name)"]
      if name.hasSuffix("k_proj.bias") {
        let most = reference.plan.rate * Float(reference.plan.steps)
        #expect(zip(parameter.value.values, end.values).allSatisfy { abs($0 - $1) <= most }, "\(name)")
      } else {
        expect(parameter.value, equals: end, within: .relative(1e-5), name)
      }
    }
  }

  @Test(
    "goes on from a checkpoint of any step with the same bits",
    arguments: [
      TrainConfiguration.OptimizerKind.adamw, .sgd,
    ])
  func resume(optimizer: TrainConfiguration.OptimizerKind) throws {
    let reference = try TrainingReference(optimizer)
    let whole = try reference.trainer()
    try withTemporaryFolder { folder in
      var losses: [Float] = []
      for step in 0..<10 {
        // What a person changes on the way is kept too.
        if step == 6 { whole.density = .all }
        losses.append(try whole.step().loss)
        try whole.save(to: RunFolder.create("\(folder)/\(step)", .sample))
      }

      for step in [1, 3, 4, 7] {
        let resumed = try reference.trainer()
        let run = try RunFolder(opening: "\(folder)/\(step)")
        try resumed.restore(from: try #require(try Checkpoint.latest(in: run)))
        #expect(
          resumed.aligned + resumed.trained == step + 1
            && resumed.density == (step >= 6 ? .all : reference.plan.density))
        var rest: [Float] = []
        while !resumed.isFinished {
          if resumed.aligned + resumed.trained == 6 { resumed.density = .all }
          rest.append(try resumed.step().loss)
        }

        #expect(rest == Array(losses[(step + 1)...]), "from step \(step)")
        #expect(resumed.models.bits == whole.models.bits, "from step \(step)")
        #expect(
          resumed.models.baselineRecap.projection.weight.value.values
            == whole.models.baselineRecap.projection.weight.value.values)
      }
    }
  }

  @Test("has the interpolated tower after each step, and trains as if it were not interpolated", arguments: [0.25, 1])
  func interpolates(share: Float) throws {
    let reference = try TrainingReference(.adamw)
    func trainer(_ share: Float, _ time: InterpolationTime = .eachStep) throws -> Trainer {
      var plan = reference.plan
      plan.baselineShare = share
      return Trainer(plan, models: try reference.models(), images: try reference.images(), interpolates: time)
    }
    let (own, plain, old) = (try trainer(share), try trainer(0), try trainer(share, .lastStep))
    for step in 1...10 {
      let loss = try own.step().loss
      #expect(try loss == plain.step().loss && loss == old.step().loss)
      #expect(own.keptShare(after: own.trained) == (step <= 4 || share == 1 ? 1 : 0.75))
      let models = own.models
      for (before, (kept, trained)) in zip(
        models.baseline.vision.parameters, zip(models.tuned.parameters, plain.models.tuned.parameters))
      {
        let expected = zip(trained.value.values, before.value.values).map { $0 + share * ($1 - $0) }
        expect(kept.value, equals: Tensor(expected, shape: kept.shape), within: .relative(1e-6), kept.name)
      }
      #expect(old.models.bits == (step < 10 ? plain : own).models.bits)
    }
    #expect(own.models.bits != plain.models.bits && own.interpolation.trained.isEmpty)
  }

  @Test("refuses a checkpoint of another seed")
  func anotherSeed() throws {
    try withTemporaryFolder { folder in
      let run = try RunFolder.create(folder + "/run", .sample)
      let checkpoint = try TrainingReference(.adamw).trainer().save(to: run)
      let other = try TrainingReference(.sgd).trainer()

      #expect(
        problem { try other.restore(from: checkpoint) }.contains("its seed 7 or its steps 0 + 0 are not of this run"))
    }
  }

  @Test("leaves a step out, weights and all, when its second micro-batch cannot be read, and takes it later")
  func brokenImages() throws {
    let reference = try TrainingReference(.adamw)
    let whole = try reference.trainer()
    let losses = try (0..<6).map { _ in try whole.step().loss }
    var images = try reference.images()
    images.broken = [11]
    let trainer = Trainer(reference.plan, models: try reference.models(), images: images)
    for _ in 0..<5 { _ = try trainer.step() }
    let before = trainer.models.bits

    #expect(problem { _ = try trainer.step() }.contains("batch 11 cannot be read"))
    #expect(trainer.models.bits == before && trainer.trained == 1)
    #expect(trainer.models.learning.allSatisfy { $0.gradient == nil })

    try withTemporaryFolder { folder in
      let checkpoint = try trainer.save(to: RunFolder.create(folder + "/run", .sample))
      let healed = try reference.trainer()
      try healed.restore(from: checkpoint)
      #expect(try healed.step().loss == losses[5])
      #expect(healed.models.bits == whole.models.bits)
    }
  }

  @Test("aligns the same projection whatever the density is, but for one that pools")
  func alignsForEveryDensity() throws {
    func aligned(_ density: RecapDensity) throws -> [[Float]] {
      let trainer = try TrainingReference(.adamw).trainer()
      trainer.density = density
      for _ in 0..<4 { _ = try trainer.step() }
      return trainer.models.projectionParameters.map { $0.value.values }
    }
    let projection = try aligned(.classOnly)
    #expect(try aligned(.all) == projection && aligned(.fraction(0.3)) == projection)
    #expect(try aligned(.pooled(window: 4)) != projection)
  }

  @Test("changes the projection alone while it aligns, and the tower alone where the projection's rate is 0")
  func stages() throws {
    let trainer = try TrainingReference(.adamw).trainer()
    func values(_ parameters: [Parameter]) -> [[Float]] { parameters.map { $0.value.values } }
    let (tower, projection) = (values(trainer.models.tuned.parameters), values(trainer.models.projectionParameters))

    for _ in 0..<4 { _ = try trainer.step() }
    let aligned = values(trainer.models.projectionParameters)
    #expect(values(trainer.models.tuned.parameters) == tower && zip(aligned, projection).allSatisfy { $0 != $1 })

    // The first step has rate 0.
    for _ in 0..<2 { _ = try trainer.step() }
    #expect(values(trainer.models.projectionParameters) == aligned)
    #expect(zip(values(trainer.models.tuned.parameters), tower).allSatisfy { $0 != $1 })
    #expect(values(trainer.models.baseline.vision.parameters) == tower)
    #expect(values(trainer.models.baselineRecap.projection.parameters) == aligned)
  }
}
