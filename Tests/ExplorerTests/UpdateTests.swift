import Testing

@testable import Explorer
@testable import Recap

@Suite struct UpdateTests {
  @Test func startPauseResumeAndStopAskForThatWork() {
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.status = .ready }
    explorer.type("n")
    explorer.report { $0.status = .running }
    explorer.type("p")
    explorer.report { $0.status = .paused }
    explorer.type("pxy")

    #expect(explorer.work == [.startTraining, .pause, .resume, .stop])
  }

  @Test func aKeyThatDoesNothingNowSaysWhy() {
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.status = .loading("loading the mini world") }
    explorer.type("n")

    #expect(explorer.work.isEmpty)
    #expect(explorer.screen.contains("n: loading the mini world first"))
    explorer.press(.escape)
    #expect(!explorer.screen.contains("n: loading"))
  }

  @Test func tabAndDigitsGoThroughTheScreens() {
    var explorer = TestExplorer()
    explorer.press(.tab)
    #expect(explorer.state.screen.title == "Reconstruct")
    explorer.press(.tab, .tab, .tab, .tab, .tab)
    #expect(explorer.state.screen.title == "Train")
    explorer.type("4")
    #expect(explorer.state.screen.title == "Density")
  }

  @Test func choosingAnImageOrANoiseLevelAsksForItsReconstruction() {
    var explorer = TestExplorer()
    explorer.type("2")
    explorer.press(.left)
    explorer.type("tj")

    func look(_ image: Int, _ timestep: Int) -> Work {
      .reconstruct(imageIndex: image, timestep: timestep, density: .fraction(0.3))
    }
    #expect(explorer.work == [look(0, 800), look(5, 800), look(5, 900), look(0, 900)])
    explorer.press(.up)
    #expect(explorer.screen.contains("being reconstructed"))
    explorer.take(.reconstruction(DemoFeed.reconstruction(5, timestep: 900, step: 420, of: 800)))
    #expect(explorer.screen.contains("with the tuned CLIP of step 420"))
  }

  @Test func anOpenReconstructScreenAsksAsSoonAsTheImagesAreThere() {
    var explorer = TestExplorer(ExplorerState())
    explorer.type("2")
    explorer.open(steps: 4)
    #expect(explorer.work.isEmpty)
    explorer.take(.samples([DemoFeed.sample(0)]))

    #expect(explorer.work == [.reconstruct(imageIndex: 0, timestep: 800, density: .fraction(0.3))])
  }

  @Test func theNoiseLevelStopsAtBothEnds() {
    var explorer = TestExplorer()
    explorer.type("2")
    for _ in 0..<20 { explorer.type("t") }
    #expect(explorer.work.last == .reconstruct(imageIndex: 0, timestep: 900, density: .fraction(0.3)))
    for _ in 0..<20 { explorer.type("T") }
    #expect(explorer.work.last == .reconstruct(imageIndex: 0, timestep: 100, density: .fraction(0.3)))
  }

  @Test func pairsAreLoadedWhenFirstLookedAt() {
    var explorer = TestExplorer(ExplorerState())
    explorer.type("3")

    #expect(explorer.work == [.loadPairs])
  }

  @Test func theFilterShowsOnlySuchPairs() {
    var explorer = TestExplorer()
    explorer.type("3/fixed")
    func listed() -> [AnsweredPair] { explorer.state.pairs.list.shown.map { explorer.state.pairs.list.pairs[$0] } }

    #expect(!listed().isEmpty)
    #expect(listed().allSatisfy { !$0.baseline!.isCorrect && $0.tuned!.isCorrect })
    explorer.type(" orient")
    #expect(!listed().isEmpty && listed().allSatisfy { $0.pair.pattern == .orientation })
  }

  @Test func theCursorStaysInsideWhenNewAnswersShortenTheList() {
    var explorer = TestExplorer()
    explorer.type("3/broken")
    explorer.press(.enter)
    for _ in 0..<200 { explorer.press(.down) }
    explorer.take(.pairs(Array(explorer.state.feed.pairs.prefix(3))))

    #expect(explorer.state.pairs.list.cursor < max(1, explorer.state.pairs.list.shown.count))
    explorer.take(.pairs([]))
    #expect(explorer.state.pairs.list.cursor == 0 && explorer.state.pairs.list.chosen == nil)
  }

  @Test func aTieGoesToTheSecondImageAsInTheReference() {
    let answer = PairPrediction(
      ImagePair(index: 0, pattern: .color, statements: ["red", "blue"]), scores: [0.5, 0.5])

    #expect(answer.predicted == [.img2, .img2])
    #expect(answer.isCorrect(statement: 1))
    #expect(!answer.isCorrect)
  }

  @Test func controlCQuitsWithoutAsking() {
    var explorer = TestExplorer()
    explorer.type("?")
    explorer.press(.control("c"))

    #expect(explorer.work == [.interrupt])
  }

  @Test func picturesGoThroughWhatTheTerminalCan() {
    var state = DemoFeed.state
    state.graphicsChoices = [.blocks, .ascii, .none]
    state.graphics = .blocks
    var explorer = TestExplorer(state)
    explorer.type("ggg")

    #expect(explorer.state.graphics == .blocks)
    #expect(explorer.screen.contains("pictures: half blocks"))
  }

  @Test func aSilentTrainerIsNoticed() {
    var explorer = TestExplorer()
    explorer.take(.tick(seconds: 29))
    #expect(explorer.screen.contains("● training 53 %"))
    explorer.take(.tick(seconds: 95))

    #expect(explorer.screen.contains("no news for 1:35"))
    explorer.take(.log(.step(DemoFeed.step(421))))
    #expect(explorer.screen.contains("● training 53 %"))
  }

  @Test func whyAKeyDidNothingIsForgottenAfterFiveSeconds() {
    var explorer = TestExplorer()
    explorer.take(.tick(seconds: 20))
    explorer.type("6")
    explorer.take(.tick(seconds: 24))
    #expect(explorer.screen.contains("there is no list of runs here"))

    explorer.take(.tick(seconds: 25))
    #expect(!explorer.screen.contains("there is no list of runs here"))
  }

  @Test func aProblemStandsAboveTheFooterUntilTheNextKey() {
    var explorer = TestExplorer()
    explorer.take(.problem(.init("cannot rebuild image 7: there are only 6")))

    #expect(explorer.screen.contains("cannot rebuild image 7"))
    explorer.press(.escape)
    #expect(!explorer.screen.contains("cannot rebuild image 7"))
  }

  @Test func problemsSinceTheLastKeyStandOneBelowTheOther() {
    var explorer = TestExplorer()
    for image in [3, 5, 5, 7, 9] { explorer.take(.problem(.init("image \(image) cannot be read"))) }
    let lines = explorer.screen.split(separator: "\n", omittingEmptySubsequences: false)

    #expect(
      lines[19...22].map(String.init) == [
        " 1 earlier, then:", " image 5 cannot be read", " image 7 cannot be read", " image 9 cannot be read",
      ])
    #expect(lines[23].contains("chart"))
    explorer.press(.escape)
    #expect(!explorer.screen.contains("cannot be read"))
  }

  @Test("an entry costs the same however long the run is")
  func longRun() {
    var state = ExplorerState()
    _ = Explorer.update(&state, .opened(OpenedRun(name: "long", plan: DemoFeed.plan(steps: 100_000))))
    let begin = ContinuousClock.now
    // Copied at each step the reports alone would be 400 GB.
    for step in 1...100_000 { _ = Explorer.update(&state, .log(.step(DemoFeed.step(step)))) }

    #expect(state.feed.run.step == 100_000 && state.feed.run.totalSteps == 100_000)
    #expect(ContinuousClock.now - begin < .seconds(60))
  }
}
