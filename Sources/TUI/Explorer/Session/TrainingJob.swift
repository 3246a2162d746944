import Engine
import Recap
import Terminal

/// The run that is trained here: whether a person has confirmed what it costs, and the training session that does it.
final class TrainingJob: RunSource {
  private let options: SessionOptions
  private let workspace: Workspace
  private let report: Reporter
  private let isClosing: () -> Bool
  /// The pairs that are browsed, answered already, perhaps: the run is scored on them.
  var browsed: GradualScoring?
  /// As measured on them; nil where their answers were cached.
  var secondsPerScoredImage: Double? {
    didSet {
      cost.evaluationSeconds = secondsPerScoredImage.map { seconds in
        let pairs = browsed?.benchmark.images.count ?? 0
        return seconds * Double(pairs + MiniWorld.zeroShotCaptions.count * policy.imagesPerKind)
      }
    }
  }
  private(set) var session: TrainingSession?
  private(set) var models: DivaModels
  private(set) var cost: RunCost {
    didSet { report.activity.cost = cost }
  }
  /// The run to go on with once the cost is confirmed; nil for a new one.
  private var resumed: RunFolder?
  /// Whether the models are as a run begins.
  private var isFresh = true

  /// - Parameter isClosing: whether the program is about to end, so that a long step is cancelled.
  init(
    _ options: SessionOptions, _ workspace: Workspace, models: DivaModels, isClosing: @escaping () -> Bool,
    report: Reporter
  ) {
    (self.options, self.workspace, self.models) = (options, workspace, models)
    (self.isClosing, self.report, resumed) = (isClosing, report, options.resumes)
    cost = RunCost(options.plan(for: workspace.backbone), models: models)
  }

  private var plan: TrainConfiguration { cost.plan }
  /// Of the next step.
  var density: RecapDensity { session?.trainer.density ?? plan.density }
  private var policy: SessionPolicy { workspace.backbone.policy }

  /// Steps on the image tower.
  var trained: Int { session?.trainer.trained ?? 0 }
  /// Whether there is a next piece, and no person has to decide first.
  var isGoing: Bool { session.map { !$0.hasEnded && !$0.isPaused } ?? false && cost.stage != .measured }
  /// Whether the run's evaluations answer the browsed pairs.
  var answersBrowsedPairs: Bool {
    guard let session, !session.hasEnded else { return false }
    return browsed != nil && session.evaluator != nil
  }

  /// Where the run lies; nil before it has begun.
  var folder: RunFolder? { session?.recorder?.folder ?? resumed }

  var opened: OpenedRun {
    let history = session?.recorder?.history ?? RunHistory()
    var run = OpenedRun(
      name: session?.recorder?.folder.name ?? resumed?.name ?? "", plan: plan, history: history,
      densities: DensityTable(patches: models.tuned.config.grid, seed: plan.seed, of: history))
    run.scheduleLength = models.feedback.schedule.timesteps
    run.rebuildsEveryLevel = policy.isEager
    run.path = folder?.path ?? ""
    run.towers = folder?.towerSteps ?? []
    return run
  }

  func introduce() {
    report.show(self)
    report.activity.cost = cost
  }

  // MARK: - Requests

  /// From the baseline, or from the tuned CLIP that was given; the options' run goes on. Asks first where it takes long.
  func start() throws {
    session = nil
    try renewModels()
    try ask()
  }

  /// Goes on with the run that has ended here.
  func resumeRun() throws {
    guard let folder = session?.recorder?.folder else { return }
    // Only one may have the log open.
    session = nil
    resumed = folder
    try ask()
  }

  private func renewModels() throws {
    if !isFresh { models = try workspace.models(tuned: options.tuned, seed: plan.seed) }
    isFresh = true
  }

  private func ask() throws {
    var cost = RunCost(plan, models: models)
    cost.evaluationSeconds = self.cost.evaluationSeconds
    if policy.asksBeforeTraining { cost.stage = .asking }
    self.cost = cost
    if cost.stage == .free { return try begin() }
    report.activity.status = .ready
  }

  /// A person accepts the estimated cost.
  func confirm() throws {
    switch cost.stage {
    case .asking:
      cost.stage = .measuring
      try begin()
    case .measured:
      cost.stage = .agreed
      report.activity.status = .running
    case .free, .measuring, .agreed: break
    }
  }

