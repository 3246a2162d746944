/// One thing in a scene: its kind, its colour, and a value for each slot of its kind.
public struct Thing: Equatable, Sendable {
  public let kind: Kind
  public var paint: Paint
  private var values: [Value]

  /// A thing of this kind (or any) with everything else drawn uniformly.
  public init(_ kind: Kind? = nil, using random: inout SceneRandom) {
    let kind = kind ?? random.choice(Kind.allCases)
    self.kind = kind
    paint = random.choice(Paint.allCases)
    values = kind.slots.map { random.choice($0.values) }
  }

  /// The value of a slot; nil when the kind does not have it. Only slots of the kind can be set.
  public subscript(slot: Slot) -> Value? {
    get { index(of: slot).map { values[$0] } }
    set {
      guard let index = index(of: slot), let newValue, kind.slots[index].values.contains(newValue) else {
        preconditionFailure("a \(kind) has no \(slot) that can be \(newValue.map { "\($0)" } ?? "nothing")")
      }
      values[index] = newValue
    }
  }

  /// Whether the picture shows this detail: which way a car drives is seen only from its side.
  public func shows(_ slot: Slot) -> Bool {
    index(of: slot) != nil && !(kind == .car && slot == .direction && self[.view] != .side)
  }

  private func index(of slot: Slot) -> Int? {
    kind.slots.firstIndex { $0.slot == slot }
  }
}

extension Thing {
  /// What the mini world contains.
  public enum Kind: String, CaseIterable, Sendable {
    case ball, box, star, arrow, fish, car, house, tree, face, cup, door, lamp, sign, flower, table

    /// The details in which two things of this kind can differ, and the values of each.
    public var slots: [(slot: Slot, values: [Value])] { Self.slotTable[self] ?? [] }

    /// The word for more than one.
    public var plural: String {
      switch self {
      case .box: "boxes"
      case .fish: "fishes"
      default: rawValue + "s"
      }
    }

    private static let slotTable: [Kind: [(slot: Slot, values: [Value])]] = [
      .ball: [(.structure, [.plain, .striped, .dotted])],
      .box: [(.structure, [.plain, .striped, .dotted]), (.state, [.open, .closed])],
      .star: [(.structure, [.solid, .hollow])],
      .arrow: [(.direction, [.left, .right, .up, .down])],
      .fish: [(.direction, [.left, .right]), (.structure, [.plain, .striped])],
      .car: [(.direction, [.left, .right]), (.view, [.side, .front, .top])],
      .house: [(.chimney, [.present, .absent]), (.view, [.front, .side])],
      .tree: [(.apples, [.present, .absent]), (.structure, [.round, .pointed])],
      .face: [(.glasses, [.present, .absent]), (.hat, [.present, .absent]), (.state, [.happy, .sad])],
      .cup: [(.state, [.full, .empty]), (.direction, [.left, .right]), (.view, [.side, .top])],
      .door: [(.state, [.open, .closed])],
      .lamp: [(.state, [.on, .off])],
      .sign: [(.letter, [.a, .e, .h, .k, .l, .t, .v, .x])],
      .flower: [(.leaves, [.present, .absent]), (.structure, [.round, .pointed])],
      .table: [(.view, [.side, .top]), (.structure, [.round, .square])],
    ]
  }
  /// A detail of a thing that is seen, can be described, and can be changed alone.
  public enum Slot: String, CaseIterable, Sendable {
    case direction, structure, state, view, letter
    case chimney, apples, glasses, hat, leaves

    /// The visual pattern that a change of this detail belongs to.
    public var pattern: Pattern {
      switch self {
      case .direction: .orientation
      case .structure: .structure
      case .state: .state
      case .view: .viewpoint
      case .letter: .text
      case .chimney, .apples, .glasses, .hat, .leaves: .presence
      }
    }
  }

  /// What a detail can be; the raw value is the word for it.
  public enum Value: String, CaseIterable, Sendable {
    case plain, striped, dotted, solid, hollow, round, pointed, square
    case left, right, up, down
    case side, front, top
    case open, closed, full, empty, on, off, happy, sad
    case present, absent
    case a, e, h, k, l, t, v, x
  }

  /// The colour of a thing.
  public enum Paint: String, CaseIterable, Sendable {
    case red, green, blue, yellow, purple, orange, pink, teal
  }
}
