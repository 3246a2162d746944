import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("Other feedbacks")
struct FeedbackMethodTests {
  private static let gradients = [
    "visual_projection.weight", "vision_model.embeddings.class_embedding", "visual_proj.weight",
    "vision_model.encoder.layers.0.self_attn.v_proj.weight",
  ]

  /// The small models, every weight of the tuned tower times 1.1.
  private func models() throws -> DivaModels {
    let models = try TrainingReference(.adamw).models()
    for parameter in models.tuned.parameters { parameter.assign(parameter.value.detached().scaled(by: 1.1)) }
    models.learning.forEach { $0.isTrainable = true }
    return models
  }

  private func expectGradients(_ name: String, of models: DivaModels, in it: Fixture) throws {
    let keyed = models.tuned.parameters.map { ($0.name, $0) } + models.projectionByKey.map { ($0.key, $0.parameter) }
    for key in Self.gradients {
      let parameter = try #require(keyed.first { $0.0 == key }?.1)
      if name != "dcr", key.hasPrefix("visual_proj.") {
        #expect(parameter.gradient == nil, "\(name) has no projection")
        continue
      }
      expect(try #require(parameter.gradient), equals: try it["\(name).\(key)"], within: .relative(1e-4))
    }
  }

  @Test("the contrastive anchor is InfoNCE of two crops and the distance from the baseline, gradients included")
  func anchor() throws {
    let (it, models) = (try Fixture("feedback_losses"), try models())
    let feedback = ContrastiveAnchor(vision: models.tuned, baseline: models.baseline.vision)

    let loss = feedback.loss([try it["pixels"], try it["augmented"]])
    loss.backward()

    expect(loss, equals: try it["anchor.loss"], within: .relative(1e-5))
    try expectGradients("anchor", of: models, in: it)
  }

  @Test("DCR contrasts predictions in groups of four, gradients included")
  func contrastiveReconstruction() throws {
    let (it, models) = (try Fixture("feedback_losses"), try models())
    let feedback = ContrastiveReconstruction(vision: models.tuned, recap: models.recap, feedback: models.feedback)
    let draw = NoiseDraw(noise: try it["noise"], timesteps: try it.integers("timesteps"))

    let answer = feedback.loss(
      pixels: try it["pixels"], augmented: try it["augmented"], latents: try it["latents"], draw: draw)
    answer.loss.backward()

    expect(answer.loss, equals: try it["dcr.loss"], within: .relative(1e-5))
    try expectGradients("dcr", of: models, in: it)
    #expect(answer.errors.count == 8 && answer.timesteps == draw.timesteps)
  }

  @Test("un²CLIP's is a frozen generator's velocity error given the embedding, gradients included")
  func generatorInversion() throws {
    let (it, models) = (try Fixture("feedback_losses"), try models())
    let generator = try #require(models.generator)
    let sampling = DivaObjective.Sampling(seed: 1, density: .classOnly, draws: 1, timesteps: 0..<1000)
    var inputs = DivaObjective.Inputs(
      clipPixels: try it["pixels"], latents: try it["latents"], sampling, patches: 9, step: 0)
    inputs.draw = NoiseDraw(noise: try it["noise"], timesteps: try it.integers("timesteps"))
    let feedback = GeneratorInversion(vision: models.tuned, generator: generator)

    let answer = feedback.answer(inputs)
    answer.loss.backward()

    expect(answer.loss, equals: try it["unclip.loss"], within: .relative(1e-5))
    try expectGradients("unclip", of: models, in: it)
    #expect(generator.denoiser.denoiser.parameters.allSatisfy { $0.gradient == nil })
    // In the control an image is drawn from another's embedding.
    inputs.conditionOrder = [1, 2, 3, 4, 5, 6, 7, 0]
    #expect(feedback.answer(inputs).loss.item != answer.loss.item)
  }

  @Test("GenHancer's is a frozen denoiser's velocity error given the embedding, gradients included")
  func genhancer() throws {
    let (it, models) = (try Fixture("feedback_losses"), try models())
    let denoiser = try #require(models.genhancer)
    let draw = FlowDraw(noise: try it["noise"], normal: try it["genhancer.normal"])
    let feedback = GenhancerFeedback(vision: models.tuned, denoiser: denoiser)
    let (pixels, latents) = (try it["pixels"], try it["latents"])

    let answer = feedback.answer(pixels: pixels, latents: latents, draw: draw)
    answer.loss.backward()

    expect(answer.loss, equals: try it["genhancer.loss"], within: .relative(1e-5))
    try expectGradients("genhancer", of: models, in: it)
    #expect(denoiser.parameters.allSatisfy { $0.gradient == nil })
    #expect(answer.errors.count == 8 && draw.timesteps.first == 182 && draw.timesteps.last == 880)
    // In the control an image is drawn from another's embedding.
    let shuffled = feedback.answer(
      pixels: pixels, latents: latents, draw: draw, conditionOrder: [1, 2, 3, 4, 5, 6, 7, 0])
    #expect(shuffled.loss.item != answer.loss.item)
  }

  @Test("several draws of an image are the mean of each alone, and parts of a micro-batch draw what the whole does")
  func flowDraws() throws {
    let (it, models) = (try Fixture("feedback_losses"), try models())
    let feedback = GenhancerFeedback(vision: models.tuned, denoiser: try #require(models.genhancer))
    let (pixels, latents) = (try it["pixels"], try it["latents"])
    func draw(_ part: BatchPart) -> FlowDraw {
      .random(latents: latents.sliced(part.places).shape, draws: 2, seed: 3, step: 5, part: part)
    }
    let whole = draw(.whole(8))

    let errors = feedback.answer(pixels: pixels, latents: latents, draw: whole).errors
    let part = draw(BatchPart(1, of: 2, batch: 8))

    #expect(errors.count == 16 && Set(whole.times).count == 16 && whole.times.allSatisfy { (0..<1).contains($0) })
    #expect(part.times == Array(whole.times[4..<8] + whole.times[12..<16]))
    #expect(part.noise.sliced(4..<8).values == whole.noise.sliced(12..<16).values)
    let first = FlowDraw(noise: whole.noise.sliced(0..<8), times: Array(whole.times.prefix(8)))
    #expect(feedback.answer(pixels: pixels, latents: latents, draw: first).errors == Array(errors.prefix(8)))
  }

  @Test("each goes on from a checkpoint with the same bits", arguments: FeedbackMethod.allCases)
  func resume(method: FeedbackMethod) throws {
    let reference = try TrainingReference(.adamw)
    var plan = reference.plan
    (plan.feedback, plan.batch, plan.accumulate, plan.alignSteps, plan.steps) = (method, 4, 1, 1, 3)
    func trainer() throws -> Trainer {
      Trainer(plan, models: try reference.models(), images: try reference.images())
    }
    try withTemporaryFolder { folder in
      let (whole, resumed) = (try trainer(), try trainer())
      for _ in 0..<2 { _ = try whole.step() }
      try resumed.restore(from: whole.save(to: RunFolder.create(folder + "/run", .sample)))
      for _ in 0..<2 { #expect(try whole.step().loss == resumed.step().loss) }
      #expect(whole.models.bits == resumed.models.bits)
    }
  }

  @Test("each trains the tower, the same from the same seed", arguments: FeedbackMethod.allCases)
  func training(method: FeedbackMethod) throws {
    let reference = try TrainingReference(.adamw)
    var plan = reference.plan
    (plan.feedback, plan.batch, plan.accumulate, plan.alignSteps, plan.steps) = (method, 4, 1, 1, 2)
    #expect(TrainSetting.firstComplaint(about: plan) == nil)
    func run() throws -> (losses: [Float], models: DivaModels) {
      let models = try reference.models()
      let trainer = Trainer(plan, models: models, images: try reference.images())
      return (try (0..<3).map { _ in try trainer.step().loss }, models)
    }

    let (first, second) = (try run(), try run())

    #expect(first.losses == second.losses && first.models.bits == second.models.bits)
    #expect(first.losses.allSatisfy { $0.isFinite && $0 > 0 })
    let changed = zip(first.models.tuned.parameters, first.models.baseline.vision.parameters)
      .count { $0.value.values != $1.value.values }
    #expect(changed == first.models.tuned.parameters.count)
  }

  @Test("latents are encoded where the diffusion model has a part, and only there", arguments: FeedbackMethod.allCases)
  func latents(method: FeedbackMethod) throws {
    let reference = try TrainingReference(.adamw)
    let images = CountedLatents(inner: try reference.images())
    var plan = reference.plan
    (plan.feedback, plan.batch, plan.accumulate, plan.alignSteps, plan.steps) = (method, 4, 2, 0, 1)

    _ = try Trainer(plan, models: try reference.models(), images: images).step()

    #expect(images.encoded == (method == .contrastiveAnchor ? 0 : 2))
  }

  @Test("parts of a batch have whole groups, and give DCR's loss all the same")
  func parts() throws {
    let reference = try TrainingReference(.adamw)
    var plan = reference.plan
    (plan.feedback, plan.batch, plan.accumulate, plan.alignSteps, plan.steps) = (.dcr, 8, 1, 0, 1)
    func loss() throws -> Float {
      try Trainer(plan, models: try reference.models(), images: try reference.images()).step().loss
    }
    let whole = try loss()
    plan.batchParts = 2
    #expect(TrainSetting.firstComplaint(about: plan) == nil)
    #expect(abs(try loss() - whole) <= 1e-5 * whole)

    // Ranks share whole groups, whatever the number of micro-batches.
    for accumulate in 1...8 {
      for method in FeedbackMethod.allCases {
        var shared = plan
        (shared.feedback, shared.batch, shared.accumulate) = (method, 32, accumulate)
        shared.divideBatch(ranks: 3)
        #expect(TrainSetting.firstComplaint(about: shared) == nil, "\(method) \(accumulate)")
      }
    }

    func complaint(_ change: (inout TrainConfiguration) -> Void) -> String? {
      var plan = plan
      change(&plan)
      return TrainSetting.firstComplaint(about: plan)?.reason
    }
    #expect(complaint { $0.batch = 12 }?.contains("a multiple of 8") == true)
    #expect(complaint { $0.shufflesCondition = true }?.contains("shuffled") == true)
    #expect(complaint { $0.feedback = .contrastiveAnchor }?.contains("expected batchParts 1") == true)
    #expect(complaint { $0.feedback = .diva } == nil)
  }

  @Test("crops and views keep the size, differ from the picture and from each other, and repeat with the seed")
  func views() throws {
    let pixels = try TrainingReference(.adamw).images().pixels.gatherImages([0, 0])
    let crops = ContrastiveAnchor.crops(pixels, seed: 1, step: 3)
    let view = AugmentedView.of(pixels, seed: 1, step: 3)

    for one in crops + [view] {
      #expect(one.shape == pixels.shape && one.values != pixels.values)
      let rows = [0, 1].map { one.gatherImages([$0]).values }
      #expect(rows[0] != rows[1])
    }
    #expect(crops[0].values != crops[1].values)
    #expect(AugmentedView.of(pixels, seed: 1, step: 3).values == view.values)
    #expect(
      AugmentedView.of(pixels.gatherImages([1]), seed: 1, step: 3, from: 1).values == view.gatherImages([1]).values)
  }
}

/// Counts how often latents are encoded.
private final class CountedLatents: TrainingImages {
  private let inner: GivenImages
  private(set) var encoded = 0

  init(inner: GivenImages) { self.inner = inner }

  var count: Int { inner.count }

  func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs {
    let inputs = try inner.inputs(indices, batch: batch)
    return TrainingInputs(pixels: inputs.pixels, latents: self.counted(inputs.latents))
  }

  private func counted(_ latents: Tensor) -> Tensor {
    encoded += 1
    return latents
  }
}
