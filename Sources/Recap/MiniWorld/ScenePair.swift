/// Two scenes that differ in one aspect only, and what to say of it: the unit of the benchmark.
///
///     let pair = ScenePair(.state, seed: 1, stream: 4, index: 0)
///     // pair.statements == ["an open box", "a closed box"]
public struct ScenePair: Equatable, Sendable {
  public let first: Scene
  public let second: Scene
  /// What differs.
  public let aspect: Aspect

  public var pattern: Pattern { aspect.pattern }
  public var scenes: [Scene] { [first, second] }
  /// A short statement for each scene, which is false for the other.
  public var statements: [String] { scenes.map { Captioner.statement(of: $0, about: aspect) } }

  /// Pair `index` of a stream; every pattern has its own.
  public init(_ pattern: Pattern, seed: UInt64, stream: UInt64, index: Int) {
    var random = SceneRandom(seed: seed, stream: stream, index: UInt64(index) << 4 | UInt64(pattern.rawValue))
    self.init(pattern, using: &random)
  }

  /// A pair of this pattern (or of any), with everything else drawn as for a lone scene.
  public init(_ pattern: Pattern? = nil, using random: inout SceneRandom) {
    let pattern = pattern ?? random.choice(Pattern.allCases)
    switch pattern {
    case .quantity:
      first = .several(using: &random)
      aspect = .count
    case .position:
      first = .two(using: &random)
      aspect = .relation
    case .color:
      first = Scene(using: &random)
      aspect = .color
    default:
      (first, aspect) = Self.detailed(pattern, using: &random)
    }
    second = first.changing(aspect, using: &random)
  }

  /// Captions of both scenes that say the same details and always what differs; for training.
  func captionsWithDetails(
    detail: Double, using random: inout SceneRandom
  ) -> [(text: String, said: Captioner.Said)] {
    var copy = random
    let one = Captioner.captionWithDetails(of: first, detail: detail, stating: aspect, using: &copy)
    let other = Captioner.captionWithDetails(of: second, detail: detail, stating: aspect, using: &random)
    return [one, other]
  }

  /// A single thing that shows a slot of the pattern. A car may show its direction or not: then it is drawn again.
  private static func detailed(_ pattern: Pattern, using random: inout SceneRandom) -> (Scene, Aspect) {
    let kinds = Thing.Kind.allCases.filter { kind in kind.slots.contains { $0.slot.pattern == pattern } }
    while true {
      let scene = Scene.single(random.choice(kinds), using: &random)
      let slots = scene.subject.kind.slots.map(\.slot).filter { $0.pattern == pattern && scene.subject.shows($0) }
      if !slots.isEmpty { return (scene, .slot(random.choice(slots))) }
    }
  }
}

extension Scene {
  /// The same scene with another value of this aspect; of two things, the first one changes.
  func changing(_ aspect: Aspect, using random: inout SceneRandom) -> Scene {
    var scene = self
    switch aspect {
    case .color:
      scene.subject.paint = random.choice(Thing.Paint.allCases.filter { $0 != subject.paint })
    case .slot(let slot):
      let values = subject.kind.slots.first { $0.slot == slot }?.values ?? []
      scene.subject[slot] = random.choice(values.filter { $0 != subject[slot] })
    case .count:
      guard case .several(let thing, let count) = arrangement else { preconditionFailure("a lone thing has no count") }
      scene.arrangement = .several(thing, count: random.choice([1, 2, 3, 4].filter { $0 != count }))
    case .relation:
      guard case .two(let first, let relation, let second) = arrangement else {
        preconditionFailure("a relation needs two things")
      }
      scene.arrangement = .two(first, relation.opposite, second)
    }
    return scene
  }
}
