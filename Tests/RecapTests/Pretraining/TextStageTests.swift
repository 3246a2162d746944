import Engine
import Foundation
import Testing

@testable import Recap

@Suite struct TextStageTests {
  @Test("the text tower learns to answer, the same seed takes the same steps, and the classifiers come back from disk")
  func learns() throws {
    var plan = PretrainPlan.mini.text
    (plan.steps, plan.pairs, plan.singles, plan.warmUpSteps) = (50, 9, 8, 5)
    let tokenizer = try MiniVocabulary().tokenizer(contextLength: MiniModels.contextLength)
    func losses() throws -> ([Float], SceneClassifiers) {
      let text = try CLIP(MiniModels.clip(tokenizer), from: .initializing(seed: 3)).text
      let classifiers = try SceneClassifiers(width: 128, from: .initializing(seed: 3))
      var losses: [Float] = []
      try TextStage(plan: plan, world: MiniWorld(seed: 5), tokenizer: tokenizer)
        .run(text, classifiers, seed: 1) { losses.append($0.loss) }
      return (losses, classifiers)
    }
    let (first, classifiers) = try losses()
    let (begin, end): (Float, Float) = (first.prefix(3).reduce(0, +), first.suffix(3).reduce(0, +))
    #expect(end < 0.85 * begin)
    #expect(try losses().0 == first)

    let folder = WeightsFolder(NSTemporaryDirectory() + "classifiers-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(atPath: folder.path) }
    try classifiers.save(to: folder)
    let features = RandomSource(seed: 1, stream: .benchImages).normal([4, 128], step: 0)
    func loss(_ classifiers: SceneClassifiers) -> Float { classifiers.loss(features) { row, _ in row % 2 }.item }
    #expect(loss(try SceneClassifiers(width: 128, folder)) == loss(classifiers))
  }
}
