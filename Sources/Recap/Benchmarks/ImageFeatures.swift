import Engine

/// Which of the chances of a random feature: with the same seed and number the same patches are drawn.
public struct FeatureDraw: Hashable, Sendable {
  public let seed: UInt64
  public let number: Int

  public init(seed: UInt64, number: Int) { (self.seed, self.number) = (seed, number) }
}

extension BenchmarkFeature {
  /// The features of pictures, one (n, E) for each draw; each picture is encoded once for all draws.
  ///
  /// - Parameter progress: is told how many pictures are done after each batch; what it throws ends the work.
  public func features(
    of images: [Image], by vision: CLIPVisionTower, preprocessing: Preprocessing, draws: [FeatureDraw],
    batch: Int? = nil, progress: (Int) throws -> Void = { _ in }
  ) rethrows -> [Tensor] {
    let batch = batch ?? preprocessing.batch
    var parts = [[Tensor]](repeating: [], count: draws.count)
    for start in stride(from: 0, to: images.count, by: batch) {
      let end = min(images.count, start + batch)
      let some = features(ofBatch: images[start..<end], by: vision, preprocessing: preprocessing, draws: draws)
      for (row, features) in some.enumerated() { parts[row].append(features) }
      try progress(end)
    }
    return parts.map { $0.isEmpty ? Tensor(zeros: [0, vision.projectionWidth]) : .stacked($0) }
  }

  /// The features of pictures that are encoded together, one (n, E) for each draw; their indices are their numbers, which
  /// chance goes by.
  func features(
    ofBatch images: ArraySlice<Image>, by vision: CLIPVisionTower, preprocessing: Preprocessing, draws: [FeatureDraw]
  ) -> [Tensor] {
    withoutGradient {
      let hidden = vision(preprocessing.pixels(Array(images)))
      return draws.map { features(hidden, by: vision, draw: $0, firstSample: images.startIndex) }
    }
  }

  /// The features of pictures by one draw, (n, E), for those who look at their directions only: a class token alone
  /// keeps its own length.
  func features(
    of images: [Image], by vision: CLIPVisionTower, preprocessing: Preprocessing, seed: UInt64
  ) -> Tensor {
    guard locals != .none else {
      return FeatureRule.classToken.features(of: images, by: vision, preprocessing: preprocessing)
    }
    let draw = FeatureDraw(seed: seed, number: 0)
    return features(of: images, by: vision, preprocessing: preprocessing, draws: [draw], progress: { _ in })[0]
  }

  /// The feature of each image by one draw: hidden states (B, T, V) → (B, E).
  func features(_ hidden: Tensor, by vision: CLIPVisionTower, draw: FeatureDraw, firstSample: Int) -> Tensor {
    features(
      hidden, by: vision, random: RandomSource(seed: draw.seed, stream: .featurePatches), draw: draw.number,
      firstSample: firstSample)
  }
}

extension Preprocessing {
  /// How many pictures are encoded at once, whole pairs: of large ones few, which takes less memory and tells more often
  /// how far it is.
  var batch: Int { side > 100 ? 4 : 64 }
}