  /// A person does not.
  func decline() throws {
    guard cost.stage == .asking || cost.stage == .measured else { return }
    try session?.apply(.discard)
    (session, resumed) = (nil, options.resumes)
    try renewModels()
    cost = RunCost(plan, models: models)
    introduce()
    report.activity.status = .ready
  }

  private func begin() throws {
    let run = try resumed?.description ?? newDescription()
    let old = resumed
    let session = try workspace.session(
      run, at: old.map { .existing($0) } ?? .new(StateFolder(options.environment).newRun()),
      models: isFresh ? models : nil, evaluator: evaluator(ScoredPairs(of: run), Elsewhere(of: run), seed: run.seed),
      keepsLatents: ArithmeticPolicy.current.memory == .fast, environment: options.environment)
    session.observe = { [unowned self] in observe($0) }
    session.checkCancellation = { [isClosing] in
      if isClosing() { throw EndingSignals.taken ?? CancellationError() }
    }
    session.pausesWhenDiverged = true
    (self.session, models, resumed) = (session, session.trainer.models, nil)
    isFresh = false
    introduce()
    if let remark = run.configuration.remark { report.post(.problem(Problem(remark))) }
    report.activity.status = session.hasEnded ? .finished : .running
  }

  /// What the run is, or the next one would be.
  func description() throws -> RunDescription {
    try session?.recorder?.folder.description ?? resumed?.description ?? newDescription()
  }

  private func newDescription() throws -> RunDescription {
    var run = try RunDescription(
      plan, in: workspace, tuned: options.tuned, data: options.data,
      scored: options.scored(for: workspace.backbone, mini: workspace.folder), elsewhere: options.elsewhere,
      version: programVersion)
    run.record = options.record
    return run
  }

  private func evaluator(_ set: ScoredPairs, _ elsewhere: Elsewhere, seed: UInt64) throws -> Evaluator? {
    // Pairs that could not be read score nothing; a run that goes on draws from its own seed.
    guard let browsed else { return nil }
    if browsed.seeds == [seed] { return try workspace.evaluator(set, browsed, elsewhere: elsewhere) }
    return try workspace.evaluator(set, browsed.benchmark, seed: seed, elsewhere: elsewhere)
  }

  func apply(_ command: TrainingSession.Command) throws {
    guard let session, !session.hasEnded else {
      if case .density(let density) = command, session == nil {
        cost.plan.density = density
        introduce()
      }
      return
    }
    try session.apply(command)
    report.activity.status = session.hasEnded ? .stopped : session.isPaused ? .paused : .running
  }

  /// The program ends.
  func end() throws { try session?.stop(EndingSignals.taken) }

  /// The run ends with what it learned.
  func fail(_ problem: Problem) throws { try session?.fail(problem) }

  // MARK: - Pieces

  /// Does the next piece, and says which it was.
  func next() throws -> TrainingSession.Piece {
    guard let session else { return .done }
    let piece = try session.next()
    if piece == .done { report.activity.status = session.trainer.isFinished ? .finished : .stopped }
    // A run that has diverged pauses by itself.
    if session.isPaused { report.activity.status = .paused }
    return piece
  }

  private func observe(_ update: SessionUpdate) {
    switch update {
    case .entry(let entry):
      report.post(.log(entry))
      if case .step(let step) = entry { measure(step) }
    case .progress(let progress): show(progress)
    case .notice(let problem): report.post(.problem(problem))
    }
  }

  private func show(_ progress: SessionProgress?) {
    func part(_ work: SessionProgress.Work) -> WorkProgress? {
      guard let progress, progress.work == work else { return nil }
      return WorkProgress(done: progress.done, all: progress.all, secondsLeft: progress.secondsLeft)
    }
    report.activity.stepping = part(.step)
    report.activity.scoring = part(.pairs)
    report.activity.zeroShot = part(.zeroShot)
  }

  /// The first step of each stage says what the whole run takes; after the very first one a person may have to confirm.
  private func measure(_ step: StepReport) {
    guard let session, step.stage == .align ? cost.aligningSeconds == nil : cost.stepSeconds == nil else { return }
    let images = Double(plan.batch * plan.accumulate)
    cost.measure(step, seconds: images / step.imagesPerSecond)
    guard cost.stage == .measuring else { return }
    cost.stage = .measured
    report.activity.status = session.trainer.isFinished ? .running : .paused
  }
}
