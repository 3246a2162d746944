import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("The Pairs screen")
struct PairsScreenTests {
  private func explorer(columns: Int = 120, rows: Int = 36) -> TestExplorer {
    var explorer = TestExplorer(DemoFeed.watched, columns: columns, rows: rows)
    explorer.type("3")
    return explorer
  }

  @Test("a folder's pairs are counted beside those that were published, in as many words as fit")
  func published() {
    let size = BenchmarkSize(title: "MMVP-VLM", used: 134, expected: 135, published: 135)
    for (columns, words) in [(80, "· 134 used of 135, published with 135"), (120, "· \(size.words)")] {
      var explorer = explorer(columns: columns)
      #expect(!explorer.screen.contains("published"))
      explorer.take(.benchmark(size))
      #expect(explorer.screen.contains(words))
    }
  }

  @Test("while a filter is written letters are letters, and the list follows")
  func filter() throws {
    var explorer = explorer()
    explorer.type("/brokn")
    #expect(explorer.screen.contains("0 of 135, nearest: broken ("))
    #expect(!explorer.state.pairs.list.shown.isEmpty)
    explorer.press(.enter)
    #expect(explorer.state.pairs.entry != nil)
    explorer.press(.backspace)
    explorer.type("en q1")
    #expect(explorer.state.screen == PairsScreen.self && !explorer.work.contains(.quit))
    explorer.press(.control("w"), .enter)
    #expect(explorer.state.pairs.list.filterText == "broken" && explorer.state.pairs.entry == nil)
    try explorer.matches("pairs-filtered")

    explorer.type("/x")
    explorer.press(.escape)
    #expect(explorer.state.pairs.list.filterText == "broken" && explorer.state.pairs.list.isFiltered)
    explorer.press(.escape)
    #expect(!explorer.state.pairs.list.isFiltered)
    explorer.type("/")
    explorer.press(.up)
    #expect(explorer.state.pairs.list.filterText == "broken")
  }

  @Test("a filter can be written from every screen before there are pairs, and lists what arrives")
  func earlyFilter() {
    for screen in Explorer.screens.indices {
      var explorer = TestExplorer(ExplorerState(), columns: 100, rows: 30)
      explorer.open(steps: 800)
      explorer.report { $0.status = .running }
      explorer.type("\(screen + 1)/colour | x q")
      #expect(explorer.state.question == nil && explorer.work.allSatisfy { ![.stop, .quit].contains($0) })
      #expect(explorer.screen.contains("/ colour | x q") && explorer.screen.contains("are being loaded"))
      explorer.press(.control("u"))
      explorer.type("colour")
      explorer.press(.enter)
      explorer.take(.pairs(DemoFeed.pairs(gain: 0.2)))
      let list = explorer.state.pairs.list
      #expect(list.shown.count == 15 && list.shown.allSatisfy { list.pairs[$0].pair.pattern == .color })
    }
  }

