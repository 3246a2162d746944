import Testing

@testable import Recap

@Suite("The history of a run")
struct RunHistoryTests {
  @Test("goes forward although the run was resumed from an earlier checkpoint")
  func resumed() {
    var history = RunHistory(sampleEntries)

    history.add(.step(.sample(2, loss: 7)))

    #expect(history.steps.map(\.step) == [1, 2, 1, 2])
    #expect(history.steps.last?.loss == 7)
    #expect(history.evaluations.map(\.step) == [0])
    #expect(history.predictions.map(\.step) == [0])
    #expect(history.checkpoints.isEmpty)
    #expect(history.densityChanges == [RunHistory.DensityChange(step: 1, density: .count(76), aligned: 2)])
    #expect(!history.isFinished)
  }

  @Test("starts over with the alignment, but keeps the evaluation before the first step")
  func restarted() {
    var history = RunHistory(sampleEntries)

    history.add(.step(.sample(1, stage: .align)))

    #expect(history.steps == [.sample(1, stage: .align)])
    #expect(history.evaluations.map(\.step) == [0])
  }

  @Test(
    "says which steps the log lacks",
    arguments: [
      ([1, 2, 3], 3, nil), ([1, 2, 6, 7, 9], 9, "the log lacks steps 3–5, 8"), ([4], 0, "the log lacks steps 1–3"),
      ([1, 2], 4, "the log lacks steps 3–4"), ([], 2, "the log lacks aligning steps 1–2 and steps 1–2"),
      ([1, 2, 3, 4, 5, 3], 5, nil), ([1, 3, 5, 7, 9], 9, "the log lacks steps 2, 4, 6 …"), ([], 0, nil),
    ] as [([Int], Int, String?)])
  func gaps(steps: [Int], saved: Int, text: String?) {
    var plan = TrainConfiguration()
    plan.alignSteps = 2
    let align = steps.isEmpty ? [] : [1, 2].map { LogEntry.step(.sample($0, stage: .align)) }

    #expect(RunHistory(align + steps.map { .step(.sample($0)) }).gaps(plan, saved: saved) == text)
  }

  @Test("knows a checkpoint until the next takes its place")
  func replacedCheckpoint() {
    let history = RunHistory([
      .checkpoint(step: 3, folder: "checkpoint-3"), .checkpoint(step: 5, folder: "checkpoint-5", isKept: false),
      .checkpoint(step: 6, folder: "checkpoint-6"),
    ])

    #expect(history.checkpoints.map(\.step) == [3, 6])
  }

  @Test("keeps the last of two evaluations of one step")
  func evaluatedTwice() {
    let history = RunHistory(sampleEntries + [.evaluation(.sample(3, tuned: 99))])

    #expect(history.evaluations.map(\.tunedCorrect) == [40, 99])
  }
}
