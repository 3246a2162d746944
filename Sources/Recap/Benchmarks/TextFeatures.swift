import Engine

extension CLIPTextTower {
  /// The features of any number of texts, E numbers each, not normalised; from the cache or encoded, nothing recorded.
  func features(_ ids: [[Int]], cache: FeatureCache?) -> [Float] {
    guard !ids.isEmpty else { return [] }
    let name = cache?.name(texts: ids)
    let shape: Shape = [ids.count, projectionWidth ?? config.encoder.width]
    if let name, let kept = cache?.features(name, shape: shape) { return kept.values }
    let batch = 256
    let made: Tensor = withoutGradient {
      .stacked(
        stride(from: 0, to: ids.count, by: batch).map { start in
          textFeatures(Array(ids[start..<min(ids.count, start + batch)]))
        })
    }
    if let name { cache?.keep(made, as: name) }
    return made.values
  }
}
