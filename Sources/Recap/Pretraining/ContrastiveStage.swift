import Engine

/// An image tower for a locked text tower: images and captions of a batch find each other (Radford et al. 2021, figure
/// 3; the text tower is locked as in Zhai et al. 2022, with the sides exchanged).
///
/// Two more losses make details learnable in minutes: the text tower's classifiers of a scene's facts, applied to the
/// image's embedding, and the squared distance of class and patch tokens from the embeddings of the caption and of
/// the phrases for what the patches show.
struct ContrastiveStage {
  let plan: PretrainPlan.Contrastive
  let world: MiniWorld
  let split: MiniWorld.Split
  let tokenizer: CLIPTokenizer
  let preprocessing: Preprocessing
  let classifiers: SceneClassifiers
  let regions: RegionTokens

  /// Trains the image tower of `clip` in place, and its logit scale; the same seed takes the same steps.
  func run(_ clip: CLIP, seed: UInt64, report: (PretrainProgress) throws -> Void) throws {
    let loop = StageSteps(
      steps: plan.steps, rate: plan.rate, warmUpSteps: plan.warmUpSteps, weightDecay: plan.weightDecay,
      betas: (0.9, 0.98))
    try loop.run(clip.vision.parameters + [clip.logitScale], report: report) {
      limitScale(clip.logitScale)
    } loss: { step in
      .init(value: loss(clip, batch(step, seed: seed)))
    }
  }

  /// Position and orientation come more often: they are hardest to learn.
  private static let lessons = Pattern.allCases + [.position, .orientation, .position, .quantity, .position]

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
    let texts = withoutGradient { clip.text.textFeatures(tokenizer.shortened(batch.captions)) }
    let hidden = clip.vision(preprocessing.pixels(Scene.render(batch.scenes)))
    let count = batch.scenes.count
    let tokens = clip.vision.imageTokens(hidden)
    let images = tokens.gatherTokens(Array(repeating: [0], count: count)).reshaped([count, tokens.shape[2]])
    var loss = contrastive(images, texts, clip.logitScale)
    if plan.factWeight > 0 {
      loss = loss + classifiers.loss(images) { batch.scenes[$0].answer($1) }.scaled(by: plan.factWeight)
    }
    guard plan.classWeight > 0 || plan.patchWeight > 0 else { return loss }
    let targets = targets(batch)
    let spread = targets.standardDeviation
    precondition(targets.shape[1] == hidden.shape[1] - 1, "a region for each patch")
    let classTargets = withoutGradient { clip.text.textFeatures(tokenizer.shortened(wholeCaptions(batch))) }
    let patches = tokens.gatherTokens(Array(repeating: Array(1..<tokens.shape[1]), count: count))
    return loss + patches.meanSquaredError(targets).scaled(by: plan.patchWeight / (spread * spread))
      + images.meanSquaredError(classTargets).scaled(by: plan.classWeight / (spread * spread))
  }

  private func contrastive(_ images: Tensor, _ texts: Tensor, _ logitScale: Parameter) -> Tensor {
    let labels = (0..<Int32(images.shape[0])).map { $0 }
    let scale = logitScale.value.exponential()
    let (i, t) = (images.normalized(), texts.normalized())
    let byImage = i.matmul(t, transposed: true).scaled(by: scale).crossEntropy(labels: labels)
    let byText = t.matmul(i, transposed: true).scaled(by: scale).crossEntropy(labels: labels)
    return (byImage + byText).scaled(by: 0.5)
  }

  private func wholeCaptions(_ batch: CaptionedScenes) -> [String] {
    var random = SceneRandom(seed: 0)
    return batch.scenes.map { Captioner.caption(of: $0, detail: plan.classDetail, using: &random) }
  }

  private func targets(_ batch: CaptionedScenes) -> Tensor {
    var random = SceneRandom(seed: 0)
    return regions.tokens(of: batch.scenes) { index in
      plan.patchDetail > 0 ? Captioner.phrase(for: batch.scenes[index].background) : ""
    } phrase: { _, thing in
      Captioner.phrase(for: thing, detail: plan.patchDetail, using: &random)
    }
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
