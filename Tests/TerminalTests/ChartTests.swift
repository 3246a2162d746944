import Foundation
import TestSupport
import Testing

@testable import Terminal

@Suite struct ChartTests {
  private func drawn(_ values: [Double], columns: Int = 40, rows: Int = 9) -> String {
    var canvas = Canvas(size: Size(columns: columns, rows: rows))
    let points = values.enumerated().map { ChartPoint(x: Double($0), y: $1) }
    LineChart(
      series: [(.tuned, points)], xRange: 0...Double(max(values.count, 1)), xUnit: "steps",
      emptyMessage: "The loss will stand here."
    ).draw(in: canvas.bounds, on: &canvas)
    return canvas.text
  }

  private func dots(_ text: String) -> Int {
    text.unicodeScalars.filter { (0x2801...0x28FF).contains($0.value) }.count
  }

  /// For each column of dots the rows in which there is one, from the top: a braille character has two times four.
  private func dotRows(_ text: String) -> [Set<Int>] {
    var columns = Array(repeating: Set<Int>(), count: 2 * 40)
    for (row, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      for (column, scalar) in line.unicodeScalars.enumerated() where (0x2801...0x28FF).contains(scalar.value) {
        for (dot, bit) in [0, 1, 2, 6, 3, 4, 5, 7].enumerated() where scalar.value >> bit & 1 == 1 {
          columns[2 * column + dot / 4].insert(4 * row + dot % 4)
        }
      }
    }
    return columns
  }

  @Test func theBaselineIsDashedBetweenItsPoints() {
    let dotted = { (style: Style) in
      var canvas = Canvas(size: Size(columns: 40, rows: 9))
      let points = [ChartPoint(x: 0, y: 1), ChartPoint(x: 40, y: 1)]
      LineChart(series: [(style, points)], xRange: 0...40, emptyMessage: "").draw(in: canvas.bounds, on: &canvas)
      return self.dotRows(canvas.text).filter { !$0.isEmpty }.count
    }

    #expect(dotted(.baseline) * 2 <= dotted(.tuned) + 4 && dotted(.baseline) > 10)
  }

  @Test func anEmptyChartSaysWhatWillFillIt() {
    #expect(drawn([]).contains("The loss will stand here."))
    #expect(dots(drawn([])) == 0)
  }

  @Test func onePointIsOneDot() {
    #expect(dots(drawn([0.5])) == 1)
  }

  @Test func aConstantIsALevelLine() {
    let lines = drawn(Array(repeating: 0.25, count: 30)).split(separator: "\n").filter { dots(String($0)) > 0 }

    #expect(lines.count == 1)
    #expect(dots(String(lines[0])) > 30)
  }

  @Test func whatIsNoNumberIsAGapWithAMark() {
    let text = drawn([0, 1, 2, .nan, 4, .infinity, 6, 7])

    #expect(text.filter { $0 == "×" }.count == 2)
    #expect(drawn([.nan, -.infinity]).contains("× no value is a number so far"))
  }

  @Test("Huge and tiny values stay inside", arguments: [[-1e308, 1e308], [1e30, 2e30], [1e-30, 3e-30], [0, 0]])
  func extremes(values: [Double]) {
    let text = drawn(values)

    #expect(dots(text) > 0)
    #expect(text.split(separator: "\n", omittingEmptySubsequences: false).allSatisfy { $0.cellWidth <= 40 })
  }

