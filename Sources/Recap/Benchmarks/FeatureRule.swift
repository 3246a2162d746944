/// By name, which of CLIP's tokens make an image's feature in a benchmark.
public enum FeatureRule: String, Codable, CaseIterable, Sendable {
  /// What the reference uses for this backbone. For the mini world it is the class token.
  case reference
  /// The projected class token, as CLIP is usually scored: nothing is drawn at random.
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
}
