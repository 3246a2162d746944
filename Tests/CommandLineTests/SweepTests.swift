import Engine
import Foundation
import Testing
import TestSupport

@testable import diva_tui
@testable import Recap

/// `diva-tui sweep` on models that have learnt next to nothing.
@Suite("Sweeps")
struct SweepTests {
  private static let short = ["--steps", "3", "--align-steps", "2", "--batch", "2", "--evaluate-every", "0"]

  private func rows(_ words: [String]) throws -> [[String: Any]] {
    try diva(["sweep", "density"] + words + ["--json"], assets: TinyAssets.ready.get()).objects()
  }

  private func bytes(_ path: String) throws -> Data { try Data(contentsOf: URL(filePath: path)) }

  @Test("a row for each density and seed, whether it trains or only measures")
  func table() throws {
    let measured = try rows(["--densities", "class,all", "--seeds", "2", "--measure", "--batches", "1", "--batch", "2"])
    let trained = try rows(["--densities", "0.3"] + SweepTests.short)
    let named = try rows(["--densities", "reference,paper", "--measure", "--batches", "1"])

    #expect(named.map { $0["density"] as? String } == ["class", "class"])
    #expect(measured.map { $0["density"] as? String } == ["class", "class", "all", "all"])
    #expect(Set(measured.compactMap { $0["loss"] as? Double }).count == 4)
    let errors = measured.compactMap { $0["latentErrors"] as? [[String: Double]] }
    #expect(errors.map(\.count) == [2, 2, 2, 2] && measured.allSatisfy { $0["lossError"] != nil })
    #expect(trained.count == 1 && (trained[0]["loss"] as? Double ?? 0) > 0)
  }

  @Test("--out records each run, says the cost first, keeps what is finished and goes on with what was stopped")
  func recorded() throws {
    try withFolder { folder in
      let out = ["--out", folder + "/sweep"] + SweepTests.short
      let words = ["--densities", "class,0.3"] + out
      let plain = try rows(["--densities", "class,0.3"] + SweepTests.short)
      try diva(["sweep", "density", "--densities", "class"] + out, assets: TinyAssets.path)
      let first = try bytes(folder + "/sweep/class-seed-1/log.jsonl")
      var log = ""
      // As Ctrl-C does.
      #expect(throws: Interrupted.self) {
        try diva(["sweep", "density"] + words, assets: TinyAssets.path, patience: 60) { log = $0.log }
      }
      #expect(
        log.contains("2 runs, 1 finished: about ") && log.contains("same command goes on with the sweep"), "\(log)")

      let told = try diva(["sweep", "density"] + words + ["--json"], assets: TinyAssets.path)
      let again = try diva(["sweep", "density"] + words + ["--json"], assets: TinyAssets.path)

      #expect(told.log.contains("2 runs, 1 finished, 1 to go on with: about "), "\(told.log)")
      #expect(again.log.contains("2 runs, 2 finished\n") && again.output == told.output, "\(again.log)")
      #expect(try bytes(folder + "/sweep/class-seed-1/log.jsonl") == first)
      let whole = try told.objects()
      for key in ["loss", "mmvp", "baseline"] {
        #expect(whole.map { $0[key] as? Double } == plain.map { $0[key] as? Double }, "\(key)")
      }
      let names = ["class-seed-1", "0.3-seed-1"]
      #expect(whole.map { $0["folder"] as? String } == names.map { "\(folder)/sweep/\($0)" })
      #expect(try names.allSatisfy { try RunFolder(opening: folder + "/sweep/" + $0).status() == .finished })

