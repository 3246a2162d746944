import Engine

/// Which draw of a random feature: the same seed and number give the same patches.
public struct FeatureDraw: Hashable, Sendable {
  public let seed: UInt64
  public let number: Int

  public init(seed: UInt64, number: Int) { (self.seed, self.number) = (seed, number) }
}

extension BenchmarkFeature {
  /// The features of images that are encoded together, one (n, E) per draw.
  ///
  /// - Parameter first: the first one's number in the random stream; by default its index.
  func features(
    ofBatch images: ArraySlice<Image>, by vision: CLIPVisionTower, preprocessing: Preprocessing, draws: [FeatureDraw],
    firstSample first: Int? = nil
  ) -> [Tensor] {
    withoutGradient {
      let hidden = vision(preprocessing.pixels(Array(images)))
      return draws.map { draw in
        features(
          hidden, by: vision, random: RandomSource(seed: draw.seed, stream: .featurePatches), draw: draw.number,
          firstSample: first ?? images.startIndex)
      }
    }
  }

  /// The same up to each feature's length, for scores that normalise it: a class token alone stays as it is, and the last
  /// block computes no other token.
  func directions(
    ofBatch images: ArraySlice<Image>, by vision: CLIPVisionTower, preprocessing: Preprocessing, draws: [FeatureDraw],
    firstSample first: Int? = nil
  ) -> [Tensor] {
    guard locals == .none, normalizesSum else {
      return features(ofBatch: images, by: vision, preprocessing: preprocessing, draws: draws, firstSample: first)
    }
    let tokens = vision.classTokens(ofBatch: images, preprocessing: preprocessing)
    return draws.map { _ in tokens }
  }
}

extension CLIPVisionTower {
  /// The projected class tokens of any number of images, (n, E), not normalised; in batches, no gradient recorded.
  public func classTokens(of images: [Image], preprocessing: Preprocessing) -> Tensor {
    .stacked(
      stride(from: 0, to: images.count, by: preprocessing.batch).map { start in
        classTokens(
          ofBatch: images[start..<min(images.count, start + preprocessing.batch)], preprocessing: preprocessing)
      })
  }

  fileprivate func classTokens(ofBatch images: ArraySlice<Image>, preprocessing: Preprocessing) -> Tensor {
    withoutGradient {
      imageTokens(of: preprocessing.pixels(Array(images)), patches: Array(repeating: [], count: images.count))
        .reshaped([images.count, projectionWidth])
    }
  }
}

extension Preprocessing {
  /// Images encoded together, whole pairs: few large ones, which takes less memory and reports progress more often.
  var batch: Int { side > 100 ? 4 : 64 }
}
