/// What a place on the screen is to the mouse: views say it where they draw it.
package struct MouseTarget: Equatable, Sendable {
  package enum Part: Equatable, Sendable {
    /// A click presses this key.
    case key(Key)
    /// A row of a list, or a part of something else that is chosen from: its place in the list of this name.
    case row(_ list: String, Int)
    /// The curves of a chart: its place, and the values at the left and the right edge.
    case chart(Int, ClosedRange<Double>)
  }

  package var rect: Rect
  package var part: Part

  /// Where a column lies on a chart's horizontal axis; nil for anything else.
  package func value(at column: Int) -> Double? {
    guard case .chart(_, let range) = part else { return nil }
    let share = (Double(column - rect.column) + 0.5) / Double(max(rect.columns, 1))
    return range.lowerBound + min(max(share, 0), 1) * (range.upperBound - range.lowerBound)
  }
}

extension Canvas {
  /// What the mouse finds there; what was drawn last lies above.
  package func target(column: Int, row: Int) -> MouseTarget? {
    targets.last { target in
      let rect = target.rect
      return (rect.column..<max(rect.endColumn, rect.column)).contains(column)
        && (rect.row..<max(rect.endRow, rect.row)).contains(row)
    }
  }
}
