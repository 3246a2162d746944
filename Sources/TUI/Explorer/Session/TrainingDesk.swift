import Engine
import Foundation
import Recap

/// The run that is trained here: its steps, what is due after them, and whether a person has agreed to what it costs.
final class TrainingDesk {
  private let options: SessionOptions
  private let workspace: Workspace
  private let post: (ExplorerEvent) -> Void
  private let isClosing: () -> Bool
  private(set) var run: RunInProgress?
  private(set) var models: DivaModels
  private(set) var isRunning = false
  private(set) var cost: RunCost
  /// The step after which the pairs are to be answered; nil when nothing is due.
  private(set) var due: Int?
  private var evaluator: Evaluator?
  private var zeroShot: ZeroShotDesk?
  private var densities: DensityTable
  /// What the next step tells, and what pictures are rebuilt with.
  private(set) var density: RecapDensity

  /// - Parameter isClosing: whether the program is about to end, so that a long step is left off.
  init(
    _ options: SessionOptions, _ workspace: Workspace, models: DivaModels, isClosing: @escaping () -> Bool = { false },
    post: @escaping (ExplorerEvent) -> Void
  ) {
    (self.options, self.workspace, self.models, self.post) = (options, workspace, models, post)
    self.isClosing = isClosing
    let plan = options.plan(for: workspace.backbone)
    cost = RunCost(plan, models: models)
    density = plan.density
    densities = DensityTable(patches: models.tuned.config.grid, seed: plan.seed)
    densities.include(density)
  }

  private var plan: TrainConfiguration { cost.plan }

  /// Only the mini world's runs begin without a question.
  private var asks: Bool { workspace.backbone.name != .mini }

  var trained: Int { run?.trainer.trained ?? 0 }
  /// Whether there is a next step or an evaluation, and nobody has to be asked. The last evaluation cannot be paused.
  var isGoing: Bool {
    guard let run else { return false }
    return run.trainer.isFinished ? due != nil : isRunning
  }

  func introduce() {
    post(
      .plan(
        RunPlan(
          name: run?.folder.name ?? "", totalSteps: plan.steps, alignSteps: plan.alignSteps,
          timesteps: RebuildQueue.timesteps, scheduleLength: models.feedback.schedule.timesteps,
          rebuildsEveryLevel: !asks)))
    post(.curves(aligning: [], points: [], evaluations: []))
    post(.cost(cost))
    postDensities()
  }

  // MARK: - Requests

  /// From the baseline, or from the tuned CLIP that was given. Asks first where it takes long.
  func start() throws {
    if trained + (run?.trainer.aligned ?? 0) > 0 {
      models = try workspace.models(tuned: options.tuned, seed: plan.seed)
      run = nil
    }
    cost = RunCost(plan, models: models)
    if asks {
      set(.asking)
      post(.status(.ready))
    } else {
      try begin()
    }
  }

  /// A person agrees to what was asked.
  func agree() throws {
    switch cost.stage {
    case .asking:
      set(.measuring)
      try begin()
    case .measured:
      set(.agreed)
      setRunning(true)
    case .free, .measuring, .agreed: break
    }
  }

  /// A person would rather not.
  func goBack() throws {
    guard cost.stage == .asking || cost.stage == .measured else { return }
    isRunning = false
    due = nil
    try run?.leave()
    if run != nil { models = try workspace.models(tuned: options.tuned, seed: plan.seed) }
    run = nil
    cost = RunCost(plan, models: models)
    introduce()
    post(.status(.ready))
  }

  private func begin() throws {
    run = try RunInProgress(options, plan, in: workspace, models: models)
    zeroShot?.renew(tuned: models.tuned)
    post(.naming(nil))
    introduce()
    if plan.alignSteps == 0 { due = 0 }
    setRunning(true)
  }

  func setRunning(_ runs: Bool) {
    guard let run else { return }
    isRunning = runs
    post(.status(run.trainer.isFinished ? .finished : runs ? .running : .paused))
  }

  func pause() throws {
    guard let run else { return }
    if !run.trainer.isFinished { try run.recorder.record(.paused(step: trained)) }
    setRunning(false)
  }

  func stop() throws {
    guard let run else { return }
    (isRunning, due) = (false, nil)
    try run.end()
    post(.saved(step: trained))
    post(.status(.stopped))
  }

