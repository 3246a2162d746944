import Engine
import Foundation
import Recap

/// The run that is trained here: its steps, what is due after them, and whether a person has agreed to what it costs.
final class TrainingDesk {
  private let options: SessionOptions
  private let workspace: Workspace
  private let report: Reporter
  private let isClosing: () -> Bool
  private(set) var run: RunInProgress?
  private(set) var models: DivaModels
  private(set) var isRunning = false
  private(set) var cost: RunCost
  /// The step after which the pairs are to be answered; nil when nothing is due.
  private(set) var due: Int?
  private var evaluator: Evaluator?
  private var zeroShot: ZeroShotJob?
  /// What the next step tells, and what pictures are rebuilt with.
  private(set) var density: RecapDensity

  /// - Parameter isClosing: whether the program is about to end, so that a long step is left off.
  init(
    _ options: SessionOptions, _ workspace: Workspace, models: DivaModels, isClosing: @escaping () -> Bool = { false },
    report: Reporter
  ) {
    (self.options, self.workspace, self.models, self.report) = (options, workspace, models, report)
    self.isClosing = isClosing
    let plan = options.plan(for: workspace.backbone)
    cost = RunCost(plan, models: models)
    density = plan.density
  }

  private var plan: TrainConfiguration { cost.plan }

  var trained: Int { run?.trainer.trained ?? 0 }
  /// Whether there is a next step or an evaluation, and nobody has to be asked. The last evaluation cannot be paused.
  var isGoing: Bool {
    guard let run else { return false }
    return run.trainer.isFinished ? due != nil : isRunning
  }

  func introduce() {
    var opened = OpenedRun(
      name: run?.folder.name ?? "", plan: plan, history: run?.recorder.history ?? RunHistory(),
      densities: DensityTable(patches: models.tuned.config.grid, seed: plan.seed))
    opened.scheduleLength = models.feedback.schedule.timesteps
    opened.rebuildsEveryLevel = workspace.backbone.policy.isEager
    opened.density = density
    report.post(.opened(opened))
    report.progress.cost = cost
  }

  // MARK: - Requests

  /// From the baseline, or from the tuned CLIP that was given. Asks first where it takes long.
  func start() throws {
    if trained + (run?.trainer.aligned ?? 0) > 0 {
      models = try workspace.models(tuned: options.tuned, seed: plan.seed)
      run = nil
    }
    cost = RunCost(plan, models: models)
    if workspace.backbone.policy.asksBeforeTraining {
      set(.asking)
      report.progress.status = .ready
    } else {
      try begin()
    }
  }

  /// A person accepts the estimated cost.
  func confirm() throws {
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

  /// A person does not.
  func decline() throws {
    guard cost.stage == .asking || cost.stage == .measured else { return }
    isRunning = false
    due = nil
    try run?.leave()
    if run != nil { models = try workspace.models(tuned: options.tuned, seed: plan.seed) }
    run = nil
    cost = RunCost(plan, models: models)
    introduce()
    report.progress.status = .ready
  }

  private func begin() throws {
    run = try RunInProgress(options, plan, in: workspace, models: models)
    zeroShot?.renew(tuned: models.tuned)
    report.progress.zeroShot = nil
    introduce()
    if plan.alignSteps == 0 { due = 0 }
    setRunning(true)
  }

  func setRunning(_ runs: Bool) {
    guard let run else { return }
    isRunning = runs
    report.progress.status = run.trainer.isFinished ? .finished : runs ? .running : .paused
  }

  func pause() throws {
    guard let run else { return }
    if !run.trainer.isFinished { try record(.paused(step: trained)) }
    setRunning(false)
  }

  func stop() throws {
    guard let run else { return }
    (isRunning, due) = (false, nil)
    try run.end(record)
    report.progress.status = .stopped
  }

  /// After a failure: what was learned is kept if it can be.
  func stopAfterFailure() {
    (isRunning, due) = (false, nil)
    do { try run?.end(record) } catch { report.post(.problem(Problem(error))) }
  }

  func end() throws { try run?.end(record) }

  func set(_ density: RecapDensity) throws {
    self.density = density
    if let run {
      run.trainer.density = density
      if !run.trainer.isFinished { try record(.density(step: trained, density: density)) }
    }
  }

  // MARK: - Steps

  /// The next step, and what it makes due.
  func step() throws {
    guard let run else { return }
    let before = run.trainer.seconds
    watchMicroBatches(of: run.trainer)
    let step = try {
      defer { report.progress.stepping = nil }
      return try run.trainer.step()
    }()
    try record(.step(step))
    measure(step, seconds: step.seconds - before)
    switch step.stage {
    case .align: if step.step == plan.alignSteps { due = 0 }
    case .train:
      let isDue = plan.evaluateEvery > 0 && step.step % plan.evaluateEvery == 0
      if run.trainer.isFinished || isDue { due = step.step }
    }
  }

  /// A step of large models takes minutes: it tells how far it is, and is left off when the program ends.
  private func watchMicroBatches(of trainer: Trainer) {
    let begin = ContinuousClock.now
    trainer.afterMicroBatch = { [isClosing, report] done, all in
      guard all > 1 else { return }
      if isClosing() { throw CancellationError() }
      let spent = (ContinuousClock.now - begin) / .seconds(1)
      report.progress.stepping = WorkProgress(
        done: done, all: all, secondsLeft: spent / Double(done) * Double(all - done))
    }
  }

  /// The first step of each stage says what the whole run takes; after the very first one a person may be asked.
  private func measure(_ step: StepReport, seconds: Double) {
    guard step.step == 1 else { return }
    cost.measure(step, seconds: seconds)
    if cost.stage == .measuring {
      setRunning(false)
      set(.measured)
    } else {
      report.progress.cost = cost
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
  func evaluate(_ pairs: PairJob, step: Int) throws {
    var asked = try zeroShot ?? ZeroShotJob(workspace, models, seed: plan.seed)
    asked.advance()
    let shares = asked.accuracies
    report.progress.zeroShot = shares == nil ? asked.progress : nil
    if shares != nil { asked.renew(tuned: models.tuned) }
    zeroShot = asked
    guard let shares else { return }
    try finish(
      pairs.evaluation(step: step, zeroShot: shares),
      PredictionReport(
        step: step, set: RecordedPairs.folderSet, baseline: pairs.baseline, tuned: pairs.tuned))
  }

  private func finish(_ evaluation: EvaluationReport, _ predictions: PredictionReport) throws {
    due = nil
    try record(.evaluation(evaluation))
    try record(.predictions(predictions))
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
    try run.end(record)
    setRunning(false)
  }

  // MARK: - Words

  private func set(_ stage: RunCost.Stage) {
    cost.stage = stage
    report.progress.cost = cost
  }

  /// Into the log, and onto the screens.
  private func record(_ entry: LogEntry) throws {
    try run?.recorder.record(entry)
    report.post(.log(entry))
  }
}
