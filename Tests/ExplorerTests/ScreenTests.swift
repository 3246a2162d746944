import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite struct ScreenTests {
  static let sizes = [Size(columns: 80, rows: 24), Size(columns: 120, rows: 36), Size(columns: 200, rows: 60)]
  static let smallest = Size(columns: 60, rows: 16)

  @Test(
    "Every screen looks as it did when a person last looked", arguments: Explorer.screens.indices, [smallest] + sizes)
  func golden(index: Int, size: Size) throws {
    let screen = Explorer.screens[index]
    let state = screen == RunsScreen.self ? DemoFeed.watched : DemoFeed.state
    var explorer = TestExplorer(state, columns: size.columns, rows: size.rows)
    explorer.type("\(Explorer.screens[index].number)")

    try explorer.matches("\(screen.title.lowercased())-\(size.columns)x\(size.rows)")
  }

  @Test(
    "Before the models are loaded every screen says what will stand there",
    arguments: Explorer.screens.indices.filter { Explorer.screens[$0] != RunsScreen.self })
  func empty(index: Int) throws {
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.status = .loading("loading the mini world") }
    explorer.type("\(Explorer.screens[index].number)")

    try explorer.matches("\(Explorer.screens[index].title.lowercased())-empty")
  }

  @Test func helpListsTheKeysAndWhyOneDoesNothing() throws {
    var state = ExplorerState()
    state.feed.session.status = .ready
    var explorer = TestExplorer(state)
    explorer.type("?pause")

    #expect(
      explorer.screen.contains("Now: nothing is") && explorer.screen.contains("letters narrow it down"))
    try explorer.matches("help")
  }

  @Test("The Models screen says what is loaded, and why something is not")
  func models() {
    var explorer = TestExplorer(columns: 200, rows: 60)
    explorer.type("7")
    #expect(explorer.work == [.describeModels])
    #expect(explorer.screen.contains("QuickGELU") && explorer.screen.contains("1024 → 768"))
    explorer.press(.down)
    #expect(!explorer.screen.contains("QuickGELU") && explorer.screen.contains("1024 → 768"))
    var run = RunDescription(
      configuration: DemoFeed.plan(), version: "0", clip: "/gone/clip.pt", diffusion: RunDescription.embedded,
      data: RunDescription.miniWorld, threads: 1)
    run.backbone = .openAIL14
    explorer.take(.models(run.facts("/gone/clip.pt is not there")))
    #expect(explorer.screen.contains("/gone/clip.pt is not there") && explorer.screen.contains("openai-vit-l-14"))
  }

  @Test func quittingAsksWhenStepsWouldBeLost() throws {
    var explorer = TestExplorer()
    explorer.type("q")

    #expect(explorer.work.isEmpty)
    try explorer.matches("quit-question")
  }

  @Test("Three figures of fixed and of broken pairs fit beside the smallest p", arguments: sizes)
  func changedPairs(size: Size) {
    var explorer = TestExplorer(columns: size.columns, rows: size.rows)
    var evaluation = DemoFeed.evaluation(480, of: 800)
    (evaluation.fixed, evaluation.broken, evaluation.pValue) = (243, 139, 1e-9)
    explorer.take(.log(.evaluation(evaluation)))

    let isNarrow = size.columns == 80
    #expect(explorer.screen.contains(isNarrow ? "243 fixed·139 broken  p<0.0001" : "243 fixed · 139 broken"))
    #expect(isNarrow || explorer.screen.contains("p < 0.0001"))
  }

  @Test func withoutPicturesTheRoomGoesToTheRest() throws {
    var state = DemoFeed.state
    state.graphics = .none

    try TestExplorer(state).matches("train-no-pictures")
    #expect(TestExplorer(state).frame.pictures.isEmpty)
  }

  @Test(
    "A window that is too small says so, and what is drawn never leaves it", arguments: [1, 5, 15, 40, 59], [1, 2, 15])
  func tooSmall(columns: Int, rows: Int) {
    var explorer = TestExplorer(columns: columns, rows: rows)

    #expect(explorer.frame.size == Size(columns: columns, rows: rows))
    #expect(explorer.frame.pictures.isEmpty)
    #expect(columns < 40 || rows < 15 || explorer.screen.contains("needs 60 × 16"))
    explorer.size = Size(columns: 80, rows: 24)
    #expect(explorer.screen.contains("Pairs both right"))
  }

  @Test("No screen puts a picture on the last row", arguments: Explorer.screens.indices, [16, 17, 20, 24, 33, 70])
  func picturesStayAboveTheLastRow(index: Int, rows: Int) {
    var explorer = TestExplorer(DemoFeed.watched, columns: 60, rows: rows)
    explorer.type("\(Explorer.screens[index].number)")

    #expect(explorer.frame.pictures.allSatisfy { $0.rect.endRow < rows && $0.rect.endColumn <= 60 })
  }

  @Test func controlCharactersFromFilesNeverReachTheScreen() {
    var state = DemoFeed.state
    let pair = ImagePair(
      index: 0, pattern: .color, statements: ["red\u{1B}[2Jcar\u{7}\u{9B}5m\n\u{202E}", "blue"])
    let row = PairRow(pair: pair, images: state.feed.pairs[0].images)
    (state.feed.run.name, state.feed.run.path) = ("\u{1B}]0;title\u{7}", "\u{1B}]0;title\u{7}")
    var explorer = TestExplorer(state)
    explorer.take(.pairs([row] + state.feed.pairs.dropFirst()))
    let train = explorer.frame
    explorer.type("3")

    #expect(explorer.screen.contains("red[2Jcar5m"))
    for cell in train.cells + explorer.frame.cells {
      let steers = cell.character.unicodeScalars.contains {
        [.control, .format].contains($0.properties.generalCategory) && cell.character != Cell.continuation
      }
      #expect(!steers)
    }
  }

  @Test func aFailureIsSaidWhereTheCurveWouldBe() {
    var explorer = TestExplorer(ExplorerState())
    explorer.report { $0.status = .failed(.init("cannot read unet.safetensors: the file ends after 80 bytes")) }

    #expect(explorer.screen.contains("cannot read unet.safetensors"))
    #expect(explorer.screen.contains("✗ failed"))
  }

  @Test func theKeyTableNamesEveryKeyOfEveryScreen() {
    let table = keyTableMarkdown()

    #expect(
      table.hasPrefix("| screen | key | command | what it does |\n|---|---|---|---|\n")
        && table.contains("| everywhere | `Tab 1–7` |"))
    for binding in Explorer.keys + Explorer.screens.flatMap({ $0.keys }) { #expect(table.contains(binding.tooltip)) }
  }

  @Test func everyGlyphOfEveryScreenHasAPlainStandIn() {
    for index in Explorer.screens.indices {
      var explorer = TestExplorer(columns: 120, rows: 36)
      explorer.type("\(Explorer.screens[index].number)")
      let strange = explorer.frame.cells.map(\.character).filter { PlainGlyphs.ascii($0) == "?" && $0 != "?" }
      #expect(strange.isEmpty)
    }
  }
}
