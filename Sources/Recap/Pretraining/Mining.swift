import Engine

/// Finds the pairs that a CLIP is blind to: whose two images it takes for nearly the same.
///
/// The miner is a twin of the baseline, trained from another seed: pairs mined by the very model that is scored would
/// flatter every change to it (regression to the mean).
struct Mining {
  let world: MiniWorld
  let vision: CLIPVisionTower
  let preprocessing: Preprocessing

  /// The numbers of the `kept` pairs of each pattern, out of the split's first `candidates`, whose images are closest.
  func blindPairs(_ split: MiniWorld.Split, candidates: Int, kept: Int) -> [[Int]] {
    Pattern.allCases.map { pattern in
      let pairs = (0..<candidates).map { world.pair(split, pattern, $0) }
      let similarity = similarities(pairs)
      return Array((0..<candidates).sorted { similarity[$0] > similarity[$1] }.prefix(kept)).sorted()
    }
  }

  private func similarities(_ pairs: [ScenePair]) -> [Float] {
    let features = vision.classTokens(of: Scene.render(pairs.flatMap(\.scenes)), preprocessing: preprocessing)
      .normalized()
    return features.withUnsafeValues { values in
      let width = features.shape[1]
      return pairs.indices.map { pair in
        (0..<width).reduce(0) { $0 + values[2 * pair * width + $1] * values[(2 * pair + 1) * width + $1] }
      }
    }
  }
}
