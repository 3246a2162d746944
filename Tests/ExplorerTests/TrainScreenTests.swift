import Engine
import Testing

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("The Train screen")
struct TrainScreenTests {
  /// Answers to the demo's 135 pairs at these steps; the tuned CLIP gets better at Colour, and at pair 76 most.
  private static func answers(_ steps: [Int]) -> [LogEntry] {
    let pairs = DemoFeed.pairs(gain: 0.1).map(\.pair)
    let baseline = pairs.map { PairPrediction($0, scores: $0.index % 3 == 0 ? [0.6, 0.4] : [0.4, 0.45]) }
    return steps.map { step in
      let tuned = baseline.map { old in
        let isBetter = step > 0 && old.pair.pattern == .color
        guard isBetter else { return old }
        return PairPrediction(old.pair, scores: old.pair.index == 76 ? [0.95, 0.02] : [0.7, 0.3])
      }
      return .predictions(PredictionReport(step: step, baseline: baseline, tuned: tuned))
    }
  }

  private func explorer(_ columns: Int = 120, _ rows: Int = 36) -> TestExplorer {
    var explorer = TestExplorer(columns: columns, rows: rows)
    for entry in Self.answers([360, 420]) { explorer.take(.log(entry)) }
    return explorer
  }

  @Test("finds the pair that moved most, and asks for a reconstruction of its picture without moving a cursor")
  func changedMost() throws {
    let explorer = explorer()
    let changed = try #require(ChangedMost(explorer.state.feed.history))

    #expect(
      changed.pairs[0].place == 76 && changed.pairs[0].right.suffix(2) == [true, true] && changed.pairs.count == 3)
    #expect(abs(changed.pairs[0].now - 0.45) < 1e-6 && changed.pairs[0].side == 0)
    #expect(
      explorer.work.last
        == .reconstructPair(PairPicture(place: 76, side: 0), timestep: 800, density: .fraction(0.3)))
    #expect(explorer.state.reconstruct.imageIndex == 0)
  }

  @Test("names noise and density of the pictures whole, at any width")
  func source() {
    for columns in [80, 120] {
      var explorer = TestExplorer(columns: columns, rows: columns / 10 * 3)
      explorer.take(.log(.density(step: 420, density: .classOnly)))
      #expect(explorer.screen.contains("t = 800, class only"))
    }
  }

  @Test("shows that pair with its statements, margins and the level of its noise")
  func strip() {
    var explorer = explorer(200, 60)
    explorer.take(.pairSample(PairPicture(place: 76, side: 0), DemoFeed.sample(3)))
    explorer.take(.reconstruction(DemoFeed.reconstruction(6, timestep: 800, step: 420, of: 800)))

    #expect(explorer.screen.contains("Changed most  from noise t = 800, 30 % · with the tuned CLIP of step 420"))
    #expect(explorer.screen.contains("pair 77, Colour") && explorer.screen.contains("right ●●"))
    #expect(explorer.frame.pictures.count == 4)
  }

  @Test("says pattern by pattern what changed, whether that is significant, and how many pairs cannot be told apart")
  func patterns() throws {
    let feed = explorer().state.feed
    var history = feed.history
    history.add(.evaluation(DemoFeed.evaluation(420, of: 800)))
    let rows = PatternTable(history, pairs: feed.pairs).rows

    #expect(rows.map(\.name) == Pattern.allCases.map(\.shortName))
    let (colour, text) = (rows[5], rows[7])
    #expect(colour.isSure && !text.isSure)
    // Ten of fifteen statements' pairs both choose the second picture before, none now.
    #expect(try abs(#require(colour.same).before - 100 * 10 / 15) < 0.1 && colour.same?.now == 0)
    #expect(text.same?.before == text.same?.now)
    #expect(PatternTable(history, pairs: []).rows.allSatisfy { $0.same == nil && !$0.isSure })
    #expect(PatternTable.sparkline([1, 2, 3], cells: 2) == "▁█" && PatternTable.sparkline([4, 4], cells: 9) == "▄▄")
  }

  @Test("keys choose, enlarge, smooth and scale charts, and read them at one step")
  func charts() {
    var explorer = explorer()
    explorer.press(.right)
    #expect(explorer.screen.contains("▸Loss, EMA 50"))
    explorer.type("z")
    explorer.type("vyO")
    #expect(explorer.screen.contains("▸Loss, EMA 200") && explorer.screen.contains("log y · 5–95 %"))
    #expect(!explorer.screen.contains("By pattern") && explorer.screen.contains("▸Loss"))
    explorer.type("ch")
    #expect(explorer.state.train.crosshair == 412 && explorer.screen.contains("at 412"))
    explorer.press(.escape)
    #expect(!explorer.state.train.isFull && explorer.state.train.crosshair == 412)
    explorer.press(.escape)
    #expect(explorer.state.train.crosshair == nil)
    for _ in TrainChart.all(explorer.state.feed) { explorer.press(.down) }
    #expect(explorer.screen.contains("▸Loss"))
  }

  @Test("retrieval has a chart and rows of its own where a run scores it, and none elsewhere")
  func retrieval() {
    var explorer = explorer()
    #expect(!explorer.screen.lowercased().contains("retrieval"))
    explorer.take(.log(.evaluation(DemoFeed.retrieval(420))))
    #expect(explorer.screen.contains("retrieval              61.0 %   58.5 %"), "\(explorer.screen)")
    #expect(explorer.screen.contains("−2.5 −3.9 … −1.2") && explorer.screen.contains("By pattern"))
    explorer.report { $0.status = .finished }
    #expect(explorer.screen.contains("retrieval  −2.5 points ["), "\(explorer.screen)")
    explorer.state.train.focus = TrainChart.all(explorer.state.feed).firstIndex(of: .retrieval)
    explorer.type("z")
    #expect(explorer.screen.contains("▸Retrieval, recall at 1") && explorer.screen.contains("58.5 %"))
    #expect(TrainChart.retrieval.csv(explorer.state.feed).contains("420,61.0,58.5"))
  }

  @Test("every chart is drawn, on logarithmic axes too", arguments: TrainChart.own.indices, [false, true])
  func everyChart(index: Int, isLog: Bool) {
    var explorer = explorer()
    for step in 421...440 {
      var report = DemoFeed.step(step)
      report.bands = [0.04, step % 2 == 0 ? nil : 0.05, 0.06]
      explorer.take(.log(.step(report)))
    }
    for step in [421, 440] { explorer.take(.log(.evaluation(DemoFeed.retrieval(step)))) }
    explorer.state.train.focus = index
    (explorer.state.train.hasLogX, explorer.state.train.hasLogY) = (isLog, isLog)
    explorer.type("z")
    let dots = explorer.frame.cells.count { ("\u{2801}"..."\u{28FF}").contains($0.character) }
    // Two or three curves of twenty steps of 800: at the right end of a logarithmic axis a cell each.
    #expect(dots >= 2)
  }

  @Test("shows the baseline's answers as a chart while there is nothing else, on the smallest screen too")
  func running() {
    var explorer = TestExplorer(ExplorerState(), columns: 60, rows: 16)
    explorer.open(steps: 800)
    func dots() -> Int { explorer.frame.cells.count { ("\u{2801}"..."\u{28FF}").contains($0.character) } }
    #expect(dots() == 0)
    let pairs = DemoFeed.pairs(gain: 0.1).prefix(60).map { row in
      PairRow(pair: row.pair, images: [], baseline: row.baseline)
    }
    explorer.take(.pairs(pairs))
    #expect(dots() > 10 && explorer.screen.contains("of 60 pairs · guessing 25 %"))
    explorer.take(.log(.step(DemoFeed.step(1))))
    #expect(explorer.screen.contains("▸Loss"))
  }

  @Test("before the first evaluation says what the baseline answered, and what that means")
  func baseline() {
    var explorer = TestExplorer(ExplorerState(), columns: 120, rows: 36)
    explorer.open(steps: 800)
    explorer.take(
      .pairs(
        DemoFeed.pairs(gain: 0.1).map { row in
          var row = row
          row.tuned = nil
          return row
        }))
    let right = explorer.state.feed.pairs.count { $0.baseline!.isCorrect }

    #expect(explorer.screen.contains("\((Double(right) / 135).percent(decimals: 1)) %"))
    #expect(explorer.screen.contains("of 135 pairs; guessing gets 25 %."))
  }

  @Test("a smoothed curve begins at its first value, not near zero")
  func smoothing() {
    let points = (1...100).map { ChartPoint(x: Double($0), y: 5) }
    let smooth = TrainChart.smoothed(points, span: 50)
    #expect(smooth.allSatisfy { abs($0.y - 5) < 1e-9 })
    let gap = TrainChart.smoothed(
      [ChartPoint(x: 1, y: 1), ChartPoint(x: 2, y: .nan), ChartPoint(x: 3, y: 1)], span: 10)
    #expect(gap[1].y.isNaN && gap[2].y == 1)
  }

  @Test("small evaluations stand apart from the curve")
  func smallEvaluations() {
    var explorer = explorer(120, 36)
    let pairs = DemoFeed.pairs(gain: 0.1).map(\.pair)
    let answers = pairs.map { PairPrediction($0, scores: [0.6, 0.4]) }
    explorer.take(.log(.smallEvaluation(SmallEvaluationReport(step: 10, before: answers, after: answers))))
    #expect(explorer.state.feed.history.evaluations.allSatisfy { $0.step != 10 })
    #expect(explorer.screen.contains("○"))
  }

  @Test("at its end says what the run has come to", arguments: ScreenTests.sizes)
  func end(size: Size) throws {
    var explorer = explorer(size.columns, size.rows)
    explorer.take(.log(.evaluation(DemoFeed.evaluation(420, of: 800))))
    explorer.report { $0.status = .finished }

    #expect(explorer.screen.contains("best step") && explorer.screen.contains("77, 78"))
    try explorer.matches("train-finished-\(size.columns)x\(size.rows)")
  }

  @Test("a small screen shows a chart", arguments: [Size(columns: 60, rows: 16), Size(columns: 71, rows: 20)])
  func small(size: Size) throws {
    let explorer = explorer(size.columns, size.rows)
    #expect(explorer.frame.cells.contains { ("\u{2801}"..."\u{28FF}").contains($0.character) })
    try explorer.matches("train-\(size.columns)x\(size.rows)")
  }
}
