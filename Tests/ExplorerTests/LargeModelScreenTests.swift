import Testing

@testable import Engine
@testable import Explorer
@testable import Recap
@testable import Terminal

/// What the screens show while large models are opened, answer, rebuild, and before they are trained.
@Suite struct LargeModelScreenTests {
  private static let problem = Problem(
    "cannot open /models/sd: there is no such folder",
    advice: "give the folder that holds model_index.json, unet and vae")

  private func opening(_ diffusion: OpeningPart.State = .waiting) -> [OpeningPart] {
    let reading = ReadingProgress(
      name: "tuned.pth", tensors: 120, allTensors: 302, bytes: 640_000_000, allBytes: 1_215_873_024)
    return [
      OpeningPart(kind: .clip, path: "/models/ViT-L-14.pt", state: .ready("openai-vit-l-14, 428 M weights")),
      OpeningPart(kind: .tuned, path: "/models/diva/OpenAI-ViT-L-14-224-tuned.pth", state: .reading(reading)),
      OpeningPart(kind: .pairs, path: "/data/MMVP_VLM"),
      OpeningPart(kind: .diffusion, path: "/models/stable-diffusion-2-1-base", state: diffusion),
    ]
  }

  /// 34 of 135 pairs answered by both models.
  private func scored(_ explorer: inout TestExplorer, tuned: Bool = true) {
    let rows = DemoFeed.pairs(gain: 0.3).enumerated().map { index, row in
      var row = row
      if index >= 36 { row.baseline = nil }
      if index >= 34 || !tuned { row.tuned = nil }
      return row
    }
    explorer.take(.pairs(rows))
    explorer.report { $0.scoring = WorkProgress(done: 140, all: 540, secondsLeft: 432) }
  }

  private func rebuilding(_ stage: RebuildProgress.Stage) -> RebuildProgress {
    RebuildProgress(
      imageIndex: 1, timestep: 800, density: .fraction(0.3), stage: stage, doing: "tuned, step 3 of 12",
      progress: WorkProgress(done: 19, all: 30, secondsLeft: 66), noised: DemoFeed.sample(2),
      byBaseline: DemoFeed.sample(3))
  }

  @Test("The opening tells part by part how far it is, and the memory in use", arguments: ScreenTests.sizes)
  func openingScreen(size: Size) throws {
    var explorer = TestExplorer(ExplorerState(), columns: size.columns, rows: size.rows)
    explorer.report { $0.status = .loading("opening the models") }
    explorer.report { $0.opening = opening() }
    explorer.take(.tick(seconds: 0, memory: 2_310_000_000))

    #expect(explorer.screen.contains("0.64 of 1.22 GB") && explorer.screen.contains("2.31 GB in use"))
    try explorer.matches("opening-\(size.columns)x\(size.rows)")
  }

  @Test(
    "A part that cannot be opened is told with what to do, on the screens that need it",
    arguments: [0, 1, 3])
  func failing(index: Int) throws {
    let screen = Explorer.screens[index]
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.opening = opening(.failed(Self.problem)) }
    explorer.report { $0.status = .ready }
    explorer.type("\(Explorer.screens[index].number)")

