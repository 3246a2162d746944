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
}
