import Engine
import Recap
import Terminal

/// The runs of a sweep, of whatever setting: trained one after the other, each recorded in a folder of its own where the
/// sweep has one.
final class SweepRuns {
  let workspace: Workspace
  let console: Console
  private let scored: ScoredPairs
  private let sweep: SweepOptions
  private let general: GeneralOptions
  private let benchmark: PairBenchmark
  /// With the baseline's scores, which are the same in all runs of a seed.
  private var evaluators: [UInt64: Evaluator] = [:]
  private var testEvaluators: [UInt64: (mined: Evaluator, unmined: Evaluator)] = [:]
  /// The mini world's, with the latents that are known: the same for all runs. Of own images another seed sees other parts.
  private let world: (any TrainingImages)?

  /// - Parameter sharesImages: false where the runs' times are compared: each encodes its own latents.
  init(
    _ workspace: Workspace, _ scored: ScoredPairs, _ sweep: SweepOptions, _ general: GeneralOptions, _ console: Console,
    sharesImages: Bool
  ) throws {
    (self.workspace, self.scored, self.sweep) = (workspace, scored, sweep)
    (self.general, self.console) = (general, console)
    benchmark = try workspace.benchmark(scored, console)
    let isShared = sharesImages && sweep.data.plan == nil
    world = isShared ? workspace.trainingImages(keepsLatents: general.memory == .fast) : nil
  }

  struct Run {
    let cell: SweepCell
    let state: SweepCell.State
    /// Stands before the progress.
    let title: String

    var plan: TrainConfiguration { cell.run.configuration }
    /// The log of a finished run.
    var history: RunHistory? { if case .finished(_, let history) = state { history } else { nil } }
  }

  /// - Parameter value: what the sweep tries in this run, such as "density class".
  func run(_ plan: TrainConfiguration, named name: String, _ value: String) throws -> Run {
    var plan = plan
    // Nobody is shown what comes before the end.
    if sweep.out == nil { plan.evaluateEvery = 0 }
    let cell = SweepCell(
      try RunDescription(
        plan, in: workspace, tuned: sweep.models.tuned, data: sweep.data.plan, scored: scored, version: programVersion),
      named: name, in: sweep.out)
    return Run(cell: cell, state: try cell.state(), title: "\(value), seed \(plan.seed)")
  }

  func models(seed: UInt64) throws -> DivaModels { try workspace.models(tuned: sweep.models.tuned, seed: seed) }

  func images(seed: UInt64) throws -> any TrainingImages {
    try world
      ?? workspace.images(
        sweep.data.plan, seed: seed, keepsLatents: general.memory == .fast, environment: console.environment)
  }

  // MARK: - Cost

  /// Measured, without evaluations.
  func pace(of plan: TrainConfiguration) throws -> SweepCost.Pace {
    try SweepCost.Pace(plan, models(seed: plan.seed), images(seed: plan.seed), evaluation: 0)
  }

  /// Seconds of a tuned CLIP's evaluation, as long as the baseline's, which is needed anyway.
  func evaluationSeconds(seed: UInt64) throws -> Double {
    let begin = ContinuousClock.now
    _ = try evaluator(seed)
    return (ContinuousClock.now - begin) / .seconds(2)
  }

  private func evaluator(_ seed: UInt64) throws -> Evaluator {
    if let known = evaluators[seed] { return known }
    var evaluator = try workspace.evaluator(scored, benchmark, seed: seed)
    try score(workspace.clip.vision, with: &evaluator)
    evaluators[seed] = evaluator
    return evaluator
  }

  private func score(_ tower: CLIPVisionTower, with evaluator: inout Evaluator) throws {
    evaluator.begin(tower)
    while !evaluator.isFinished {
      evaluator.advance()
      try console.checkInterruption()
    }
  }

  /// Those in the run's folder, or else scored and kept there.
  func testScores(_ run: Run, _ outcome: Outcome) throws -> TestScores {
    if let known = run.cell.path.flatMap(TestScores.init(of:)) { return known }
    console.note("\(run.title): scoring the test pairs")
    let seed = run.plan.seed
    var both =
      try testEvaluators[seed]
      ?? (workspace.testEvaluator(.mined, seed: seed), workspace.testEvaluator(.unmined, seed: seed))
    let tower = try tower(run, outcome)
    try score(tower, with: &both.mined)
    try score(tower, with: &both.unmined)
    let steps = run.plan.steps
    let scores = TestScores(
      mined: both.mined.reports(step: steps).evaluation, unmined: both.unmined.reports(step: steps).evaluation)
    testEvaluators[seed] = both
    if let path = run.cell.path { try scores.write(to: path) }
    return scores
  }

  // MARK: - Training

  /// A run that has come to its end.
  struct Outcome {
    let history: RunHistory
    let evaluation: EvaluationReport
    fileprivate let trained: CLIPVisionTower?
  }

  func tower(_ run: Run, _ outcome: Outcome) throws -> CLIPVisionTower {
    if let trained = outcome.trained { return trained }
    guard let path = run.cell.path else { preconditionFailure("a run that was finished before lies in a folder") }
    return try workspace.opened.tuned(at: path).tower
  }

  /// Takes what steps are left. nil where the run diverged, as a note says: the others may do better.
  func train(_ run: Run) throws -> Outcome? {
    if let history = run.history { return try outcome(run, history, nil) }
    let session = try open(run)
    session.trainer.configuration.remark.map(console.note)
    session.recorder?.takeNotices().forEach { console.note($0.oneLine) }
    var history = RunHistory()
    func work() throws { try train(session, run) { history.add($0) } }
    if run.cell.path == nil { try work() } else { try saving(work) }
    if session.hasDiverged { return nil }
    return try outcome(run, session.recorder?.history ?? history, session.trainer.models.tuned)
  }

  private func open(_ run: Run) throws -> TrainingSession {
    let place: RunPlace =
      if case .begun(let folder, _) = run.state { .existing(folder) } else {
        run.cell.path.map { .new($0) } ?? .nowhere
      }
    return try workspace.session(
      run.cell.run, at: place, images: images(seed: run.plan.seed), evaluator: evaluator(run.plan.seed))
  }

  private func saving(_ work: () throws -> Void) throws {
    try EndingSignals.whileSaving(note: "finishing the step and saving the run; the third ends it at once") {
      do {
        try work()
      } catch let signal as Interrupted {
        console.note("stopped; the same command goes on with the sweep")
        throw signal
      }
    }
  }

  private func train(_ session: TrainingSession, _ run: Run, add: @escaping (LogEntry) -> Void) throws {
    let printer = TrainPrinter(console, run.plan, scored, isJSON: false)
    printer.title = run.title + ": "
    defer { printer.clear() }
    do {
      try session.run(console) { update in
        if case .entry(let entry) = update { add(entry) }
        if case .entry(.evaluation) = update { return }
        try printer.show(update)
      }
    } catch let problem as Problem where session.hasDiverged {
      printer.clear()
      console.note("\(run.title) is left out: \(problem.oneLine)")
    }
  }

  private func outcome(_ run: Run, _ history: RunHistory, _ trained: CLIPVisionTower?) throws -> Outcome {
    guard let last = history.evaluations.last else {
      throw Problem(
        "\(run.cell.path ?? run.title) holds no evaluation", advice: "remove the folder to train that run again")
    }
    return Outcome(history: history, evaluation: last, trained: trained)
  }
}
