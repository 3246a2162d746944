import Engine

/// How much each part of a condition helps the finished denoiser: its loss on scenes that nothing was trained on, with
/// the same noise for every condition.
public struct DenoiserMeasure {
  let stage: DenoiserStage
  public static let timesteps = [500, 700]

  /// The mean squared error of the predicted noise at each timestep.
  public struct Row: Codable, Equatable, Sendable {
    /// `empty`, `gist`, `caption`; with the share of the picture's regions that joins it, if any: `caption + 0.3`.
    public let condition: String
    public let losses: [Double]
  }

  /// What a condition says before its regions.
  private enum Caption: String, CaseIterable {
    /// Nothing, the kinds alone, all details.
    case empty, gist, caption
  }

  func rows(_ unet: UNet2DConditionModel, scenes count: Int, seed: UInt64) -> [Row] {
    let scenes = (0..<count).map { stage.world.scene(.zeroShotTest, $0) }
    let latents = stage.autoencoder.scaledLatents(of: Tensor.signedPixels(Scene.render(scenes)))
    let wanted: [(Caption, Double)] =
      [(.empty, 0), (.gist, 0), (.gist, 1), (.caption, 0)] + [0.15, 0.3, 0.5, 1].map { (.caption, $0) }
    let feedback = DiffusionFeedback(denoiser: unet, schedule: stage.schedule)
    return wanted.map { caption, share in
      let context = context(scenes, caption, share, seed: seed)
      let losses = Self.timesteps.map { timestep in
        let noise = RandomSource(seed: seed, stream: .denoiserNoise).normal(latents.shape, step: timestep)
        let draw = NoiseDraw(noise: noise, timesteps: Array(repeating: timestep, count: count))
        return withoutGradient { Double(feedback.answer(latents: latents, context: context, draw: draw).loss.item) }
      }
      return Row(condition: share > 0 ? "\(caption.rawValue) + \(share)" : caption.rawValue, losses: losses)
    }
  }

  private func context(_ scenes: [Scene], _ caption: Caption, _ share: Double, seed: UInt64) -> Tensor {
    var random = SceneRandom(seed: seed)
    let captions = scenes.map { scene in
      caption == .empty ? "" : Captioner.caption(of: scene, detail: caption == .gist ? 0 : 1, using: &random)
    }
    let ends = withoutGradient { stage.text.textFeatures(stage.tokenizer.shortened(captions)) }
    let tokens = ends.reshaped([scenes.count, 1, ends.shape[1]])
    let (regions, cells) = (stage.regions, stage.regions.cells * stage.regions.cells)
    guard share > 0 else { return tokens }
    let all = regions.tokens(of: scenes) {
      Captioner.phrase(for: scenes[$0].background)
    } phrase: { _, thing in
      Captioner.phrase(for: thing, detail: 1, using: &random)
    }
    let order = RandomSource(seed: seed, stream: .denoiserRegions)
    let kept = Int((share * Double(cells)).rounded())
    return tokens.concatenatedTokens(
      all.gatherTokens(scenes.indices.map { Array(order.permutation(cells, step: 0, sample: $0).prefix(kept)) }))
  }
}
