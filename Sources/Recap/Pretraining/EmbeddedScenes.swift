import Engine

/// Pictures of the mini world as what draws pictures from CLIP's embeddings learns from them: latents, and embeddings.
struct EmbeddedScenes {
  let world: MiniWorld
  let vision: CLIPVisionTower
  let autoencoder: AutoencoderKL
  /// Pairs of scenes that differ in one aspect, and lone scenes, of a batch.
  let pairs: Int
  let singles: Int
  /// Batches of different pictures; later passes see the same with other noise.
  let batches: Int
  private var kept: [Batch] = []

  struct Batch {
    /// (B, h, w, c), scaled.
    let latents: Tensor
    /// Projected class tokens, not normalised, (B, E).
    let embeddings: Tensor
  }

  init(
    world: MiniWorld, vision: CLIPVisionTower, autoencoder: AutoencoderKL, pairs: Int, singles: Int, batches: Int
  ) {
    (self.world, self.vision, self.autoencoder) = (world, vision, autoencoder)
    (self.pairs, self.singles, self.batches) = (pairs, singles, batches)
  }

  /// None of its pairs is one that the towers learned from.
  private static let firstPair = 2_000_000

  /// Steps come in order, from 0.
  mutating func batch(_ step: Int) -> Batch {
    if step < batches { kept.append(encoded(scenes(step))) }
    return kept[step % batches]
  }

  private func scenes(_ step: Int) -> [Scene] {
    let paired = (step * pairs..<(step + 1) * pairs).flatMap { index in
      world.pair(.contrast, Pattern.allCases[index % Pattern.allCases.count], Self.firstPair + index).scenes
    }
    return paired + (step * singles..<(step + 1) * singles).map { world.scene(.captioned, $0) }
  }

  private func encoded(_ scenes: [Scene]) -> Batch {
    let images = Scene.render(scenes)
    return Batch(
      latents: autoencoder.scaledLatents(of: .signedPixels(images)),
      embeddings: vision.classTokens(of: images, preprocessing: MiniModels.preprocessing))
  }

  /// Pictures that nothing was trained on.
  func unseen(_ count: Int) -> Batch { encoded((0..<count).map { world.scene(.zeroShotTest, $0) }) }

  /// Embeddings of the first captioned scenes.
  func embeddings(_ count: Int) -> Tensor {
    let images = Scene.render((0..<count).map { world.scene(.captioned, $0) })
    return vision.classTokens(of: images, preprocessing: MiniModels.preprocessing)
  }

  /// 0 for images that are drawn from nothing, 1 for the others.
  static func kept(_ count: Int, emptyShare: Double, _ random: RandomSource, step: Int) -> [Float] {
    (0..<count).map { Double(random.uniform(step: step, sample: $0)) < emptyShare ? 0 : 1 }
  }
}

extension DenoiserMeasure {
  /// Losses given nothing, another picture's embedding and its own.
  ///
  /// - Parameters:
  ///   - conditions: one row an image; a row of 0 says nothing.
  ///   - noise: the stream of the noise, which is the same for all conditions.
  ///   - loss: of conditions, timestep and noise.
  static func rows(
    _ conditions: Tensor, latents: Tensor, noise: RandomSource, loss: (Tensor, Int, Tensor) -> Tensor
  ) -> [Row] {
    let count = conditions.shape[0]
    let others = conditions.gatherImages((0..<count).map { ($0 + 1) % count })
    let rows: [(String, Tensor)] = [
      ("nothing", Tensor(zeros: conditions.shape)), ("another picture's embedding", others),
      ("its embedding", conditions),
    ]
    return rows.map { name, conditions in
      let losses = timesteps.map { timestep in
        withoutGradient {
          Double(loss(conditions, timestep, noise.normal(latents.shape, step: timestep)).item)
        }
      }
      return Row(condition: name, losses: losses)
    }
  }
}