  @Test("letters after a line that could not be opened are no keys, until one pauses")
  func refusedLine() {
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.status = .running }
    explorer.type("3Nxy")
    #expect(explorer.state.question == nil && explorer.state.pending == nil)
    #expect(explorer.screen.contains("N: there are no pairs yet"))
    explorer.take(.tick(seconds: 2))
    explorer.type("x")
    #expect(explorer.state.question == .stop)
    explorer.press(.escape)
    explorer.type("N")
    explorer.press(.escape)
    explorer.type("x")
    #expect(explorer.state.question == .stop)
  }

  @Test("the step moves answers and list together, and stays when the run goes on")
  func steps() throws {
    var explorer = explorer()
    let now = explorer.state.pairs.list.pairs
    explorer.type("[[")
    #expect(explorer.state.step == 660 && explorer.state.pairs.list.pairs != now)
    #expect(explorer.state.pairs.list.pairs.map(\.answers) == now.map(\.answers))
    #expect(explorer.screen.contains("--step 660") == false)
    try explorer.matches("pairs-earlier-step")
    explorer.type("{")
    #expect(explorer.state.step == 0 && explorer.state.pairs.list.pairs.allSatisfy { $0.change.map(abs) ?? 1 < 0.02 })
    explorer.type("\\")
    #expect(explorer.state.step == nil && explorer.state.pairs.list.pairs == now)
  }

  @Test("a view is opened again by pair and step, and says how")
  func again() {
    var state = ExplorerState()
    #expect(OpeningView(pair: 17, step: 600).apply(to: &state) == [.loadPairs])
    var explorer = TestExplorer(state, columns: 120, rows: 40)
    var run = DemoFeed.run("first", step: 800)
    (run.path, run.isFollowed) = ("/runs/first", true)
    explorer.take(.opened(run))
    explorer.take(.pairs(DemoFeed.pairs(gain: 0.4)))

    #expect(explorer.state.pairs.list.chosen?.number == 17 && explorer.state.step == 600)
    #expect(explorer.screen.contains("diva-tui /runs/first --pair 17 --step 600"))
    state.pairs.wanted = 999
    var other = TestExplorer(state)
    other.take(.pairs(DemoFeed.pairs(gain: 0.4)))
    #expect(other.screen.contains("there is no pair 999: the last one is 135"))
  }

  @Test("marks, doubts and notes are shown, kept, and found again")
  func notes() throws {
    var explorer = explorer()
    explorer.type("mjLjNhue! q")
    explorer.press(.enter)

    let kept = explorer.work.suffix(3)
    let expected: [Work] = [
      .keepNote(PairNote(isMarked: true), about: 1), .keepNote(PairNote(isDoubtful: true), about: 2),
      .keepNote(PairNote(text: "hue! q"), about: 3),
    ]
    #expect(Array(kept) == expected)
    #expect(explorer.screen.contains("hue! q") && explorer.screen.contains("1 marked"))
    explorer.type("/marked | doubtful | noted")
    #expect(explorer.state.pairs.list.shown.count == 3)
    explorer.press(.escape)
    explorer.type("km")
    explorer.take(.notes(PairNotes()))
    #expect(!explorer.screen.contains("marked"))
  }

  @Test("→ goes to the patterns, ⏎ lists one of them")
  func patterns() throws {
    var explorer = explorer(columns: 80, rows: 24)
    explorer.press(.right, .down)
    #expect(explorer.screen.contains("By pattern"))
    try explorer.matches("pairs-patterns-80x24")
    explorer.press(.enter)
    let listed = explorer.state.pairs.list.shown.map { explorer.state.pairs.list.pairs[$0].pair.pattern }
    #expect(listed.count == 15 && Set(listed) == [.presence])
  }

  @Test("the difference of two images is grey where they are equal, and never leaves its range")
  func difference() {
    let a = Picture(width: 2, height: 1) { x, _ in x == 0 ? (10, 10, 10) : (0, 255, 100) }
    let b = Picture(width: 2, height: 1) { x, _ in x == 0 ? (10, 10, 10) : (255, 0, 110) }
    let difference = PairLook.difference(a, b)
    #expect(difference[0, 0] == (128, 128, 128) && difference[1, 0] == (255, 0, 168))
    #expect(PairLook.difference(a, b.scaled(toWidth: 4, height: 4)).width == 2)

    var explorer = explorer()
    explorer.type("d")
    #expect(explorer.frame.pictures.count == 3 && explorer.screen.contains("2 − 1, ×4"))
  }

  @Test("patches are asked for as one moves on, and shown once they are there")
  func evidence() throws {
    var explorer = explorer()
    explorer.type("o")
    #expect(explorer.work.last == .weighPatches(0) && explorer.screen.contains("patches: being looked at"))
    #expect(explorer.frame.pictures.count == 2)
    let workspace = try Workspace(mini: Assets.mini())
    let evidence = PairEvidence(
      explorer.state.feed.pairs[0].images.map(\.image), statements: ["a red cup", "a blue cup"],
      models: try workspace.models(), tokenizer: try workspace.tokenizer(), prefix: "",
      preprocessing: workspace.preprocessing)
    explorer.take(.evidence(EvidenceOverlay(1, evidence)))
    #expect(explorer.frame.pictures.count == 4 && explorer.screen.contains("1, baseline"))
    explorer.type("j")
    #expect(explorer.work.last == .weighPatches(1) && explorer.frame.pictures.count == 2)
    explorer.type("o")
    #expect(!explorer.screen.contains("patches"))
  }

  @Test("a pinned pair stays in sight")
  func pin() {
    var explorer = explorer()
    explorer.type("Pj")
    #expect(explorer.screen.contains("pinned 1 "))
    explorer.type("kP")
    #expect(!explorer.screen.contains("pinned"))
  }

  @Test("without recorded similarities it says so, and shows probabilities")
  func old() throws {
    var explorer = explorer()
    let rows = explorer.state.feed.pairs.map { row in
      PairRow(
        pair: row.pair, images: row.images, baseline: PairPrediction(row.pair, scores: row.baseline!.scores),
        tuned: PairPrediction(row.pair, scores: row.tuned!.scores))
    }
    explorer.take(.pairs(rows))
    #expect(explorer.screen.contains("similarities were not recorded in this run"))
    #expect(explorer.screen.contains("p of own"))
  }

  @Test("a line further takes no longer with 2,000 pairs than with 135")
  func speed() {
    let many = (0..<2000).map { index -> PairRow in
      let row = DemoFeed.watched.feed.pairs[index % 135]
      let pair = ImagePair(index: index, pattern: row.pair.pattern, statements: row.pair.statements)
      return PairRow(
        pair: pair, images: row.images, baseline: PairPrediction(pair, scores: row.baseline!.scores),
        tuned: PairPrediction(pair, scores: row.tuned!.scores))
    }
    /// The quickest of several, as other tests run beside.
    func line(_ rows: [PairRow]) -> Double {
      var explorer = TestExplorer(DemoFeed.watched, columns: 120, rows: 36)
      explorer.type("3")
      explorer.take(.pairs(rows))
      let times = (0..<8).map { _ in
        let start = ContinuousClock.now
        explorer.press(.down)
        _ = explorer.frame
        return (ContinuousClock.now - start) / .seconds(1)
      }
      return times.min() ?? 0
    }
    #expect(line(many) < 3 * line(DemoFeed.watched.feed.pairs))
  }
}
