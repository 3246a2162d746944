import Engine
import Recap

/// Trains with each feedback: equally many steps first, then as many as each takes in the same time.
///
/// A run is named by its steps, so that one that is the same at both budgets is trained once.
final class FeedbackComparison {
  private let runs: SweepRuns
  /// At equal steps, with all seeds of a feedback side by side.
  private let plans: [TrainConfiguration]
  private let seconds: Double?
  private let seed: UInt64
  /// Gets each row as soon as it is known.
  private let show: (FeedbackRow) throws -> Void
  private var scoring: FeedbackScoring?
  /// By the run's name; nil where it diverged.
  private var known: [String: FeedbackRow?] = [:]
  private var histories: [FeedbackMethod: RunHistory] = [:]

  private typealias Paces = [FeedbackMethod: SweepCost.Pace]

  init(
    _ runs: SweepRuns, _ plans: [TrainConfiguration], seconds: Double?, seed: UInt64,
    show: @escaping (FeedbackRow) throws -> Void
  ) {
    (self.runs, self.plans, self.seconds, self.seed, self.show) = (runs, plans, seconds, seed, show)
  }

  func rows() throws -> [FeedbackRow] {
    let atSteps = try plans.map(run)
    for run in atSteps { keep(run.history, of: run.plan) }
    let estimate = try paces(atSteps)
    let wasEstimated = try sayCost(atSteps, estimate)
    let first = try atSteps.compactMap { try row($0, .steps) }
    let measured = estimate.merging(loggedPaces()) { $1 }
    if wasEstimated { try saySteps(measured) }
    // One that diverged at equal steps tells no pace.
    let atSeconds = try planned(measured).filter { histories[$0.feedback] != nil }.map(run)
    return first + (try atSeconds.compactMap { try row($0, .seconds) })
  }

  private func run(_ plan: TrainConfiguration) throws -> SweepRuns.Run {
    let length = plan.steps.counted("step")
    return try runs.run(
      plan, named: "\(plan.feedback)-\(plan.steps)-steps", "\(plan.feedback), \(length)")
  }

  // MARK: - Time

  /// The first seed's, so that more seeds change no plan.
  private func keep(_ history: RunHistory?, of plan: TrainConfiguration) {
    if let history, histories[plan.feedback] == nil { histories[plan.feedback] = history }
  }

  private func loggedPaces() -> Paces {
    let first = Dictionary(plans.map { ($0.feedback, $0) }) { first, _ in first }
    return histories.reduce(into: [:]) { paces, entry in
      paces[entry.key] = first[entry.key].flatMap { SweepCost.Pace($0, entry.value) }
    }
  }

  /// Read off a finished run's log, or else measured over a few steps.
  private func paces(_ atSteps: [SweepRuns.Run]) throws -> Paces {
    var paces = loggedPaces()
    for run in atSteps where paces[run.plan.feedback] == nil {
      runs.console.note("measuring the cost of a step with \(run.plan.feedback)")
      paces[run.plan.feedback] = try runs.pace(of: run.plan)
    }
    return paces
  }

  /// The time that all get.
  private func budget(_ paces: Paces) -> Double {
    seconds ?? plans.compactMap { plan in paces[plan.feedback]?.seconds(plan) }.max() ?? 0
  }

  /// At equal seconds.
  private func planned(_ paces: Paces) throws -> [TrainConfiguration] {
    let budget = budget(paces)
    return try plans.compactMap { plan in
      guard let pace = paces[plan.feedback] else { return nil }
      var longer = plan
      longer.steps = pace.steps(in: budget, plan)
      guard longer.steps > 0 else {
        throw Problem(
          "\(budget.durationText) is too little for \(plan.feedback): its first stage of "
            + "\(plan.alignSteps.counted("step")) and a step on the image tower take "
            + (Double(plan.alignSteps) * pace.aligning + pace.training).durationText,
          advice: "give more with --seconds")
      }
      return longer
    }
  }

  /// What is left to do and how long that takes; says whether steps are estimated only.
  private func sayCost(_ atSteps: [SweepRuns.Run], _ paces: Paces) throws -> Bool {
    let atSeconds = try planned(paces).map(run)
    let names = Set(atSteps.map(\.cell.name))
    let all = atSteps + atSeconds.filter { !names.contains($0.cell.name) }
    var (evaluation, ending) = (0.0, 0.0)
    if let run = all.first(where: { $0.history == nil }) {
      evaluation = try runs.evaluationSeconds(seed: run.plan.seed)
      ending = try endingSeconds()
    }
    var cost = SweepCost()
    for run in all {
      guard var pace = paces[run.plan.feedback] else { continue }
      (pace.evaluation, pace.ending) = (evaluation, ending)
      cost.add(run.plan, run.state, pace)
    }
    try saySteps(paces)
    runs.console.note("\(cost)")
    return !paces.values.allSatisfy(\.isOfRun)
  }

  private func saySteps(_ paces: Paces) throws {
    let parts = try planned(paces).filter { $0.seed == seed }.map { plan in
      let pace = paces[plan.feedback]
      let length = (pace?.isOfRun == false ? "about " : "") + plan.steps.counted("step")
      return "\(plan.feedback) \(length) of \((pace?.training ?? 0).durationText)"
    }
    runs.console.note("at equal seconds (\(budget(paces).durationText)): " + parts.joined(separator: ", "))
  }

  // MARK: - Scores

  /// Seconds of scoring a tuned CLIP in the end, as long as the baseline, which is needed anyway.
  private func endingSeconds() throws -> Double {
    var scoring = try self.scoring ?? runs.workspace.feedbackScoring(seed: seed)
    let begin = ContinuousClock.now
    try scoring.scoreBaseline(runs.console.checkInterruption)
    self.scoring = scoring
    return (ContinuousClock.now - begin) / .seconds(1)
  }

  private func row(_ run: SweepRuns.Run, _ budget: FeedbackRow.Budget) throws -> FeedbackRow? {
    var row: FeedbackRow? = try known[run.cell.name] ?? train(run, budget)
    known[run.cell.name] = .some(row)
    row?.budget = budget
    if let row { try show(row) }
    return row
  }

  private func train(_ run: SweepRuns.Run, _ budget: FeedbackRow.Budget) throws -> FeedbackRow? {
    guard let outcome = try runs.train(run) else { return nil }
    if budget == .steps { keep(outcome.history, of: run.plan) }
    return FeedbackRow(run.cell, budget, outcome.history, outcome.evaluation, try scores(run, outcome))
  }

  /// Those in the run's folder, or else measured and kept there.
  private func scores(_ run: SweepRuns.Run, _ outcome: SweepRuns.Outcome) throws -> FeedbackScores {
    if let known = run.cell.path.flatMap(FeedbackScores.init(of:)) { return known }
    var scoring = try self.scoring ?? runs.workspace.feedbackScoring(seed: seed)
    let scores = try scoring.scores(of: runs.tower(run, outcome), runs.console.checkInterruption)
    self.scoring = scoring
    if let path = run.cell.path { try scores.write(to: path) }
    return scores
  }
}
