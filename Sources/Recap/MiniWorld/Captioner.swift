/// One fact of a scene that can be said alone and changed alone.
public enum Aspect: Equatable, Sendable {
  case color, count, relation
  case slot(Thing.Slot)

  public var pattern: Pattern {
    switch self {
    case .color: .color
    case .count: .quantity
    case .relation: .position
    case .slot(let slot): slot.pattern
    }
  }
}

/// Tells scenes in plain English, as much or as little as wanted.
public enum Captioner {
  /// A caption such as "a red striped fish facing left against navy".
  ///
  /// Each detail is said with probability `detail`, the background with half of it; kinds are always said, and so is
  /// `aspect`. What is said depends on the random state only, not on the values: two scenes of a pair, captioned from
  /// equal states, are described by the same details.
  public static func caption(
    of scene: Scene, detail: Double, stating aspect: Aspect? = nil, using random: inout SceneRandom
  ) -> String {
    captionWithDetails(of: scene, detail: detail, stating: aspect, using: &random).text
  }

  /// Which details a caption says.
  struct Said: Equatable, Sendable {
    var first: Mention
    /// Of the second of two things.
    var second: Mention
    var number = false
    var relation = false
    var background = false
  }

  /// The same, with what it says.
  static func captionWithDetails(
    of scene: Scene, detail: Double, stating aspect: Aspect? = nil, using random: inout SceneRandom
  ) -> (text: String, said: Said) {
    var words: [String]
    var said: Said
    switch scene.arrangement {
    case .single(let thing):
      said = Said(first: Mention(detail, aspect, using: &random), second: .bare)
      words = said.first.words(for: thing)
    case .several(let thing, let count):
      let isCounted = random.chance(detail) || aspect == .count
      said = Said(first: Mention(detail, aspect, using: &random), second: .bare)
      said.number = isCounted || count == 1
      words = said.first.words(for: thing, number: isCounted ? .exactly(count) : count > 1 ? .some : .one)
    case .two(let first, let relation, let second):
      said = Said(first: Mention(detail, aspect, using: &random), second: Mention(detail, nil, using: &random))
      said.relation = random.chance(detail) || aspect == .relation
      let isSwapped = random.chance(0.5) && detail > 0
      let words1 = said.first.words(for: first)
      let words2 = said.second.words(for: second)
      let link = said.relation ? link(isSwapped ? relation.opposite : relation) : ["and"]
      words = isSwapped ? words2 + link + words1 : words1 + link + words2
    }
    said.background = random.chance(detail / 2)
    if said.background { words += against(scene.background) }
    return (words.joined(separator: " "), said)
  }

  /// What a caption says of one thing, each detail with probability `detail`.
  static func phrase(for thing: Thing, detail: Double, using random: inout SceneRandom) -> String {
    Mention(detail, nil, using: &random).words(for: thing).joined(separator: " ")
  }

  /// "against navy", alone.
  static func phrase(for background: Scene.Background) -> String {
    against(background).joined(separator: " ")
  }

  private static func against(_ background: Scene.Background) -> [String] { ["against", background.rawValue] }

  /// The short sentence of a benchmark: kinds and this one aspect.
  public static func statement(of scene: Scene, about aspect: Aspect) -> String {
    var nothingIsLeftToChance = SceneRandom(seed: 0)
    return caption(of: scene, detail: 0, stating: aspect, using: &nothingIsLeftToChance)
  }

  private static func link(_ relation: Scene.Relation) -> [String] {
    switch relation {
    case .left, .right: [relation.rawValue, "of"]
    case .above, .below: [relation.rawValue]
    }
  }
}

/// Which details of one thing are said.
struct Mention: Equatable, Sendable {
  enum Number {
    case one, some
    case exactly(Int)
  }

  let color: Bool
  let slots: Set<Thing.Slot>

  /// The kind alone.
  static let bare = Mention(color: false, slots: [])

  private init(color: Bool, slots: Set<Thing.Slot>) { (self.color, self.slots) = (color, slots) }

  /// Draws once for the colour and once for each slot that exists, so that the state afterwards is the same for all.
  init(_ detail: Double, _ aspect: Aspect?, using random: inout SceneRandom) {
    color = random.chance(detail) || aspect == .color
    slots = Set(Thing.Slot.allCases.filter { random.chance(detail) || aspect == .slot($0) })
  }

  func words(for thing: Thing, number: Number = .one) -> [String] {
    let said = Thing.Slot.allCases.filter { slots.contains($0) && thing.shows($0) }
    var words: [String] = color ? [thing.paint.rawValue] : []
    for slot in said { words += Self.adjective(slot, of: thing) }
    words.append(Self.isPlural(number) ? thing.kind.plural : thing.kind.rawValue)
    for slot in said { words += Self.supplement(slot, of: thing) }
    return [Self.opening(number, before: words[0])] + words
  }

  private static func isPlural(_ number: Number) -> Bool {
    switch number {
    case .one: false
    case .some: true
    case .exactly(let count): count > 1
    }
  }

  private static func opening(_ number: Number, before word: String) -> String {
    switch number {
    case .one: word.first.map("aeiou".contains) == true ? "an" : "a"
    case .some: "some"
    case .exactly(let count): ["no", "one", "two", "three", "four"][count]
    }
  }

  /// What a caption says before the kind.
  private static func adjective(_ slot: Thing.Slot, of thing: Thing) -> [String] {
    guard let value = thing[slot] else { return [] }
    switch slot {
    case .structure: return [value.rawValue]
    case .state: return [.cup, .box, .face].contains(thing.kind) ? [value.rawValue] : []
    default: return []
    }
  }

  /// What a caption says after the kind.
  private static func supplement(_ slot: Thing.Slot, of thing: Thing) -> [String] {
    guard let value = thing[slot] else { return [] }
    switch slot {
    case .structure: return []
    case .state: return [.door, .lamp].contains(thing.kind) ? ["that", "is", value.rawValue] : []
    case .direction:
      switch thing.kind {
      case .arrow: return ["pointing", value.rawValue]
      case .cup: return ["with", "handle", "on", "the", value.rawValue]
      default: return ["facing", value.rawValue]
      }
    case .view: return ["seen", "from", "the", value.rawValue]
    case .letter: return ["with", "the", "letter", value.rawValue]
    case .hat, .chimney: return [value == .present ? "with" : "without", "a", slot.rawValue]
    case .apples, .glasses, .leaves: return [value == .present ? "with" : "without", slot.rawValue]
    }
  }
}
