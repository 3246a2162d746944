import TestSupport
import Testing

@testable import Terminal

@Suite struct LayoutTests {
  /// Layouts as screens have them, and worse ones.
  static let layouts: [[Length]] = [
    [.flexible(needs: 72), .oneOf([30, 38, 52])], [.fixed(22), .fixed(13), .fixed(9)], [.flexible(), .flexible()],
    [.oneOf(Array(16...40)), .fixed(13), .oneOf([15, 12]), .fixed(10)], [.fixed(3), .flexible(needs: 9), .fixed(7)],
    [.flexible(needs: 10), .flexible(needs: 10), .fixed(9)], [.fixed(5)], [.oneOf([])],
    [.fixed(-4), .flexible(needs: -1)],
  ]

  @Test("Parts lie inside, in their order, and never overlap", arguments: layouts, [0, 1, 3])
  func inside(parts: [Length], gap: Int) {
    for room in 0...130 {
      let rect = Rect(column: 4, row: 2, columns: room, rows: room)
      for (part, next) in Self.neighbours(Columns.split(rect, gap: gap, parts), end: rect.endColumn) {
        #expect(part.column >= 4 && part.columns >= 0 && part.endColumn <= next, "\(parts) in \(room)")
        #expect(part.row == 2 && part.rows == room)
      }
      for (part, next) in Self.neighbours(Rows.split(rect, gap: gap, parts).map(\.turned), end: rect.endRow) {
        #expect(part.column >= 2 && part.columns >= 0 && part.endColumn <= next, "\(parts) in \(room)")
      }
    }
  }

  private static func neighbours(_ parts: [Rect], end: Int) -> [(Rect, Int)] {
    Array(zip(parts, parts.dropFirst().map(\.column) + [end]))
  }

  @Test("Nothing is cut where there is the least room, and all is used where a part is flexible", arguments: layouts)
  func sums(parts: [Length]) {
    for room in max(parts.least, 1)...140 {
      let lengths = parts.solved(in: room)
      for (part, length) in zip(parts, lengths) {
        switch part {
        case .oneOf(let choices): #expect(choices.isEmpty || choices.contains(length))
        case .flexible(let needs): #expect(length >= needs)
        }
      }
      let flexible = parts.count { if case .flexible = $0 { true } else { false } }
      let rest = room - lengths.reduce(0, +)
      #expect(rest >= 0 && (flexible == 0 || rest < flexible))
    }
  }

  @Test func theSideShrinksBeforeTheMainPartAndTheLastChoiceFirst() {
    let parts: [Length] = [.flexible(needs: 72), .oneOf([30, 38, 52])]
    #expect(parts.solved(in: 124) == [72, 52] && parts.solved(in: 123) == [85, 38])
    #expect(parts.solved(in: 109) == [79, 30])
    #expect(parts.solved(in: 60) == [30, 30] && parts.solved(in: 20) == [0, 20])
    let choices: [Length] = [.oneOf([10, 20]), .oneOf([10, 20])]
    #expect(choices.solved(in: 39) == [20, 10] && choices.solved(in: 29) == [10, 10])
    let fixed: [Length] = [.fixed(10), .fixed(5)]
    #expect(fixed.solved(in: 12) == [7, 5] && fixed.solved(in: 4) == [0, 4])
  }

  @Test func gapsBetweenRowsGoBeforeAPartHasLessThanItNeeds() {
    let parts: [Length] = [.flexible(needs: 10), .flexible(needs: 10), .fixed(9)]
    let split = { (rows: Int) in
      Rows.split(Rect(column: 0, row: 0, columns: 5, rows: rows), gap: 1, parts).map { [$0.row, $0.rows] }
    }

    #expect(split(31) == [[0, 10], [11, 10], [22, 9]])
    #expect(split(32) == [[0, 10], [12, 10], [23, 9]])
    #expect(split(30) == [[0, 10], [11, 10], [21, 9]])
    #expect(split(20) == [[0, 5], [6, 5], [11, 9]])
  }

  private struct Row {
    var name: String
    var count: Int
  }

  private let table = Table<Row>([
    .init("  name", .oneOf(Array(6...12)), isLeft: true) { ("  \($0.name)", .normal) },
    .init("count", .fixed(7)) { ("\($0.count)", .tuned) },
  ])

  private func framed(columns: Int, rows: Int, _ draw: (Rect, inout Canvas) -> Void) -> String {
    var canvas = Canvas(size: Size(columns: 60, rows: 24))
    canvas.fill(canvas.bounds, with: "#")
    let rect = Rect(column: 3, row: 2, columns: columns, rows: rows)
    canvas.fill(rect)
    draw(rect, &canvas)
    canvas.fill(rect)
    return canvas.text
  }

  @Test("What is drawn never leaves its box", arguments: [0, 1, 2, 7, 13, 19, 40], [0, 1, 2, 5, 20])
  func inside(columns: Int, rows: Int) {
    let empty = framed(columns: columns, rows: rows) { _, _ in }
    let long = "a name that is far too long for its column, 日本語"
    let data = (0..<30).map { Row(name: long, count: $0 * 1_000_000) }
    let fields = Fields([.init("label", long), .init(long, "value"), .init("", "", .bad)], gap: 1)

    #expect(framed(columns: columns, rows: rows) { table.draw(data, selected: 29, in: $0, on: &$1) } == empty)
    #expect(framed(columns: columns, rows: rows) { fields.draw(in: $0, on: &$1) } == empty)
    #expect(framed(columns: columns, rows: rows) { fields.drawJustified(in: $0, on: &$1) } == empty)
    #expect(framed(columns: columns, rows: rows) { $1.paragraph(long, in: $0) } == empty)
  }

  @Test func aTableShowsTheRowsAroundTheSelectedOne() {
    var canvas = Canvas(size: Size(columns: 20, rows: 4))
    let rows = ["red", "green", "blue", "cyan", "a very long name"].enumerated().map { Row(name: $1, count: $0 * 9) }
    table.draw(rows, selected: 3, in: canvas.bounds, on: &canvas)

    #expect(canvas.text == "  name        count\n  blue           18\n  cyan           27\n  a very lo…     36")
    #expect(canvas.styleText.split(separator: "\n")[2] == "##....###########uu")
  }

  @Test func fieldsStandBesideTheirLabels() {
    var canvas = Canvas(size: Size(columns: 24, rows: 7))
    let fields = Fields([
      .init("step", "420 of 800"), .init("settings", [("density 0.3, batch 32", .normal), ("adamw", .dim)]),
    ])
    let end = fields.draw(in: canvas.bounds, on: &canvas)
    fields.drawJustified(in: canvas.bounds.droppingTop(5), on: &canvas)

    #expect(end == 4 && fields.rows(columns: 24) == 4)
    let lines = canvas.text.split(separator: "\n", omittingEmptySubsequences: false)
    #expect(lines[..<2] == ["step      420 of 800", "settings  density 0.3,"])
    #expect(lines[2..<4] == ["          batch 32", "          adamw"])
    #expect(lines[5] == "step          420 of 800")
  }
}

extension Rect {
  /// Rows as columns, so that both are checked by one rule.
  fileprivate var turned: Rect { Rect(column: row, row: column, columns: rows, rows: columns) }
}
