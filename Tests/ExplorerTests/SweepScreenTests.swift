import Engine
import Foundation
import Testing
import TestSupport

@testable import Explorer
@testable import Recap
@testable import Terminal

@Suite("The sweep on the Density screen")
struct SweepScreenTests {
  private static let densities: [RecapDensity] = [.classOnly, .fraction(0.15), .fraction(0.3), .all]

  /// Runs that have ended so far, then one that is trained.
  private static func table(_ stage: SweepTable.Stage, ended: Int = 0) -> SweepTable {
    let cells = densities.flatMap { density in (1...3).map { SweepTable.Cell(density: density, seed: UInt64($0)) } }
    var table = SweepTable(stage: stage, steps: 300, cells: cells, folder: "/home/ada/runs/2026-01-31-120000-sweep")
    for place in 0..<ended { table.cells[place].state = .finished(0.44 + 0.06 * DemoFeed.noise(place)) }
    if stage == .running { table.cells[ended].state = .training(120, of: 400) }
    if ended > 0 { table.baseline = 0.41 }
    if stage != .measuring { (table.cost, table.secondsLeft) = ("12 runs: about 34 min 5 s", 1845) }
    return table
  }

  private func explorer(_ size: Size = Size(columns: 120, rows: 36)) -> TestExplorer {
    var explorer = TestExplorer(DemoFeed.watched, columns: size.columns, rows: size.rows)
    explorer.type("4")
    return explorer
  }

  @Test("what it runs is written, then its cost is asked about; nothing is trained before a yes")
  func asking() throws {
    var explorer = explorer()
    explorer.type("W")
    #expect(explorer.screen.contains("sweep over class 0.15 0.3 0.5 all seeds 3 steps 300█"))
    explorer.press(.control("u"))
    explorer.type("class 0.15 0.3 all seeds 3")
    explorer.press(.enter)
    guard case .planSweep(let plan)? = explorer.work.last else {
      Issue.record("asked for \(String(describing: explorer.work.last))")
      return
    }
    #expect(plan.densities == Self.densities && plan.seeds == 3 && plan.steps == 300)
    explorer.take(.sweep(Self.table(.measuring)))
    #expect(explorer.state.question == nil && explorer.screen.contains("measuring what it takes"))
    explorer.take(.sweep(Self.table(.asking)))
    try explorer.matches("density-sweep-question")
    explorer.press(.escape)
    #expect(!explorer.work.contains(.startSweep) && explorer.screen.contains("W starts it"))
    explorer.type("Wy")
    #expect(
      explorer.work.last == .startSweep && !explorer.work.contains { if case .setDensity = $0 { true } else { false } })
  }

  @Test("C cancels, and takes it up again; a sweep that runs is not begun twice")
  func cancelling() {
    var explorer = explorer()
    explorer.take(.sweep(Self.table(.running, ended: 4)))
    explorer.type("W")
    #expect(explorer.screen.contains("W: a sweep is running; C cancels it") && explorer.state.sweep.entry == nil)
    // What follows at once would be text for the line that was not opened.
    explorer.take(.tick(seconds: 9))
    explorer.type("C")
    #expect(explorer.work.last == .cancelSweep)
    explorer.take(.sweep(Self.table(.cancelled, ended: 4)))
    #expect(explorer.screen.contains("cancelled at 4 of 12 · C resumes"))
    explorer.type("C")
    #expect(explorer.work.last == .startSweep)
    explorer.take(.sweep(Self.table(.done, ended: 12)))
    explorer.type("W")
    #expect(explorer.state.sweep.entry != nil)
  }

  @Test("a run that is trained here goes first, and the sweep says that it waits")
  func waiting() {
    var explorer = TestExplorer(columns: 120, rows: 36)
    explorer.type("4")
    explorer.take(.sweep(Self.table(.running, ended: 1)))
    #expect(explorer.screen.contains("1 of 12 · waits for the run"))
  }

  @Test("asks nobody who is elsewhere, but says that the cost is known")
  func elsewhere() {
    var explorer = explorer()
    explorer.type("2")
    explorer.take(.sweep(Self.table(.asking)))
    #expect(explorer.state.question == nil && explorer.screen.contains("W on the Density screen starts it"))
    explorer.type("4W")
    #expect(explorer.state.question == .sweep(Self.table(.asking)))
  }

  @Test("a dot a run, as they end", arguments: ScreenTests.sizes)
  func golden(size: Size) throws {
    var explorer = explorer(size)
    explorer.take(.sweep(Self.table(.running, ended: 7)))
    try explorer.matches("density-sweep-\(size.columns)x\(size.rows)")
    #expect(explorer.screen.contains("step 120/400") && explorer.screen.contains("n 3"))
  }

  @Test("what the default plan comes to stands there until a person's own sweep does")
  func reference() throws {
    var run = RunDescription(
      configuration: TrainConfiguration(), version: "", clip: "", diffusion: "", data: "", threads: 1)
    func results(isScored: Bool) -> DensityResults {
      let runs = Self.densities.flatMap { density in
        (1...5).map { seed in
          (run.configuration.density, run.configuration.seed) = (density, UInt64(seed))
          var report = DemoFeed.evaluation(60, of: 60)
          (report.baselineCorrect, report.tunedCorrect) = (388, 460 + seed * 3)
          return DensityResults.Run(
            run, RunHistory(), report, test: isScored ? TestScores(mined: report, unmined: report) : nil)
        }
      }
      return DensityResults(run, runs)
    }
    #expect(SweepTable(results(isScored: false)) == nil)
    var explorer = explorer()
    explorer.take(.densityReference(SweepTable(results(isScored: true))))
    try explorer.matches("density-reference")
    #expect(explorer.screen.contains("52.1 ± 0.7 n 5") && explorer.screen.contains("┆ baseline 43.1"))
    explorer.take(.sweep(Self.table(.running, ended: 7)))
    #expect(!explorer.screen.contains("Default plan"))
  }

  @Test(
    "what cannot be run is refused with what was expected",
    arguments: [
      ("", "no density was named"), ("class seeds", "“seeds ” is no number"), ("class seeds 0", "“seeds 0”"),
      ("class steps x", "“steps x”"), ("often", "there is no recap density “often”"),
      ("class 0.1 0.2 seeds 100", "that is 300 runs"),
    ])
  func wrongPlans(text: String, words: String) {
    let problem = #expect(throws: Problem.self) { try SweepPlan(parsing: text) }
    #expect(problem?.message.contains(words) == true, "\(problem?.message ?? "")")
    var explorer = explorer()
    explorer.type("W")
    explorer.press(.control("u"))
    explorer.type(text)
    explorer.press(.enter)
    #expect(
      explorer.state.sweep.entry?.text == text
        && explorer.work.allSatisfy { if case .planSweep = $0 { false } else { true } })
  }

  @Test("densities are named once, in the order in which they were written")
  func plan() throws {
    let plan = try SweepPlan(parsing: " all  class steps 20 all pool:6")
    #expect(plan.densities == [.all, .classOnly, .pooled(window: 6)] && plan.seeds == 1 && plan.steps == 20)
  }
}
