/// A whole world of scenes, cut into splits that never share a scene.
///
///     let world = MiniWorld(seed: 1)
///     let image = world.scene(.unlabelled, 17).render()
///     let test = world.pairs(.test, perPattern: 100)
public struct MiniWorld: Equatable, Sendable {
  /// A part of the world with its own stream of random numbers. Raw values are part of the world: never renumber.
  public enum Split: UInt64, CaseIterable, Sendable {
    /// Scenes with captions: the towers learn from these.
    case captioned = 1
    /// Scenes without captions: diffusion feedback learns from these.
    case unlabelled = 2
    /// Pairs with detailed captions, as hard negatives for the text tower.
    case contrast = 3
    /// Pairs on which every choice is made.
    case validation = 4
    /// Pairs that are looked at once, at the end.
    case test = 5
    /// Pairs that are shipped as files in MMVP's layout, to browse.
    case browsing = 6
    /// One thing a scene, for classification by kind.
    case zeroShot = 7
    /// Scenes with captions for a second model that only finds out which pairs look alike.
    case twin = 8
    /// One thing a scene, for classification that is looked at once, at the end.
    case zeroShotTest = 9
    /// Scenes with captions that tell all of them, which find each other.
    case retrieval = 10
  }

  public let seed: UInt64

  public init(seed: UInt64 = 1) {
    self.seed = seed
  }

  /// Scene `index` of a split.
  public func scene(_ split: Split, _ index: Int) -> Scene {
    Scene(seed: seed, stream: split.rawValue, index: index)
  }

  /// Pair `index` of a pattern in a split.
  public func pair(_ split: Split, _ pattern: Pattern, _ index: Int) -> ScenePair {
    ScenePair(pattern, seed: seed, stream: split.rawValue, index: index)
  }

  /// The first pairs of each pattern, patterns in MMVP's order.
  public func pairs(_ split: Split, perPattern count: Int) -> [ScenePair] {
    Pattern.allCases.flatMap { pattern in (0..<count).map { pair(split, pattern, $0) } }
  }

  /// Scenes of one thing, `perKind` of each kind in the order of `Thing.Kind.allCases`; the label is `subject.kind`.
  public func zeroShotScenes(_ split: Split = .zeroShot, perKind: Int) -> [Scene] {
    (0..<perKind * Thing.Kind.allCases.count).map { index in
      var random = SceneRandom(seed: seed, stream: split.rawValue, index: UInt64(index))
      return .single(Thing.Kind.allCases[index / perKind], using: &random)
    }
  }

  /// What a zero-shot classifier compares a scene with: "a ball", "a box", … in the order of `Thing.Kind.allCases`.
  public static let zeroShotCaptions = Thing.Kind.allCases.map { "\($0 == .arrow ? "an" : "a") \($0.rawValue)" }

  /// Random numbers for the captions of one pass over a split; they never repeat those of the scenes.
  public func captionRandom(_ split: Split, epoch: Int, index: Int) -> SceneRandom {
    SceneRandom(seed: seed, stream: (UInt64(epoch) + 1) << 32 | split.rawValue, index: UInt64(index))
  }
}
