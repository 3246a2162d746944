import Engine

/// By name, which of CLIP's tokens make an image's feature in a benchmark.
public enum FeatureRule: String, Codable, CaseIterable, Sendable {
  /// What the reference uses for this backbone. For the mini world it is the class token.
  case reference
  /// The projected class token, as everybody else scores CLIP: no chance involved.
  case classToken = "class"
  /// The class token plus the mean of all patch tokens: the reference's rule for MetaCLIP without normalising each.
  case classAndMean = "class+mean"

  /// What the name means for a backbone.
  public func feature(for backbone: Backbone) -> BenchmarkFeature {
    switch self {
    case .reference: backbone.benchmark
    case .classToken: .classToken
    case .classAndMean: BenchmarkFeature(locals: .all, normalizesTokens: false)
    }
  }

  /// Features of any number of pictures, (n, E), not normalised; in batches that fit the caches, nothing recorded.
  public func features(
    of images: [Image], by vision: CLIPVisionTower, preprocessing: Preprocessing
  ) -> Tensor {
    let batch = preprocessing.batch
    return withoutGradient {
      .stacked(
        stride(from: 0, to: images.count, by: batch).map { start in
          feature(preprocessing.pixels(Array(images[start..<min(images.count, start + batch)])), vision)
        })
    }
  }

  private func feature(_ pixels: Tensor, _ vision: CLIPVisionTower) -> Tensor {
    switch self {
    case .reference, .classToken:
      let images = pixels.shape[0]
      return vision.imageTokens(of: pixels, patches: Array(repeating: [], count: images))
        .reshaped([images, vision.projectionWidth])
    case .classAndMean:
      let hidden = vision(pixels)
      let tokens = vision.imageTokens(hidden)
      let (images, count) = (tokens.shape[0], tokens.shape[1])
      let patches = tokens.gatherTokens(Array(repeating: Array(1..<count), count: images))
      return vision.imageFeatures(hidden) + patches.meanOverTokens()
    }
  }
}
