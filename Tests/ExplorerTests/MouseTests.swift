import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("The mouse")
struct MouseTests {
  private func explorer(_ number: Int) -> TestExplorer {
    var explorer = TestExplorer(DemoFeed.watched, columns: 120, rows: 36)
    explorer.type("\(number)")
    return explorer
  }

  @Test("opens screens by their names, and presses the keys that the footer names")
  func keys() throws {
    var explorer = explorer(1)
    try explorer.click("3 Pairs")
    #expect(explorer.state.screen.title == "Pairs")
    try explorer.click("S reverse")
    #expect(explorer.state.pairs.list.order.isReversed)
    try explorer.click("q quit")
    #expect(explorer.work.last == .quit)
    try explorer.click("? help")
    #expect(explorer.state.help != nil)
    // Under a pop-up it finds nothing.
    try explorer.click("3 Pairs")
    #expect(explorer.state.help != nil && explorer.state.screen.title == "Pairs")
    let top = explorer.state.help?.top ?? 0
    explorer.point(.wheelDown, 60, 20)
    #expect(explorer.state.help?.top == top + 1)
  }

  @Test("answers questions")
  func questions() throws {
    var explorer = TestExplorer(columns: 120, rows: 36)
    explorer.type("q")
    try explorer.click("any other key")
    #expect(explorer.state.question == nil && explorer.work.isEmpty)
    explorer.type("q")
    try explorer.click("save and quit")
    #expect(explorer.work == [.quit])
  }

  @Test("chooses a pair, goes through the list and through the patterns, each where it lies")
  func lists() throws {
    var explorer = explorer(3)
    let row = try #require(explorer.frame.targets.first { $0.part == .row(PairsScreen.listName, 4) }).rect
    explorer.point(.press, row.column + 3, row.row)
    #expect(explorer.state.pairs.list.cursor == 4)
    explorer.point(.wheelDown, row.column, row.row)
    #expect(explorer.state.pairs.list.cursor == 7)
    explorer.point(.wheelUp, row.column, row.row)
    #expect(explorer.state.pairs.list.cursor == 4)

    try explorer.click("Text")
    #expect(explorer.state.pairs.pattern == 7)
    try explorer.click("Text")
    #expect(explorer.state.pairs.list.filterText == "\"text\"" && explorer.state.pairs.pattern == nil)
  }

  @Test("chooses and opens runs, and looks at densities without training with them")
  func rows() throws {
    var runs = explorer(6)
    let third = try #require(runs.frame.targets.first { $0.part == .row("Runs", 2) }).rect
    for _ in 0..<2 { runs.point(.press, third.column, third.row) }
    #expect(runs.work.last == .openRun(2) && runs.state.screen.title == "Train")

    var density = explorer(4)
    try density.click("15 %  ")
    #expect(density.state.density == .fraction(0.15))
    #expect(density.work.allSatisfy { if case .setDensity = $0 { false } else { true } })
  }

  @Test("chooses a chart, zooms into the steps that are dragged over, and reads them")
  func charts() throws {
    var explorer = explorer(1)
    let loss = try #require(explorer.frame.targets.last { if case .chart(1, _) = $0.part { true } else { false } })
    let row = loss.rect.row + 1
    explorer.point(.press, loss.rect.column, row)
    explorer.point(.release, loss.rect.column, row)
    #expect(explorer.state.train.focus == 1 && explorer.state.train.window == nil)

    let (quarter, half) = (loss.rect.column + loss.rect.columns / 4, loss.rect.column + loss.rect.columns / 2)
    explorer.point(.press, half, row)
    explorer.point(.drag, quarter, row)
    #expect(explorer.screen.contains("▏"))
    explorer.point(.release, quarter, row)
    let window = try #require(explorer.state.train.window)
    #expect(abs(window.lowerBound - 200) < 40 && abs(window.upperBound - 400) < 40)
    let shown = explorer.frame.targets.compactMap { target -> ClosedRange<Double>? in
      if case .chart(_, let range) = target.part { range } else { nil }
    }
    #expect(shown.count > 1 && shown.allSatisfy { $0 == window })

    explorer.type(">")
    #expect(explorer.state.train.window!.lowerBound > window.lowerBound)
    explorer.type("Z")
    explorer.press(.escape)
    #expect(explorer.state.train.window == nil)
    explorer.type("c")
    let before = explorer.state.train.crosshair
    explorer.point(.wheelUp, half, row)
    #expect(explorer.state.train.crosshair! < before!)
  }

  @Test("does nothing while M has given it to the terminal")
  func off() throws {
    var explorer = explorer(1)
    explorer.type("M")
    try explorer.click("3 Pairs")
    #expect(explorer.state.screen.title == "Train")
  }
}