      let other = complaint(["sweep", "density"] + words + ["--steps", "4"], assets: TinyAssets.path)
      #expect(
        other?.contains("class-seed-1 holds a run with other settings (steps: 3, not 4)") == true, "\(other ?? "")")
    }
  }

  @Test("--final scores the test pairs once, and density.json has what all runs came to")
  func final() throws {
    try withFolder { folder in
      let words =
        ["sweep", "density", "--densities", "class", "--final", "test", "--out", folder + "/sweep", "--json"]
        + SweepTests.short
      let first = try diva(words, assets: TinyAssets.ready.get())
      let again = try diva(words, assets: TinyAssets.path)

      #expect(first.log.contains("density class, seed 1: scoring the test pairs"))
      #expect(again.output == first.output && !again.log.contains("scoring"), "\(again.log)")
      let results = try RunJSON.decoder.decode(DensityResults.self, from: bytes(folder + "/sweep/density.json"))
      #expect(results.runs.map(\.density) == [.classOnly] && results.plan.steps == 3)
      let (row, test) = (try first.objects()[0], try #require(results.runs[0].test))
      let path = try #require(row["folder"] as? String)
      #expect(test.mined != test.unmined && test.unmined.pairs == 900 && test == TestScores(of: path))
      let gains = ["testMinedGain", "testUnminedGain"].compactMap { row[$0] as? Double }
      #expect(zip(gains, [test.mined.gain, test.unmined.gain]).allSatisfy { abs($0 - $1) < 1e-9 } && gains.count == 2)
    }
  }

  @Test("shipped results are those of the weights beside them, or none")
  func shipped() throws {
    try withFolder { folder in
      let mini = MiniFolder(folder)
      try FileManager.default.createDirectory(atPath: folder + "/clip", withIntermediateDirectories: true)
      try Data("{}".utf8).write(to: URL(filePath: folder + "/clip/config.json"))
      var run = RunDescription(
        configuration: TrainConfiguration(), version: "", clip: "", diffusion: "", data: "", threads: 1)
      run.embeddedWeights = try mini.digest()
      #expect(DensityResults(of: mini) == nil)
      let results = DensityResults(run, [])
      try results.write(to: mini.densityResults)
      #expect(DensityResults(of: mini) == results)
      try Data("[]".utf8).write(to: URL(filePath: folder + "/clip/config.json"))
      #expect(DensityResults(of: mini) == nil)
    }
  }

  @Test("the cost counts what is left of each run")
  func cost() {
    var plan = TrainConfiguration()
    (plan.alignSteps, plan.steps, plan.evaluateEvery) = (10, 100, 50)
    let pace = SweepCost.Pace(aligning: 1, training: 2, evaluation: 3)

    let cost = SweepCost([(plan, .new), (plan, .new)], pace)

    // 10 aligning steps, 100 on the tower, evaluations at 0, 50 and 100.
    #expect(cost.seconds == 2 * (10 + 200 + 3 * 3))
    #expect("\(cost)" == "2 runs: about 7 min 18 s" && "\(SweepCost([], pace))" == "0 runs")
  }

  @Test("a log tells how many steps another time has room for")
  func pace() throws {
    var plan = TrainConfiguration()
    (plan.alignSteps, plan.steps) = (2, 4)
    func step(_ stage: StepReport.Stage, _ step: Int, _ seconds: Double) -> LogEntry {
      .step(
        StepReport(
          stage: stage, step: step, loss: 1, lr: 1, gradNorm: 1, imagesPerSecond: 1, seconds: seconds,
          density: .classOnly))
    }
    let log =
      [step(.align, 1, 5), step(.align, 2, 8)]
      + zip(1...4, [12.0, 15, 16, 17]).map { step(.train, $0, $1) }
    let pace = try #require(SweepCost.Pace(plan, RunHistory(log)))
    let short = SweepCost.Pace(aligning: 4, training: 2, evaluation: 0)

    #expect(pace.aligning == 4 && pace.training == 1 && pace.seconds(plan) == 17)
    // Within the log its own steps, beyond its end such as it ended with.
    #expect([7, 12, 15.5, 17, 27].map { pace.steps(in: $0, plan) } == [0, 1, 2, 4, 14])
    #expect(short.seconds(plan) == 16 && short.steps(in: 16, plan) == 4 && short.steps(in: 8, plan) == 0)
    #expect(SweepCost.Pace(plan, RunHistory()) == nil)
  }

  private static let feedback =
    ["--feedbacks", "diva,contrastive-anchor", "--steps", "3", "--align-steps", "2", "--batch", "4"]
    + ["--evaluate-every", "0"]

  private func compare(_ words: [String], patience: Int = .max) throws -> Hearing {
    let plan = ["sweep", "feedback"] + SweepTests.feedback
    return try diva(plan + words + ["--json"], assets: TinyAssets.ready.get(), patience: patience)
  }

  @Test("feedbacks are compared at equal steps and at equal seconds, recorded and taken up again")
  func comparison() throws {
    try withFolder { folder in
      let out = ["--out", folder + "/sweep"]
      // As Ctrl-C does, wherever that is.
      #expect(throws: Interrupted.self) { try compare(out, patience: 120) }

      let said = try compare(out)
      let plain = try compare([])
      try FileManager.default.removeItem(atPath: "\(folder)/sweep/diva-3-steps-seed-1/feedback.json")
      let again = try compare(out)

      try expectRows(try said.objects(), unrecorded: try plain.objects())
      let folders = try FileManager.default.contentsOfDirectory(atPath: folder + "/sweep")
      #expect(said.log.contains("at equal seconds (") && said.log.contains(" runs"), "\(said.log)")
      let count = folders.count
      #expect(again.output == said.output && again.log.contains("\(count) runs, \(count) finished\n"), "\(again.log)")
      #expect(try folders.allSatisfy { try RunFolder(opening: "\(folder)/sweep/\($0)").status() == .finished })
      let words = ["sweep", "feedback"] + SweepTests.feedback + out + ["--seconds", "1e-9"]
      let refusal = complaint(words, assets: TinyAssets.path) ?? ""
      #expect(refusal.contains("is too little for diva: its first stage of 2 steps and a step"), "\(refusal)")
    }
  }

  private func expectRows(_ rows: [[String: Any]], unrecorded plain: [[String: Any]]) throws {
    #expect(rows.map { $0["feedback"] as? String } == ["diva", "contrastive-anchor", "diva", "contrastive-anchor"])
    #expect(rows.map { $0["budget"] as? String } == ["steps", "steps", "seconds", "seconds"])
    #expect(rows.prefix(2).map { $0["steps"] as? Int } == [3, 3])
    // The slower one's run serves both tables.
    let seconds = rows.map { $0["seconds"] as? Double ?? 0 }
    let slower = seconds[0] > seconds[1] ? 0 : 1
    #expect(rows[slower]["folder"] as? String == rows[slower + 2]["folder"] as? String)
    for key in ["minedGain", "unminedGain", "zeroShotChange", "imageRecall", "textRecall", "baselineTextRecall"] {
      let values = rows.prefix(2).compactMap { $0[key] as? Double }
      #expect(values.count == 2 && values == plain.prefix(2).compactMap { $0[key] as? Double }, "\(key)")
    }
    let unmined = try #require(rows[0]["unmined"] as? [String: Any])
    #expect(unmined["pairs"] as? Int == 900)
  }

  @Test("the tables have means over the seeds, their intervals, and pairs pooled")
  func feedbackTables() {
    func row(_ feedback: FeedbackMethod, _ seed: UInt64, fixed: Int) -> FeedbackRow {
      var run = RunDescription(
        configuration: TrainConfiguration(), version: "", clip: "", diffusion: "", data: "", threads: 1)
      (run.configuration.feedback, run.configuration.seed) = (feedback, seed)
      let report = EvaluationReport(
        step: 1, pairs: 900, baselineCorrect: 0, tunedCorrect: 0, patterns: [], baselinePerPattern: [],
        tunedPerPattern: [], fixed: fixed, broken: 9, pValue: 1, interval95: [0, 0], baselineZeroShot: 90,
        tunedZeroShot: 89)
      let scores = FeedbackScores(
        unmined: PairedComparison(pairs: 900, fixed: 18, broken: 9), baseline: RetrievalRecalls(text: 30, image: 20),
        tuned: RetrievalRecalls(text: 40, image: 25))
      let step = StepReport(
        stage: .train, step: 1, loss: 1, lr: 1, gradNorm: 1, imagesPerSecond: 1, seconds: 61.5, density: .classOnly)
      return FeedbackRow(SweepCell(run, named: "x", in: nil), .steps, RunHistory([.step(step)]), report, scores)
    }

    let text = FeedbackRow.tables([row(.dcr, 1, fixed: 9), row(.diva, 1, fixed: 18), row(.diva, 2, fixed: 27)])

    #expect(
      text == """
        at equal steps            baseline         diva          dcr
        seeds                                         2            1
        steps                                       900          900
        seconds                                    61.5         61.5
        mined gain, points                         +1.5         +0.0
          95 %                              −4.9 … +7.9  −1.0 … +1.0
          fixed / broken                        45 / 18        9 / 9
        unmined gain, points                       +1.0         +1.0
          95 %                              +1.0 … +1.0  −0.1 … +2.3
          fixed / broken                        36 / 18       18 / 9
        zero-shot change, points                   −1.0         −1.0
          95 %                              −1.0 … −1.0            –
        image R@1, %                  20.0         25.0         25.0
        text R@1, %                   30.0         40.0         40.0
        """, "\(text)")
  }
}
