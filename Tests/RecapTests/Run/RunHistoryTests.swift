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
    #expect(history.densityChanges == [RunHistory.DensityChange(step: 1, density: .count(76))])
    #expect(!history.isFinished)
  }

  @Test("starts over with the alignment, but keeps the evaluation before the first step")
  func restarted() {
    var history = RunHistory(sampleEntries)

    history.add(.step(.sample(1, stage: .align)))

    #expect(history.steps == [.sample(1, stage: .align)])
    #expect(history.evaluations.map(\.step) == [0])
  }

  @Test("keeps the last of two evaluations of one step")
  func evaluatedTwice() {
    let history = RunHistory(sampleEntries + [.evaluation(.sample(3, tuned: 99))])

    #expect(history.evaluations.map(\.tunedCorrect) == [40, 99])
  }
}