  @Test("A column with a hundred points shows the lowest and the highest of them")
  func extremesOfAColumn() throws {
    var values = Array(repeating: 1.0, count: 4000)
    (values[1777], values[2900]) = (9, -7)

    let columns = dotRows(drawn(values))

    // Rows of dots, counted from the top: 9, 1 and −7 lie equally far from each other, whatever the axis.
    let level = try #require(columns.first { !$0.isEmpty })
    let (middle, all) = (try #require(level.first), columns.flatMap { $0 })
    let (top, bottom) = (try #require(all.min()), try #require(all.max()))
    #expect(level.count == 1 && abs((middle - top) - (bottom - middle)) <= 1 && bottom - top >= 14)
    let (up, down) = (Set(top...middle), Set(middle...bottom))
    #expect(columns.count { $0 == up } == 1 && columns.count { $0 == down } == 1)
    #expect(columns.allSatisfy { [[], level, up, down].contains($0) })
    let (left, right) = (columns.firstIndex(of: up) ?? 0, columns.firstIndex(of: down) ?? 0)
    let length = columns.count { !$0.isEmpty }
    #expect(abs(right - left - length * (2900 - 1777) / 4000) <= 1)
  }

  @Test("Ticks are round and lie inside", arguments: [0.0...1, 0.071...0.094, -3...1000, 1e-9...2e-9])
  func ticks(range: ClosedRange<Double>) {
    let ticks = Ticks.nice(in: range, count: 4).values

    #expect((2...6).contains(ticks.count))
    let air = (range.upperBound - range.lowerBound) * 1e-6
    #expect(ticks.allSatisfy { $0 >= range.lowerBound - air && $0 <= range.upperBound + air })
  }

  @Test(
    "The ticks of an axis stand equally far apart, on its rows, and the curve lies inside",
    arguments: [0.0...1, 0.071...0.094, -3...1000, 1e-9...2e-9, 40.6...41.4], [4, 7, 10, 22])
  func evenTicks(extent: ClosedRange<Double>, rows: Int) {
    let (range, ticks) = Ticks.even(over: extent, rows: rows)

    #expect(range.lowerBound <= extent.lowerBound && range.upperBound >= extent.upperBound && ticks.values.count >= 1)
    // As `LineChart` scales them.
    let dot = { (value: Double) in
      let part = (value - range.lowerBound) / (range.upperBound - range.lowerBound)
      return 4 * rows - 2 - Int((part * Double(4 * rows - 2)).rounded())
    }
    let gaps = zip(ticks.values, ticks.values.dropFirst()).map { dot($0) / 4 - dot($1) / 4 }
    #expect(Set(gaps).count <= 1 && gaps.allSatisfy { $0 >= 2 })
    // In the middle of its cell, where the axis has its sign.
    #expect(ticks.values.allSatisfy { dot($0) % 4 == 2 })
  }

  @Test("A level line runs through the middle of the row of its tick", arguments: [9, 22, 36])
  func levelOnItsTick(rows: Int) throws {
    var canvas = Canvas(size: Size(columns: 40, rows: rows))
    let points = [ChartPoint(x: 0, y: 0), ChartPoint(x: 1, y: 0.5), ChartPoint(x: 10, y: 0.5), ChartPoint(x: 10, y: 1)]
    LineChart(series: [(.tuned, points)], emptyMessage: "").draw(in: canvas.bounds, on: &canvas)
    let lines = canvas.text.split(separator: "\n", omittingEmptySubsequences: false)
    let row = try #require(lines.firstIndex { $0.contains("0.5") && $0.contains("┤") })
    let middle = Set(dotRows(canvas.text)[30...60].flatMap { $0 })
    #expect(middle == [4 * row + 2])
  }

  @Test(
    "On a logarithmic axis ticks are 1, 2 and 5 times powers of ten, on their rows; round values where all lie close",
    arguments: [
      (0.046, 0.052, 8, [0.046, 0.048, 0.05, 0.052]), (31.0, 70.0, 8, [20, 50]), (0.9, 1100, 12, [1, 10, 100, 1000]),
      (1e-5, 3e-4, 20, [1e-5, 2e-5, 5e-5, 1e-4, 2e-4]), (0.001, 1e6, 8, [1e-5, 1, 1e5]),
    ])
  func logTicks(low: Double, high: Double, rows: Int, wanted: [Double]) {
    let (range, ticks) = Ticks.logarithmic(over: log10(low)...log10(high), rows: rows)
    #expect(range.lowerBound <= log10(low) + 1e-9 && range.upperBound >= log10(high) - 1e-9)
    let values = ticks.map(\.value)
    #expect(wanted.allSatisfy { want in values.contains { abs($0 / want - 1) < 1e-6 } }, "\(values)")
    for tick in ticks {
      let dots = (tick.place - range.lowerBound) / (range.upperBound - range.lowerBound) * Double(4 * rows - 2)
      #expect(abs(dots / 4 - (dots / 4).rounded()) <= 0.25, "\(tick)")
    }
  }

  @Test("The word of a mark is never overdrawn")
  func markWords() {
    var canvas = Canvas(size: Size(columns: 40, rows: 9))
    let points = (0..<200).map { ChartPoint(x: Double($0), y: $0 % 2 == 0 ? 0 : 1) }
    LineChart(
      series: [(.tuned, points)], emptyMessage: "", marks: [(20, "▲ all"), (24, "▲ class only"), (199, "▲ 30 %")]
    ).draw(in: canvas.bounds, on: &canvas)
    #expect(["▲ all", "▲ class only", "▲ 30 %"].allSatisfy(canvas.text.contains))
  }

  @Test(
    "A change is good or bad as far as it can be read",
    arguments: [
      (1.0, "+1.0", Style.good), (-1.0, "−1.0", .bad), (0, "+0.0", .dim), (0.04, "+0.0", .dim), (-0.04, "+0.0", .dim),
      (0.06, "+0.1", .good), (-0.06, "−0.1", .bad),
    ])
  func changes(value: Double, text: String, style: Style) {
    let (gain, error) = (value.change(isSure: true), value.change(isSure: true, moreIsBetter: false))
    #expect(value.change(isSure: false).style == (style == .dim ? .dim : .normal))

    #expect(gain.text == text && gain.style == style)
    #expect(error.text == text && error.style == (style == .good ? .bad : style == .bad ? .good : .dim))
  }

  @Test func aBarIsAsLongAsItsPart() {
    #expect(Bars.bar(0, columns: 10) == "")
    #expect(Bars.bar(0.5, columns: 10) == "█████")
    #expect(Bars.bar(1.7, columns: 4) == "████")
    #expect(Bars.bar(0.05, columns: 10) == "▌")
  }
}