    #expect(explorer.screen.contains("cannot open /models/sd: there is no such folder"))
    #expect(explorer.screen.contains("→ give the folder that holds model_index.json"))
    try explorer.matches("opening-failed-\(screen.title.lowercased())")
    explorer.type("1n")
    #expect(explorer.work.isEmpty || screen != TrainScreen.self)
    #expect(explorer.screen.contains("n: the diffusion model could not be opened"))
  }

  @Test func aDiffusionModelThatFailedLeavesThePairsUsable() {
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.opening = opening(.failed(Self.problem)) }
    scored(&explorer)
    explorer.type("3")

    #expect(explorer.screen.contains("34 of 135 answered") && !explorer.screen.contains("cannot open"))
  }

  @Test("Answers appear as they are known, with the score so far", arguments: ScreenTests.sizes)
  func scoring(size: Size) throws {
    var explorer = TestExplorer(columns: size.columns, rows: size.rows)
    scored(&explorer)
    explorer.type("3")

    #expect(explorer.screen.contains("140 of 540 images · 7:12 left"))
    try explorer.matches("pairs-scoring-\(size.columns)x\(size.rows)")
  }

  @Test func theRunningScoreCountsPairsThatBothHaveAnswered() {
    var explorer = TestExplorer()
    scored(&explorer)
    let score = RunningScore(explorer.state.feed.pairs)
    let known = explorer.state.feed.pairs.prefix(34)

    #expect(score.answered == 34 && score.pairs == 135)
    #expect(score.baselineRight == known.count { $0.baseline!.isCorrect })
    #expect(score.tunedRight == known.count { $0.tuned!.isCorrect })
    #expect(score.tunedRight! - score.baselineRight == score.fixed - score.broken)
    scored(&explorer, tuned: false)
    let alone = RunningScore(explorer.state.feed.pairs)
    #expect(alone.answered == 36 && alone.tunedRight == nil)
    #expect(RunningScore([]).texts.map(\.0) == ["no pair answered yet"])
  }

  /// On image 2, of which nothing has been rebuilt, as of nothing that nobody asked for.
  private func lookingAtANewImage(columns: Int = 80, rows: Int = 24) -> TestExplorer {
    var explorer = TestExplorer(columns: columns, rows: rows)
    explorer.state.feed.run.rebuildsEveryLevel = false
    explorer.state.feed.reconstructions = []
    explorer.state.reconstruct.imageIndex = 1
    explorer.type("2")
    return explorer
  }

  @Test("A picture that is being rebuilt shows how far it is, and what is made of it", arguments: ScreenTests.sizes)
  func rebuilding(size: Size) throws {
    var explorer = lookingAtANewImage(columns: size.columns, rows: size.rows)
    explorer.report { $0.rebuilding = rebuilding(.working) }

    #expect(explorer.screen.contains("tuned, step 3 of 12 · 1:06 left"))
    #expect(explorer.frame.pictures.count == 3)
    try explorer.matches("reconstruct-progress-\(size.columns)x\(size.rows)")
  }

  @Test func aPictureOfAnEarlierStepStaysWhileItIsRebuilt() {
    var explorer = lookingAtANewImage(columns: 120, rows: 36)
    explorer.take(.reconstruction(DemoFeed.reconstruction(1, timestep: 800, step: 40, of: 800)))
    explorer.report { $0.rebuilding = rebuilding(.working) }

    #expect(explorer.screen.contains("with the tuned CLIP of step 40"))
    #expect(explorer.screen.contains("tuned, step 3 of 12"))
    #expect(explorer.frame.pictures.count >= 4)
  }

  @Test func cancellingStopsThePictureAndTheSameKeyTakesItUpAgain() throws {
    var explorer = lookingAtANewImage()
    explorer.type("C")
    #expect(explorer.screen.contains("C: no reconstruction is running"))
    explorer.report { $0.rebuilding = rebuilding(.working) }
    explorer.type("C")
    #expect(explorer.work.last == .cancelRebuilding)
    explorer.report { $0.rebuilding = rebuilding(.cancelled) }

    #expect(explorer.screen.contains("cancelled; C resumes it"))
    try explorer.matches("reconstruct-cancelled")
    explorer.type("C")
    #expect(explorer.work.last == .reconstruct(imageIndex: 1, timestep: 800, density: .fraction(0.3)))
  }

  @Test func whatIsRebuiltOfAnotherDensityOrImageIsNotShown() {
    var explorer = lookingAtANewImage()
    explorer.report { $0.rebuilding = rebuilding(.working) }
    #expect(explorer.screen.contains("step 3 of 12"))
    explorer.press(.right)
    #expect(!explorer.screen.contains("step 3 of 12"))
    explorer.press(.left)
    explorer.type("4+")

    #expect(explorer.state.density == .fraction(0.5) && explorer.state.feed.run.density == .fraction(0.3))
    #expect(!explorer.screen.contains("step 3 of 12"))
  }

  @Test(
    "On a larger screen the density shows its picture's progress", arguments: [RebuildProgress.Stage.working, .resting])
  func densityProgress(stage: RebuildProgress.Stage) throws {
    var explorer = lookingAtANewImage(columns: 120, rows: 36)
    explorer.report { $0.rebuilding = rebuilding(stage) }
    explorer.type("4")

    try explorer.matches("density-\(stage == .working ? "progress" : "resting")")
  }

  // MARK: - Costs

  private func cost(_ stage: RunCost.Stage, available: Int = 17_900_000_000) throws -> RunCost {
    var plan = TrainConfiguration()
    (plan.steps, plan.batch, plan.accumulate) = (1600, 2, 16)
    var cost = RunCost(
      plan: plan,
      memory: RunMemory(weights: 7_100_000_000, optimizer: 2_438_000_000, passes: 4_822_000_000),
      opened: 5_320_000_000, available: available, stepsPerAligning: 1.4)
    cost.stage = stage
    if stage == .measured { cost.aligningSeconds = 92 }
    return cost
  }

  @Test("Before a run begins it says what it costs, and asks", arguments: ScreenTests.sizes)
  func asking(size: Size) throws {
    var explorer = TestExplorer(ExplorerState(), columns: size.columns, rows: size.rows)
    explorer.open(steps: 1600)
    explorer.report { $0.status = .ready }
    explorer.take(.tick(seconds: 0, memory: 5_320_000_000))
    try explorer.report { $0.cost = try cost(.asking) }

    #expect(explorer.screen.contains("about 19.68 GB"))
    try explorer.matches("cost-asking-\(size.columns)x\(size.rows)")
    explorer.press(.enter)
    explorer.press(.escape)
    #expect(explorer.work == [.confirmCost, .declineCost])
    explorer.type("n")
    #expect(explorer.screen.contains("n: Enter confirms, Esc cancels"))
  }

  @Test func aRunThatDoesNotFitIsSaidToBeTooLarge() throws {
    var explorer = TestExplorer(ExplorerState(), columns: 120, rows: 36)
    try explorer.report { $0.cost = try cost(.asking, available: 4_000_000_000) }

    #expect(explorer.screen.contains("more than there is: 9.32 GB"))
    try explorer.matches("cost-too-large")
  }

  @Test func anEvaluationTellsHowFarItIs() {
    var explorer = TestExplorer(ExplorerState(), columns: 120, rows: 36)
    explorer.open(steps: 4)
    explorer.report { $0.status = .running }
    #expect(explorer.screen.contains("after the first evaluation"))

    explorer.report { $0.scoring = WorkProgress(done: 12, all: 120, secondsLeft: nil) }
    #expect(explorer.screen.contains("Answers  12/120"))
    #expect(explorer.screen.contains("when all images are scored"))
    explorer.report { $0.scoring = nil }
    explorer.report { $0.zeroShot = WorkProgress(done: 3, all: 120) }
    #expect(explorer.screen.contains("Answers  3/120"))
    explorer.report { $0.zeroShot = nil }
    #expect(!explorer.screen.contains("/120"))

    // On a small screen the models' names need the room.
    explorer.report { $0.scoring = WorkProgress(done: 12, all: 120, secondsLeft: nil) }
    explorer.size = Size(columns: 80, rows: 24)
    #expect(explorer.screen.contains("Answers      baseline    tuned"))
  }

  @Test func whileTheFirstStepIsMeasuredNothingCanBeDecided() throws {
    var explorer = TestExplorer(ExplorerState(), columns: 120, rows: 36)
    explorer.open(steps: 1600)
    explorer.report { $0.status = .running }
    try explorer.report { $0.cost = try cost(.measuring) }
    explorer.take(.tick(seconds: 75))
    explorer.press(.enter)

    #expect(explorer.work.isEmpty)
    #expect(explorer.screen.contains("The first step is running: for 1:15"))
    explorer.report { $0.stepping = WorkProgress(done: 4, all: 16, secondsLeft: 225) }
    #expect(explorer.screen.contains("about 5 min, after 4 of 16 micro-batches"))
    #expect(explorer.screen.contains("· 4/16"))
    #expect(!explorer.screen.contains("no news"))
  }

  @Test func theMeasuredStepSaysWhatTheWholeRunTakes() throws {
    var explorer = TestExplorer(ExplorerState(), columns: 120, rows: 36)
    explorer.open(steps: 1600)
    explorer.report { $0.status = .paused }
    explorer.take(.log(.step(DemoFeed.step(1, .align))))
    try explorer.report { $0.cost = try cost(.measured) }

    // 100 × 92 s + 1600 × 1.4 × 92 s.
    #expect(explorer.screen.contains("2 days 11 h") && explorer.screen.contains("2 min 9 s"))
    try explorer.matches("cost-measured")
  }

  @Test func ofTheMiniWorldTheEstimateIsVisibleWithoutAQuestion() throws {
    var explorer = TestExplorer(ExplorerState())
    var cost = try cost(.free)
    cost.aligningSeconds = 0.1
    explorer.open(steps: 1600)
    explorer.report { $0.status = .running }
    explorer.take(.tick(seconds: 0, memory: 400_000_000))
    explorer.take(.log(.step(DemoFeed.step(10, .align))))
    explorer.report { $0.cost = cost }

    // 90 aligning steps of 2 × 16 images at 116 a second, and 1600 others that take 1.4 times as long; no evaluation was timed.
    #expect(explorer.screen.contains("0:03 · ~"))
    #expect(explorer.screen.contains("400 MB of ~19.68 GB"))
  }
}
