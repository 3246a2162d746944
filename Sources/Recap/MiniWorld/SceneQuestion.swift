/// One question about a scene with a fixed number of answers: the classes of a linear classifier on an embedding.
///
/// Of two things the one that comes first in reading order (left, or upper) is a question of its own, so that a
/// statement and its mirror image have different answers; and both are questions again without their places, by the order of
/// their kinds, so that a caption without the relation answers something, too.
enum SceneQuestion: Hashable, Sendable {
  case kind, paint, number, background
  case slot(Thing.Slot)
  /// Whether two things stand side by side or one above the other.
  case axis
  case leadingKind, leadingPaint, trailingKind, trailingPaint
  case lowerKind, lowerPaint, higherKind, higherPaint

  static let all: [SceneQuestion] =
    [.kind, .paint, .number, .background] + Thing.Slot.allCases.map(SceneQuestion.slot)
    + [.axis, .leadingKind, .leadingPaint, .trailingKind, .trailingPaint]
    + [.lowerKind, .lowerPaint, .higherKind, .higherPaint]

  /// A name for files.
  var name: String {
    switch self {
    case .slot(let slot): slot.rawValue
    default: "\(self)"
    }
  }

  var answers: Int {
    switch self {
    case .kind, .leadingKind, .trailingKind, .lowerKind, .higherKind: Thing.Kind.allCases.count
    case .paint, .leadingPaint, .trailingPaint, .lowerPaint, .higherPaint: Thing.Paint.allCases.count
    case .number: 4
    case .background: Scene.Background.allCases.count
    case .slot(let slot): slot.allValues.count
    case .axis: 2
    }
  }
}

extension Thing.Slot {
  /// The values of this slot over all kinds, in the order of `Thing.Value`.
  var allValues: [Thing.Value] {
    let used = Set(Thing.Kind.allCases.flatMap { $0.slots.filter { $0.slot == self }.flatMap(\.values) })
    return Thing.Value.allCases.filter(used.contains)
  }
}

extension Scene {
  /// What the picture answers; nil where the question does not arise.
  func answer(_ question: SceneQuestion) -> Int? {
    switch question {
    case .background: return Background.allCases.firstIndex(of: background)
    case .number:
      guard case .several(_, let count) = arrangement else { return nil }
      return count - 1
    case .axis: return relation.map { $0 == .left || $0 == .right ? 0 : 1 }
    case .kind: return relation == nil ? subject.kindNumber : nil
    case .paint: return relation == nil ? subject.paintNumber : nil
    case .slot(let slot):
      guard relation == nil, subject.shows(slot), let value = subject[slot] else { return nil }
      return slot.allValues.firstIndex(of: value)
    case .leadingKind: return inReadingOrder?.0.kindNumber
    case .leadingPaint: return inReadingOrder?.0.paintNumber
    case .trailingKind: return inReadingOrder?.1.kindNumber
    case .trailingPaint: return inReadingOrder?.1.paintNumber
    case .lowerKind: return inKindOrder?.0.kindNumber
    case .lowerPaint: return inKindOrder?.0.paintNumber
    case .higherKind: return inKindOrder?.1.kindNumber
    case .higherPaint: return inKindOrder?.1.paintNumber
    }
  }

  /// What a caption that says these details answers; nil where it leaves the question open.
  func answer(_ question: SceneQuestion, saying said: Captioner.Said) -> Int? {
    let isSaid =
      switch question {
      case .background: said.background
      case .number: said.number
      case .axis, .leadingKind, .trailingKind: said.relation
      case .kind, .lowerKind, .higherKind: true
      case .paint: said.first.color
      case .slot(let slot): said.first.slots.contains(slot)
      case .leadingPaint: said.relation && (isFirstLeading ? said.first : said.second).color
      case .trailingPaint: said.relation && (isFirstLeading ? said.second : said.first).color
      case .lowerPaint: (isFirstLower ? said.first : said.second).color
      case .higherPaint: (isFirstLower ? said.second : said.first).color
      }
    return isSaid ? answer(question) : nil
  }

  private var relation: Relation? {
    guard case .two(_, let relation, _) = arrangement else { return nil }
    return relation
  }

  private var isFirstLeading: Bool { relation == .left || relation == .above }

  private var isFirstLower: Bool {
    guard case .two(let first, _, let second) = arrangement else { return true }
    return first.kindNumber < second.kindNumber
  }

  private var inReadingOrder: (Thing, Thing)? {
    guard case .two(let first, _, let second) = arrangement else { return nil }
    return isFirstLeading ? (first, second) : (second, first)
  }

  private var inKindOrder: (Thing, Thing)? {
    guard case .two(let first, _, let second) = arrangement else { return nil }
    return isFirstLower ? (first, second) : (second, first)
  }
}

extension Thing {
  fileprivate var kindNumber: Int { Kind.allCases.firstIndex(of: kind) ?? 0 }
  fileprivate var paintNumber: Int { Paint.allCases.firstIndex(of: paint) ?? 0 }
}
