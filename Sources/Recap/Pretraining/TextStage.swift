import Engine

/// The text tower alone: its embedding of a caption must answer every question that the caption answers.
///
/// Trained together with an image tower by the contrastive loss, a text tower forgets what the image tower cannot use
/// yet: first left and right. Trained alone and then locked it cannot (compare Zhai et al. 2022, "LiT", which locks the
/// image tower).
struct TextStage {
  let plan: PretrainPlan.Text
  let world: MiniWorld
  let tokenizer: CLIPTokenizer

  func run(
    _ text: CLIPTextTower, _ classifiers: SceneClassifiers, seed: UInt64, report: (PretrainProgress) throws -> Void
  ) throws {
    let loop = StageSteps(
      steps: plan.steps, rate: plan.rate, warmUpSteps: plan.warmUpSteps, weightDecay: plan.weightDecay,
      betas: (0.9, 0.98))
    try loop.run(text.parameters + classifiers.parameters, report: report) { step in
      .init(value: loss(text, classifiers, seed: seed, step: step))
    }
  }

  /// Of the facts that a caption leaves open a share is trained, too, the picture's own value being the answer: the
  /// embedding learns that they are open.
  private func loss(
    _ text: CLIPTextTower, _ classifiers: SceneClassifiers, seed: UInt64, step: Int
  ) -> Tensor {
    var batch = CaptionedScenes(of: world, seed: seed)
    batch.addPairs(step * plan.pairs..<(step + 1) * plan.pairs, patterns: Self.lessons) { $0.uniform(0, plan.detail) }
    batch.addSingles(step * plan.singles..<(step + 1) * plan.singles, of: .captioned) { $0.uniform(0, plan.detail) }
    let open = RandomSource(seed: seed, stream: .openFacts)
    let count = batch.scenes.count
    // Backgrounds stand alone in regions of a picture.
    let backgrounds = Scene.Background.allCases
    let texts = batch.captions + backgrounds.map { Captioner.phrase(for: $0) }
    let features = text.textFeatures(tokenizer.shortened(texts))
    return classifiers.loss(features) { row, question in
      guard row < count else { return question == .background ? row - count : nil }
      if let said = batch.scenes[row].answer(question, saying: batch.said[row]) { return said }
      let position = SceneQuestion.all.firstIndex(of: question) ?? 0
      let isAsked = Double(open.uniform(step: step, sample: row, position: position)) < plan.openShare
      return isAsked ? batch.scenes[row].answer(question) : nil
    }
  }

  /// Position has as many facts to tell as all other patterns together.
  private static let lessons =
    Pattern.allCases.filter { $0 != .position } + Array(repeating: .position, count: 6) + [.orientation]
}
