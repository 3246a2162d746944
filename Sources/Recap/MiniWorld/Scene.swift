/// Everything a picture of the mini world shows, as a value: drawing it (`render`) and telling it (`Captioner`) read
/// the same facts.
///
///     let scene = Scene(seed: 1, stream: 2, index: 3)
///     let image = scene.render()
public struct Scene: Equatable, Sendable {
  public enum Arrangement: Equatable, Sendable {
    case single(Thing)
    /// One to four equal things.
    case several(Thing, count: Int)
    /// "The first is left of the second."
    case two(Thing, Relation, Thing)
  }

  public var arrangement: Arrangement
  public let background: Background
  /// Seed of what no caption tells: places, sizes, exact background colour, brightness. Scenes of a pair share it.
  public let jitter: UInt64

  /// Scene `index` of a stream: 60 % a single thing, 20 % several equal ones, 20 % two different ones.
  public init(seed: UInt64, stream: UInt64, index: Int) {
    var random = SceneRandom(seed: seed, stream: stream, index: UInt64(index))
    self.init(using: &random)
  }

  public init(using random: inout SceneRandom) {
    let draw = random.choice([(Self.single, 0.6), (Self.several, 0.2), (Self.two, 0.2)])
    self = draw(&random)
  }

  private init(_ arrangement: Arrangement, using random: inout SceneRandom) {
    self.arrangement = arrangement
    background = random.choice(Background.allCases)
    jitter = random.bits()
  }

  /// One thing, of any kind or of the given one.
  public static func single(_ kind: Thing.Kind, using random: inout SceneRandom) -> Scene {
    Scene(.single(Thing(kind, using: &random)), using: &random)
  }

  static func single(using random: inout SceneRandom) -> Scene {
    single(random.choice(Thing.Kind.allCases), using: &random)
  }

  static func several(using random: inout SceneRandom) -> Scene {
    let thing = Thing(random.choice(countable), using: &random)
    return Scene(.several(thing, count: 1 + random.below(4)), using: &random)
  }

  static func two(using random: inout SceneRandom) -> Scene {
    let kinds = random.shuffled(placeable)
    let first = Thing(kinds[0], using: &random)
    let second = Thing(kinds[1], using: &random)
    return Scene(.two(first, random.choice(Relation.allCases), second), using: &random)
  }

  /// Kinds that can still be distinguished when four stand in one picture.
  static let countable: [Thing.Kind] = [.ball, .box, .star, .fish, .tree, .car, .flower, .cup]
  /// Kinds that can still be distinguished at half size.
  private static let placeable: [Thing.Kind] = countable + [.face, .house, .sign, .lamp]

  /// The thing that the scene is about: the only one, or the first of two.
  public var subject: Thing {
    get {
      switch arrangement {
      case .single(let thing), .several(let thing, _), .two(let thing, _, _): thing
      }
    }
    set {
      switch arrangement {
      case .single: arrangement = .single(newValue)
      case .several(_, let count): arrangement = .several(newValue, count: count)
      case .two(_, let relation, let second): arrangement = .two(newValue, relation, second)
      }
    }
  }
}

extension Scene {
  /// What stands behind the things.
  public enum Background: String, CaseIterable, Sendable {
    case white, gray, tan, navy
  }

  /// Where the first of two things stands, seen from the second.
  public enum Relation: String, CaseIterable, Sendable {
    case left, right, above, below

    public var opposite: Relation {
      switch self {
      case .left: .right
      case .right: .left
      case .above: .below
      case .below: .above
      }
    }
  }
}
