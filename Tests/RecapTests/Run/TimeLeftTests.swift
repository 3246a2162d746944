import Testing

@testable import Recap

@Suite("The time that a run still takes")
struct TimeLeftTests {
  private func plan() -> TrainConfiguration {
    var plan = TrainConfiguration()
    (plan.steps, plan.alignSteps, plan.batch, plan.evaluateEvery) = (1000, 100, 32, 100)
    return plan
  }

  private func step(_ number: Int, _ stage: StepReport.Stage, seconds: Double) -> LogEntry {
    var report = StepReport.sample(number, stage: stage)
    report.imagesPerSecond = 32 / seconds
    return .step(report)
  }

  private func evaluation(_ step: Int, seconds: Double) -> LogEntry {
    var report = EvaluationReport.sample(step)
    report.seconds = seconds
    return .evaluation(report)
  }

  @Test("after ten steps is known, though the first one was slow")
  func firstSteps() throws {
    let history = RunHistory((1...10).map { step($0, .align, seconds: $0 == 1 ? 2 : 0.2) })
    let left = try #require(TimeLeft(history, plan(), .init(stepsPerAligning: 1.5, evaluation: 4)))

    // 90 aligning steps, 1000 steps, and twelve evaluations: that of step 0 scores the baseline too.
    #expect(abs(left.seconds - (90 * 0.2 + 1000 * 0.3 + 12 * 4)) < 1e-6)
    #expect(TimeLeft(RunHistory(), plan()) == nil)
  }

  @Test("follows the pace of the last steps and the evaluations that were timed")
  func laterSteps() throws {
    let entries =
      (1...100).map { step($0, .align, seconds: 0.2) } + [evaluation(0, seconds: 8)]
      + (1...500).map { step($0, .train, seconds: $0 < 450 ? 0.9 : 0.3) }
      + [evaluation(100, seconds: 3.9), evaluation(500, seconds: 4)]
    let left = try #require(TimeLeft(RunHistory(entries), plan()))

    #expect(abs(left.seconds - (500 * 0.3 + 5 * 4)) < 1e-6)
  }

  @Test("of evaluations at the end only counts one")
  func finalEvaluation() throws {
    var plan = plan()
    plan.evaluateEvery = 0
    let history = RunHistory((1...10).map { step($0, .train, seconds: 1) })

    #expect(try #require(TimeLeft(history, plan, .init(evaluation: 4))).seconds == 994)
  }
}
