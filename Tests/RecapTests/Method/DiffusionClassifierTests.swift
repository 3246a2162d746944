import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

@Suite("The diffusion model as a classifier")
struct DiffusionClassifierTests {
  private let workspace: Workspace

  init() throws { workspace = try Workspace(mini: Assets.mini()) }

  /// Pairs of the mini world that differ in colour, with their images.
  private func pairs(_ count: Int) -> [(statements: [String], images: [Image])] {
    workspace.world.pairs(.validation, perPattern: 100).filter { $0.pattern == .color }.prefix(count).map {
      ($0.statements, Scene.render($0.scenes))
    }
  }

  private func verdict(_ images: [Image], _ texts: [String], noises: Int = 4) throws -> TeacherVerdict {
    var work = workspace.classifier(
      of: images, texts: texts, by: try workspace.textConditions(), noises: noises, seed: 1)
    var pieces = 0
    while work.verdict == nil {
      #expect(work.done == pieces && work.all == 2 * noises)
      work.advance()
      pieces += 1
    }
    return try #require(work.verdict)
  }

  @Test("every statement gets the same noise, and the errors are those of the objective")
  func sameNoise() throws {
    let (texts, images) = pairs(1)[0]
    let found = try verdict(images, texts)

    let conditions = try workspace.textConditions()
    let models = try workspace.models()
    let latents = withoutGradient { workspace.latents([images[1]]) }
    // The second of four noises, in the middle of the second quarter of the schedule.
    let draw = NoiseDraw(
      noise: RandomSource(seed: 1, stream: 32).normal(latents.shape, step: 1, firstSample: 1), timesteps: [375])
    let errors = withoutGradient {
      texts.map { models.feedback.answer(latents: latents, context: conditions($0), draw: draw).errors[0] }
    }
    #expect(abs(found.gains[1][1] - (errors[0] - errors[1])) < 1e-6 && found.noises == 4)
    // Statements in each other's place turn the answer round.
    let turned = try verdict(images, texts.reversed())
    for (own, other) in zip(found.gains.joined(), turned.gains.joined()) { #expect(abs(own + other) < 1e-6) }
  }

  @Test("the embedded model tells colours apart, and its condition is the statement's end token")
  func colours() throws {
    let found = try pairs(8).map { try verdict($0.images, $0.statements, noises: 16) }
    let right = found.reduce(0) { $0 + (0..<2).count(where: $1.isRight) }
    // Guessing gets 13 or more of 16 once in a hundred times.
    #expect(right >= 13, "\(right) of 16")
    let context = try workspace.textConditions()("a red ball")
    #expect(context.shape == [1, 1, workspace.diffusion.denoiser.contextWidth])
  }

  @Test("is sure beyond two standard errors, and knows a pair only when it is sure of both images")
  func certainty() {
    let (clear, wrong, weak) = ([0.3, 0.2, 0.4, 0.3], [-0.3, -0.2, -0.4, -0.3], [0.9, -0.8, 0.1, 0.2])
    let verdict = TeacherVerdict(gains: [clear, weak])
    #expect(verdict.wins(0) == 4 && verdict.wins(1) == 3 && verdict.isRight(0) && verdict.isRight(1))
    #expect(verdict.isSure(0) && !verdict.isSure(1) && verdict.knows == nil)
    #expect(TeacherVerdict(gains: [clear, clear]).knows == true)
    // One image that it is surely wrong about is enough.
    #expect(
      TeacherVerdict(gains: [clear, wrong]).knows == false && TeacherVerdict(gains: [weak, wrong]).knows == false)
    #expect(!TeacherVerdict(gains: [[0.3], [0.3]]).isSure(0))
    // Of three statements the strongest other one counts.
    let three = TeacherVerdict(errors: [[[0.5, 0.4, 0.9]], [[0.5, 0.4, 0.9]], [[0.5, 0.4, 0.3]]])
    for (gains, expected) in zip(three.gains, [-0.1, 0.1, 0.1]) { #expect(abs(gains[0] - expected) < 1e-12) }
  }

  @Test("an answer is found again on disk for the same question only")
  func cache() throws {
    try withFolder { home in
      let cache = try #require(VerdictCache(diffusion: Assets.mini().diffusion.path, environment: ["HOME": home]))
      let (texts, images) = pairs(1)[0]
      let question = VerdictCache.Question(images, texts, noises: 2, seed: 1)
      #expect(cache.verdict(question) == nil)
      let verdict = TeacherVerdict(gains: [[0.25, -0.5], [0.125, 1]])
      cache.keep(verdict, to: question)
      #expect(cache.verdict(question) == verdict)
      let others = [
        VerdictCache.Question(images, texts.reversed(), noises: 2, seed: 1),
        VerdictCache.Question(images.reversed(), texts, noises: 2, seed: 1),
        VerdictCache.Question(images, texts, noises: 3, seed: 1),
        VerdictCache.Question(images, texts, noises: 2, seed: 2),
      ]
      #expect(others.allSatisfy { cache.verdict($0) == nil })
      let elsewhere = try #require(VerdictCache(diffusion: Assets.mini().clip.path, environment: ["HOME": home]))
      #expect(elsewhere.verdict(question) == nil)
    }
  }
}
