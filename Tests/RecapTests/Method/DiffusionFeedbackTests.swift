import Engine
import TestSupport
import Testing

@testable import Recap

@Suite("The diffusion model's feedback")
struct DiffusionFeedbackTests {
  @Test(
    "is diffusers' noise prediction and its mean squared error",
    arguments: [
      TrainConfiguration.OptimizerKind.adamw, .sgd,
    ])
  func reference(optimizer: TrainConfiguration.OptimizerKind) throws {
    let reference = try TrainingReference(optimizer)
    let it = reference.fixture
    let latents = try it["latents"].gatherImages(try it.integers("first.images"))
    let draw = NoiseDraw(noise: try it["first.noise"], timesteps: try it.integers("first.timesteps"))

    let answer = try reference.models().feedback.answer(latents: latents, context: try it["first.context"], draw: draw)

    expect(answer.prediction, equals: try it["first.prediction"], within: .relative(2e-6))
    expect(answer.loss, equals: try it["first.loss"], within: .relative(1e-6))
  }

  @Test("of several noise draws is the mean of each alone, gradient of the context included")
  func draws() throws {
    let reference = try TrainingReference(.adamw)
    let (it, feedback) = (reference.fixture, try reference.models().feedback)
    let latents = try it["latents"].gatherImages(try it.integers("first.images"))
    let (noise, timesteps) = (try it["first.noise"], try it.integers("first.timesteps"))
    func answer(_ rows: Range<Int>) throws -> (loss: Float, gradient: [Float]) {
      let context = Parameter(name: "context", value: try it["first.context"])
      context.isTrainable = true
      let draw = NoiseDraw(noise: noise.sliced(rows), timesteps: Array(timesteps[rows]))
      let loss = feedback.answer(latents: latents, context: context.value, draw: draw).loss
      loss.backward()
      return (loss.item, try #require(context.gradient).values)
    }

    let (both, first, second) = (try answer(0..<6), try answer(0..<3), try answer(3..<6))

    #expect(first.loss != second.loss && abs(both.loss - (first.loss + second.loss) / 2) <= 1e-6)
    let mean = zip(first.gradient, second.gradient).map { ($0 + $1) / 2 }
    expect(
      Tensor(both.gradient, shape: [both.gradient.count]), equals: Tensor(mean, shape: [mean.count]),
      within: .relative(2e-6))
  }

  @Test("measures a model of velocities against √ᾱ·noise − √(1−ᾱ)·latents")
  func velocity() throws {
    let reference = try TrainingReference(.adamw)
    let (it, unet) = (reference.fixture, try reference.models().diffusion.denoiser)
    let latents = try it["latents"].sliced(0..<1)
    let (noise, context) = (try it["first.noise"].sliced(0..<1), try it["first.context"].sliced(0..<1))
    let schedule = NoiseSchedule(prediction: .velocity)

    let answer = DiffusionFeedback(denoiser: unet, schedule: schedule).answer(
      latents: latents, context: context, draw: NoiseDraw(noise: noise, timesteps: [600]))

    let kept = Double(schedule.alphasCumprod[600])
    let errors = zip(answer.prediction.values, zip(noise.values, latents.values)).map { prediction, pair in
      Double(prediction) - (kept.squareRoot() * Double(pair.0) - (1 - kept).squareRoot() * Double(pair.1))
    }
    let loss = errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)
    #expect(abs(Double(answer.loss.item) - loss) <= 1e-6 * loss)
  }
}
