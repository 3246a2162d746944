import Engine

/// DCR's loss: a noise prediction under an image's own condition is near that under its augmented view's and near the
/// noise, and far from those under other images' conditions.
///
/// The condition is the class token, projected, at every place of the prompt. For each image i of a group of n, all
/// predictions are of its own noised latent x_i: a under its own condition, p₁ under its augmented view's, p₂ the target,
/// and n − 1 others under the other images' conditions. With s the cosine of two flattened predictions over τ and D the
/// sum of e^s(a, ·) over all of these, loss = mean ½ (−log e^s(a, p₁)/D − log e^s(a, p₂)/D).
///
/// Source: the authors' code, whose target is a velocity though its model predicts noise; here the target is the model's
/// own. An image takes n + 1 predictions.
public struct ContrastiveReconstruction {
  public let vision: CLIPVisionTower
  public let recap: DenseRecap
  public let feedback: DiffusionFeedback

  /// n; the authors' is 16.
  static let group = 4
  static let temperature: Float = 0.1

  public init(vision: CLIPVisionTower, recap: DenseRecap, feedback: DiffusionFeedback) {
    (self.vision, self.recap, self.feedback) = (vision, recap, feedback)
  }

  /// - Parameters:
  ///   - pixels: CLIP's input, (B, S, S, 3), B a multiple of the group.
  ///   - augmented: another view of each.
  ///   - latents: (B, h, w, c), scaled.
  ///   - draw: one of each image.
  func loss(pixels: Tensor, augmented: Tensor, latents: Tensor, draw: NoiseDraw) -> FeedbackLoss {
    let (count, n) = (pixels.shape[0], Self.group)
    precondition(count % n == 0 && draw.timesteps.count == count, "\(count) images, \(draw.timesteps.count) draws")
    let contexts = recap.classContext(pixels: .stacked([pixels, augmented]), vision: vision)
    // Of image i: under its own condition, under its view's, under the others'.
    let conditions = (0..<count).map { i in
      [i, count + i] + (i / n * n..<i / n * n + n).filter { $0 != i }
    }
    let noised = feedback.schedule.addNoise(draw.noise, to: latents, timesteps: draw.timesteps)
    let repeats = (0..<count).flatMap { Array(repeating: $0, count: n + 1) }
    let predictions = feedback.denoiser(
      noised.gatherImages(repeats), timesteps: repeats.map { draw.timesteps[$0] },
      context: contexts.gatherImages(conditions.flatMap(\.self)))
    let target = feedback.schedule.target(noise: draw.noise, latents: latents, timesteps: draw.timesteps)
    let own = predictions.gatherImages((0..<count).map { $0 * (n + 1) })
    return FeedbackLoss(
      loss: contrast(predictions, own: own, target), errors: own.squaredErrors(target), timesteps: draw.timesteps)
  }

  /// - Parameter predictions: n + 1 of each image, its own first, its view's second.
  private func contrast(_ predictions: Tensor, own: Tensor, _ target: Tensor) -> Tensor {
    let (count, n) = (target.shape[0], Self.group)
    func flat(_ tensor: Tensor) -> Tensor { tensor.reshaped([tensor.shape[0], tensor.shape.stride]).normalized() }
    let (all, anchors, targets) = (flat(predictions), flat(own), flat(target))
    let size = all.shape[1]
    let pool = all.reshaped([1, all.shape[0], size]).concatenatedTokens(targets.reshaped([1, count, size]))
    let width = all.shape[0] + count
    let similarities = anchors.matmul(pool.reshaped([width, size]), transposed: true).scaled(by: 1 / Self.temperature)
    // Of each image: its view's prediction, the target, the others.
    let candidates = (0..<count).flatMap { i -> [Int] in
      let first = i * (n + 1)
      return ([first + 1, all.shape[0] + i] + Array(first + 2..<first + n + 1)).map { i * width + $0 }
    }
    let logits = similarities.reshaped([count * width, 1])
      .embedding(ids: candidates.map(Int32.init), shape: [count, n + 1]).reshaped([count, n + 1])
    let labels = { (label: Int32) in Array(repeating: label, count: count) }
    return (logits.crossEntropy(labels: labels(0)) + logits.crossEntropy(labels: labels(1))).scaled(by: 0.5)
  }
}
