import Engine
import Testing

@testable import Explorer
@testable import Recap

/// What the screens show of runs that other processes train, or trained.
@Suite struct WatchedScreenTests {
  private static func withoutSteps(number: Int = 0) -> OpenedRun {
    var run = OpenedRun(name: "mini world", plan: DemoFeed.plan())
    (run.isFollowed, run.number) = (true, number)
    return run
  }

  @Test func aLiveRunSaysSoAndCannotBeSteered() throws {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.report { $0.status = .live }
    explorer.type("p")

    #expect(explorer.work.isEmpty)
    #expect(explorer.screen.contains("● live 100 %"))
    #expect(explorer.screen.contains("p: this run is read-only"))
    try explorer.matches("train-live")
  }

  @Test(
    "The header says how a run ended",
    arguments: [
      (TrainingStatus.finished, "✓ finished"), (.stopped, "■ stopped 100 %"), (.paused, "∥ paused 100 %"),
      (.crashed(silentSeconds: 600), "✗ crashed 100 %"),
    ])
  func endings(status: TrainingStatus, words: String) {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.report { $0.status = status }

    #expect(explorer.screen.split(separator: "\n")[0].hasSuffix(words))
  }

  @Test func theAligningLossIsACurveUntilTheFirstStepOnCLIP() throws {
    var explorer = TestExplorer(ExplorerState())
    explorer.open("mini world", steps: 800, alignSteps: 150)
    explorer.report { $0.status = .running }
    for step in 1...90 { explorer.take(.log(.step(DemoFeed.step(step, .align)))) }

    #expect(explorer.screen.contains("● aligning 60 %"))
    #expect(explorer.screen.contains("Aligning loss, EMA 50  0.0"))
    try explorer.matches("train-aligning")
    explorer.take(.log(.step(DemoFeed.step(1))))
    #expect(!explorer.screen.contains("Aligning"))
    #expect(explorer.screen.contains("● training 0 %"))
  }

  @Test(
    "Without models Reconstruct and Density say why, calmly", arguments: [1, 3])
  func absence(index: Int) throws {
    var explorer = TestExplorer(ExplorerState())
    explorer.take(.opened(Self.withoutSteps()))
    explorer.report { $0.status = .finished }
    explorer.report { $0.absence = "The models of this run cannot be opened: there is no folder /models/clip." }
    explorer.type("\(Explorer.screens[index].number)")

    #expect(explorer.screen.contains("there is no folder /models/clip"))
    try explorer.matches("\(Explorer.screens[index].title.lowercased())-absent")
  }

  @Test func pairsWithoutPicturesStillShowTheAnswers() throws {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.take(
      .pairs(
        explorer.state.feed.pairs.map { row in
          PairRow(
            pair: ImagePair(index: row.pair.index, pattern: nil, statements: ["one", "two"]), images: [],
            baseline: row.baseline, tuned: row.tuned)
        }))
    explorer.type("3")

    try explorer.matches("pairs-without-pictures")
  }

  @Test func anUnansweredRunSaysWhenAnswersCome() {
    var state = DemoFeed.watched
    state.feed.take([PairRow]())
    state.feed.run = Self.withoutSteps()
    var explorer = TestExplorer(state)
    explorer.type("3")

    #expect(explorer.screen.contains("after the first evaluation"))
  }

  @Test func enterOpensTheChosenRun() {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.type("6")
    explorer.press(.down, .down, .down, .enter)

    #expect(explorer.work == [.openRun(2)])
    #expect(explorer.state.screen.title == "Train")
  }

  @Test func enterOnTheOpenedRunJustGoesThere() {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.type("6")
    explorer.press(.enter)

    #expect(explorer.work.isEmpty)
    #expect(explorer.state.screen.title == "Train")
  }

  @Test func anotherRunStartsWithAnEmptyFeedAndTheChosenImage() {
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.type("2")
    explorer.press(.right)
    explorer.take(.opened(Self.withoutSteps(number: 1)))
    explorer.take(.samples([]))

    #expect(explorer.state.feed.history.steps.isEmpty && explorer.state.feed.reconstructions.isEmpty)
    #expect(explorer.state.runs.opened == 1)
    #expect(explorer.state.reconstruct.imageIndex == 1)
  }

  @Test func theListOfRunsIsThereOnlyWhenRunsWereGiven() {
    var explorer = TestExplorer()
    explorer.type("6")

    #expect(explorer.state.screen.title == "Train")
    #expect(explorer.screen.contains("there is no list of runs here"))
    #expect(!explorer.screen.contains("6 Runs"))
  }

  @Test func aRunThatCannotBeReadSaysWhyInTheList() {
    var rows = DemoFeed.runs
    rows[0].status = .failed(Problem("cannot read /runs/first/log.jsonl, line 5: not valid JSON"))
    var explorer = TestExplorer(DemoFeed.watched)
    explorer.take(.runs(rows))
    explorer.type("6")

    #expect(explorer.screen.contains("✗ failed"))
    #expect(explorer.screen.contains("line 5: not valid JSON"))
  }

  @Test func theListStaysInsideAndKeepsTheChosenRunInSight() {
    var state = DemoFeed.watched
    state.runs.rows = (0..<80).map { index in
      RunRow(name: "run \(index)", status: .finished, step: 800, totalSteps: 800)
    }
    state.runs.cursor = 71
    var explorer = TestExplorer(state)
    explorer.type("6")

    #expect(explorer.screen.contains("run 71"))
    #expect(!explorer.screen.contains("run 3 "))
  }

  @Test func whatWasRebuiltWithAnotherDensityIsNotShown() {
    var explorer = TestExplorer()
    explorer.type("2")
    #expect(explorer.screen.contains("with the tuned CLIP of step 420"))
    explorer.type("4+2")

    #expect(explorer.screen.contains("being reconstructed"))
  }
}
