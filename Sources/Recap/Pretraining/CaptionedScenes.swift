/// A batch of scenes with captions: pairs that differ in one aspect, which their captions always say, and lone scenes.
///
/// Pairs make rare details, such as a letter on a sign, as frequent as common ones; the lone scenes keep the world's own
/// mixture before the model's eyes.
struct CaptionedScenes {
  private(set) var scenes: [Scene] = []
  private(set) var captions: [String] = []
  /// Which details each caption says.
  private(set) var said: [Captioner.Said] = []
  private let world: MiniWorld
  private let seed: UInt64

  /// No scenes yet; `seed` decides what the captions say.
  init(of world: MiniWorld, seed: UInt64) {
    self.world = world
    self.seed = seed
  }

  /// Adds the pairs with these numbers, counted from `first`; their patterns go round `patterns`.
  mutating func addPairs(
    _ indices: Range<Int>, from first: Int = 0, patterns: [Pattern], detail: (inout SceneRandom) -> Double
  ) {
    for index in indices {
      let pair = world.pair(.contrast, patterns[index % patterns.count], first + index)
      var random = world.captionRandom(.contrast, epoch: Int(seed), index: first + index)
      for (scene, caption) in zip(pair.scenes, pair.captionsWithDetails(detail: detail(&random), using: &random)) {
        add(scene, caption)
      }
    }
  }

  /// Adds the lone scenes of a split with these numbers.
  mutating func addSingles(
    _ indices: Range<Int>, of split: MiniWorld.Split, detail: (inout SceneRandom) -> Double
  ) {
    for index in indices {
      let scene = world.scene(split, index)
      var random = world.captionRandom(split, epoch: Int(seed), index: index)
      add(scene, Captioner.captionWithDetails(of: scene, detail: detail(&random), using: &random))
    }
  }

  private mutating func add(_ scene: Scene, _ caption: (text: String, said: Captioner.Said)) {
    scenes.append(scene)
    captions.append(caption.text)
    said.append(caption.said)
  }
}