  /// After a failure: what was learned is kept if it can be.
  func leaveOff() {
    (isRunning, due) = (false, nil)
    do { try run?.end() } catch { post(.problem(error as? Problem ?? Problem("\(error)"))) }
  }

  func end() throws { try run?.end() }

  func set(_ density: RecapDensity) throws {
    self.density = density
    if let run {
      run.trainer.density = density
      if !run.trainer.isFinished { try run.recorder.record(.density(step: trained, density: density)) }
    }
    densities.include(density)
    postDensities()
  }

  // MARK: - Steps

  /// The next step, and what it makes due.
  func step() throws {
    guard let run else { return }
    let before = run.trainer.seconds
    watchMicroBatches(of: run.trainer)
    defer { if plan.accumulate > 1 { post(.stepping(nil)) } }
    let report = try run.trainer.step()
    try run.recorder.record(.step(report))
    measure(report, seconds: report.seconds - before)
    switch report.stage {
    case .align:
      post(.alignPoint(TrainPoint(report)))
      if report.step == plan.alignSteps { due = 0 }
    case .train:
      densities.add(report)
      post(.point(TrainPoint(report)))
      let isDue = plan.evaluateEvery > 0 && report.step % plan.evaluateEvery == 0
      if run.trainer.isFinished || isDue { due = report.step }
    }
  }

  /// A step of large models takes minutes: it tells how far it is, and is left off when the program ends.
  private func watchMicroBatches(of trainer: Trainer) {
    let begin = ContinuousClock.now
    trainer.afterMicroBatch = { [isClosing, post] done, all in
      guard all > 1 else { return }
      if isClosing() { throw CancellationError() }
      let spent = (ContinuousClock.now - begin) / .seconds(1)
      post(.stepping(WorkProgress(done: done, all: all, secondsLeft: spent / Double(done) * Double(all - done))))
    }
  }

  /// The first step of each stage says what the whole run takes; after the very first one a person may be asked.
  private func measure(_ report: StepReport, seconds: Double) {
    guard report.step == 1 else { return }
    cost.measure(report, seconds: seconds)
    if cost.stage == .measuring {
      setRunning(false)
      set(.measured)
    } else {
      post(.cost(cost))
    }
  }

  /// Evaluates on the mini world's mined pairs, which takes a moment.
  func evaluateMiniWorld(_ step: Int) throws {
    var evaluator =
      try self.evaluator
      ?? workspace.evaluator(.validation(.mined), workspace.minedPairs(.validation), seed: plan.seed)
    evaluator.begin(models.tuned)
    while !evaluator.isFinished { evaluator.advance() }
    self.evaluator = evaluator
    let reports = evaluator.reports(step: step)
    try finish(reports.evaluation, reports.predictions)
  }

  /// A piece of the evaluation that is due on the browsed pairs, all of which are answered.
  func evaluate(_ pairs: PairDesk, step: Int) throws {
    var asked = try zeroShot ?? ZeroShotDesk(workspace, models, seed: plan.seed)
    asked.advance()
    let shares = asked.accuracies
    post(.naming(shares == nil ? asked.progress : nil))
    if shares != nil { asked.renew(tuned: models.tuned) }
    zeroShot = asked
    guard let shares else { return }
    try finish(
      pairs.evaluation(step: step, zeroShot: shares),
      PredictionReport(
        step: step, set: RecordedPairs.folderSet, baseline: pairs.baseline, tuned: pairs.tuned))
  }

  private func finish(_ report: EvaluationReport, _ predictions: PredictionReport) throws {
    guard let run else { return }
    due = nil
    try run.recorder.record(.evaluation(report))
    try run.recorder.record(.predictions(predictions))
    post(.evaluation(Evaluation(report)))
    try complete()
  }

  /// There are no pairs to evaluate with.
  func skipEvaluation() throws {
    due = nil
    try complete()
  }

  /// After the last step's evaluation the run is over.
  private func complete() throws {
    guard let run, run.trainer.isFinished else { return }
    try run.end()
    post(.saved(step: trained))
    setRunning(false)
  }

  // MARK: - Words

  private func set(_ stage: RunCost.Stage) {
    cost.stage = stage
    post(.cost(cost))
  }

  func postDensities() { post(.densities(densities.rows, current: density.description)) }
}
