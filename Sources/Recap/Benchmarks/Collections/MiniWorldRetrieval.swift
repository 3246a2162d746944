import Engine

extension MiniWorld {
  /// The first scenes of the retrieval split, each with a caption that tells all of it, the background too. A scene that
  /// an earlier caption describes is skipped, so that every caption has one image.
  func retrievalScenes(_ count: Int) -> [(scene: Scene, caption: String)] {
    var found: [(scene: Scene, caption: String)] = []
    var used: Set<String> = []
    var index = 0
    while found.count < count {
      let scene = scene(.retrieval, index)
      let captions = scene.readings.map { reading in
        var random = captionRandom(.retrieval, epoch: 0, index: index)
        // The background is said half as often as other details.
        return Captioner.caption(of: reading, detail: 2, using: &random)
      }
      index += 1
      guard used.isDisjoint(with: captions) else { continue }
      used.formUnion(captions)
      found.append((scene, captions[0]))
    }
    return found
  }
}

extension Scene {
  /// The scene, and another whose caption means the same: of two things the other one first, "one box" for "a box".
  fileprivate var readings: [Scene] {
    var other = self
    switch arrangement {
    case .single(let thing): other.arrangement = .several(thing, count: 1)
    case .several(let thing, count: 1): other.arrangement = .single(thing)
    case .several: return [self]
    case .two(let first, let relation, let second): other.arrangement = .two(second, relation.opposite, first)
    }
    return [self, other]
  }
}

extension RetrievalSet {
  /// Held-out scenes of the mini world with unique captions.
  init(_ world: MiniWorld, scenes count: Int = 1000) throws {
    let found = world.retrievalScenes(count)
    try self.init(
      "mini world", "the mini world", SceneImages(scenes: found.map(\.scene)), found.map { [$0.caption] }, skipped: [])
  }
}

/// Pictures of scenes, drawn when they are needed.
private struct SceneImages: ImageSource {
  let scenes: [Scene]

  var count: Int { scenes.count }
  func image(_ index: Int) -> Image { scenes[index].render() }
  func stamp(_ index: Int) -> String { "\(scenes[index])" }
}
