/// How many cells a part of a layout gets.
package enum Length: Sendable {
  /// The largest of these that leaves every flexible part what it needs; the smallest if none does.
  case oneOf([Int])
  /// An equal share of what the others leave. It may be less than `needs`, but other parts shrink first.
  case flexible(needs: Int = 0)

  package static func fixed(_ length: Int) -> Length { .oneOf([max(length, 0)]) }

  /// The main part of a screen has this before what stands beside it takes a wider form.
  package static let mainCells = 72
  package static let main = Length.flexible(needs: mainCells)

  fileprivate var least: Int {
    if case .oneOf(let lengths) = self { max(lengths.min() ?? 0, 0) } else { 0 }
  }

  fileprivate var need: Int? { if case .flexible(let need) = self { max(need, 0) } else { nil } }
}

extension [Length] {
  private var needs: Int { count { $0.need != nil } * (compactMap(\.need).max() ?? 0) }

  /// What these parts take together without being cut.
  package var least: Int { map(\.least).reduce(0, +) + needs }

  /// The length of each part, together at most `room`. What shrinks first: parts with a choice, the last one first;
  /// then flexible parts; then the others, the first one first.
  func solved(in room: Int) -> [Int] {
    var lengths = map(\.least)
    for (index, part) in enumerated() {
      guard case .oneOf(let choices) = part else { continue }
      let free = room - needs - lengths.reduce(0, +) + lengths[index]
      lengths[index] = choices.filter { $0 <= free }.max() ?? lengths[index]
    }
    var excess = Swift.max(lengths.reduce(0, +) - Swift.max(room, 0), 0)
    for index in indices {
      let cut = Swift.min(lengths[index], excess)
      (lengths[index], excess) = (lengths[index] - cut, excess - cut)
    }
    let share = Swift.max(room - lengths.reduce(0, +), 0) / Swift.max(count { $0.need != nil }, 1)
    return zip(self, lengths).map { $0.need == nil ? $1 : share }
  }
}

/// Parts of a box side by side.
package enum Columns {
  /// The parts from the left, with `gap` cells between them; what does not divide stays at the right.
  package static func split(_ rect: Rect, gap: Int = 0, _ parts: [Length]) -> [Rect] {
    var left = 0
    return parts.solved(in: rect.columns - gap * (parts.count - 1)).map { width in
      defer { left += width + gap }
      return rect.droppingLeft(left).left(width)
    }
  }
}

/// Parts of a box one below the other.
package enum Rows {
  /// The parts from the top. The gaps between them go first where a part would have less than it needs; a row that
  /// does not divide is left below the first part.
  package static func split(_ rect: Rect, gap: Int = 0, _ parts: [Length]) -> [Rect] {
    let gaps = gap * (parts.count - 1)
    let gap = parts.least + gaps <= rect.rows ? gap : 0
    let heights = parts.solved(in: rect.rows - gap * (parts.count - 1))
    let isFilled = parts.contains { $0.need != nil }
    var rest = isFilled ? max(rect.rows - heights.reduce(0, +) - gap * (parts.count - 1), 0) : 0
    var top = 0
    return heights.map { height in
      defer { (top, rest) = (top + height + gap + rest, 0) }
      return rect.droppingTop(top).top(height)
    }
  }
}
