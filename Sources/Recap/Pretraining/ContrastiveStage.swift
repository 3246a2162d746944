import Engine

/// CLIP's own training: images and captions of a batch find each other (Radford et al. 2021, figure 3).
struct ContrastiveStage {
  let plan: PretrainPlan.Contrastive
  let world: MiniWorld
  let split: MiniWorld.Split
  let tokenizer: CLIPTokenizer
  let preprocessing: Preprocessing
  /// False keeps the text tower and the logit scale as they are: only the image tower learns.
  let trainsText: Bool

  /// Trains `clip` in place; the same seed takes the same steps.
  func run(_ clip: CLIP, seed: UInt64, report: (PretrainProgress) throws -> Void) throws {
    let learning = trainsText ? clip.parameters : clip.vision.parameters
    let first = clip.vision.parameters + (trainsText ? [clip.logitScale] : [])
    first.forEach { $0.isTrainable = true }
    defer { learning.forEach { $0.isTrainable = false } }
    let optimizer = AdamW([ParameterGroup(learning, weightDecay: plan.weightDecay)], betas: (0.9, 0.98))
    let schedule = LearningRateSchedule.cosine(peak: plan.rate, warmup: plan.warmUpSteps, total: plan.steps)
    for step in 0..<plan.steps {
      // A text tower tells “left” from “right” from the start, by chance. Trained at once with an image tower that
      // cannot use it yet, it forgets that for good; so the image tower gets a head start.
      if step == plan.headStart { learning.forEach { $0.isTrainable = true } }
      let batch = batch(step, seed: seed)
      let loss = loss(clip, batch)
      loss.backward()
      let norm = optimizer.step(learningRate: schedule.rate(at: step), maximumNorm: 1)
      limitScale(clip.logitScale)
      try report(PretrainProgress(step: step + 1, steps: plan.steps, loss: loss.item, gradNorm: norm))
    }
  }

  /// Left and right, above and below come more often: they are hardest to learn, since both towers must find them at
  /// the same time.
  private static let lessons = Pattern.allCases + [.orientation, .position, .orientation, .position]

  private func batch(_ step: Int, seed: UInt64) -> CaptionedScenes {
    var batch = CaptionedScenes(of: world, seed: seed)
    batch.addPairs(step * plan.pairs..<(step + 1) * plan.pairs, patterns: Self.lessons, detail: detail)
    batch.addSingles(step * plan.singles..<(step + 1) * plan.singles, of: split, detail: detail)
    return batch
  }

  private func detail(_ random: inout SceneRandom) -> Double {
    plan.variesDetail ? random.uniform(0, plan.detail) : plan.detail
  }

  private func loss(_ clip: CLIP, _ batch: CaptionedScenes) -> Tensor {
    let ids = tokenizer.shortened(batch.captions)
    let texts = clip.text.textFeatures(ids)
    let images = clip.vision.imageFeatures(clip.vision(preprocessing.pixels(Scene.render(batch.scenes))))
    let labels = (0..<Int32(batch.scenes.count)).map { $0 }
    let scale = clip.logitScale.value.exponential()
    let (i, t) = (images.normalized(), texts.normalized())
    let byImage = i.matmul(t, transposed: true).scaled(by: scale).crossEntropy(labels: labels)
    let byText = t.matmul(i, transposed: true).scaled(by: scale).crossEntropy(labels: labels)
    return (byImage + byText).scaled(by: 0.5)
  }

  /// OpenAI keeps the scale below 100, "to prevent training instability".
  private func limitScale(_ scale: Parameter) {
    let highest: Float = 4.6052
    if scale.value.item > highest { scale.assign(Tensor(scalar: highest)) }
  }
}

extension CLIPTokenizer {
  /// Token lists cut after the longest text of the batch: padding behind the end token changes nothing but the time.
  func shortened(_ texts: [String]) -> [[Int]] {
    let lists = texts.map { tokens($0) }
    let longest = lists.map { ($0.firstIndex(of: end) ?? contextLength - 1) + 1 }.max() ?? contextLength
    return lists.map { Array($0.prefix(longest)) }
  }
}

extension Scene {
  /// Pictures of the scenes, drawn on all threads.
  static func render(_ scenes: [Scene]) -> [Image] {
    var images = [Image?](repeating: nil, count: scenes.count)
    images.withUnsafeMutableBufferPointer { buffer in
      nonisolated(unsafe) let buffer = buffer
      ThreadPool.run(scenes.count) { buffer[$0] = scenes[$0].render() }
    }
    return images.compactMap { $0 }
  }
}
