import Engine

/// A run at work: it trains, evaluates, saves and records, one piece per call of `next()`.
///
/// Whoever drives it is a loop and nothing more. Between two pieces it can be commanded; what happens is reported as log
/// entries and passing progress. Not for use from two threads at once.
///
/// ```swift
/// let session = TrainingSession(trainer, evaluator: evaluator, recorder: recorder)
/// session.observe = { update in show(update) }
/// while try session.next() != .done { if wantsToStop() { try session.apply(.stop) } }
/// ```
public final class TrainingSession {
  /// What `next()` has done.
  public enum Piece: Equatable, Sendable {
    case step
    /// A few images of an evaluation.
    case evaluation
    case checkpoint
    /// Nothing: the session waits for `Command.resume`.
    case paused
    /// Nothing more comes: the run is finished, or was stopped.
    case done
  }

  public enum Command: Equatable, Sendable {
    /// Holds steps, and an evaluation that is due or under way.
    case pause, resume
    /// Ends the run early, saved, so that it can be resumed.
    case stop
    /// Ends the run early without saving what it learned.
    case discard
    /// Which tokens are in the condition from the next step on.
    case density(RecapDensity)
  }

  public let trainer: Trainer
  /// nil where the run is not recorded.
  public let recorder: RunRecorder?
  /// nil where there are no pairs to score.
  public private(set) var evaluator: Evaluator?
  public private(set) var isPaused = false
  /// Finished or stopped.
  public private(set) var hasEnded = false
  /// Called with all that happens; what it throws ends the run like any failure.
  public var observe: (SessionUpdate) throws -> Void = { _ in }
  /// Called after each part of a step that has several; what it throws, a `CancellationError` or `Interrupted`, comes
  /// out of `next()`, and the run ends as by `Command.stop`, without that step.
  public var checkCancellation: () throws -> Void = {}

  /// Whether evaluations reconstruct a few pictures for TensorBoard; worth it where that takes no time.
  var reconstructs = false
  /// What is kept of each evaluation beside its scores.
  var recording = Recording.similarities

  /// The step on the tower whose evaluation is done.
  private var evaluated: Int?
  private var evaluation: WorkTimer?
  /// The best evaluation, and how many have come since, or since the session began.
  private var best: EvaluationReport?
  private var sinceBest = 0
  /// The step on the tower whose small evaluation is done.
  private var smallEvaluated: Int?
  /// Where the run was saved last, and when.
  private var saved: Trainer.Position?
  private var savedAt: Double
  private let clock: () -> Double
  private var skippedImages = SkippedImages()
  private var divergence = DivergenceWatch()
  /// Changes of the density that the run made before it was cut off, and comes to again.
  private var comingDensities: [RunHistory.DensityChange]

  /// Seconds after which a run is saved whatever its settings say.
  static let longestUnsaved = 600.0
  /// Whether the run waits for a person once it has diverged, rather than end as failed.
  public var pausesWhenDiverged = false
  public var hasDiverged: Bool { divergence.hasDiverged }

  /// - Parameters:
  ///   - trainer: at the beginning of the run, or restored from the recorder's last checkpoint.
  ///   - recorder: open on the run's folder.
  ///   - clock: gives seconds that only go forward.
  public init(
    _ trainer: Trainer, evaluator: Evaluator?, recorder: RunRecorder?,
    clock: @escaping () -> Double = RunRecorder.uptime
  ) {
    (self.trainer, self.evaluator, self.recorder) = (trainer, evaluator, recorder)
    (self.clock, savedAt) = (clock, clock())
    let history = recorder?.history ?? RunHistory()
    let step = trainer.trained
    let isEvaluated = history.evaluations.contains { $0.step == step }
    // A crash may have come between the two.
    if isEvaluated, history.predictions.contains(where: { $0.step == step }) { evaluated = step }
    best = history.best
    smallEvaluated = history.smallEvaluations.last { $0.step == step }?.step
    let changes = history.densityChanges.filter { $0.step >= step && $0.aligned >= trainer.aligned }
    let next = changes.firstIndex { $0.step > step || $0.aligned > trainer.aligned } ?? changes.count
    // Made after the checkpoint, before another step.
    if let last = changes[..<next].last { trainer.density = last.density }
    comingDensities = Array(changes[next...])
    if trainer.aligned + step > 0 { saved = trainer.position }
    hasEnded = history.isFinished && trainer.isFinished
  }

  private var plan: TrainConfiguration { trainer.configuration }

  // MARK: - Pieces

  /// Does the next piece of work and says which it was. What throws ends the run: as stopped where it was `Interrupted`
  /// or cancelled, otherwise as failed; saved in any case.
  ///
  /// A step that comes to the end of the alignment makes the evaluation at step 0 due, before the first step on the
  /// tower. The last step makes the final evaluation and checkpoint due; each step's happen once.
  public func next() throws -> Piece {
    let piece = due
    do {
      try reportRecorder()
      switch piece {
      case .step: try step()
      case .evaluation: try evaluate()
      case .checkpoint: try save()
      case .done: try hasRunOut ? endWithoutGain() : finish()
      case .paused: break
      }
    } catch {
      do {
        try end(isKept: true, by: error)
      } catch let second {
        // The first failure is the one to report; this is its consequence, or its twin.
        try? observe(.notice(Problem(second)))
      }
      throw error
    }
    return piece
  }

  /// What `next()` will do.
  public var due: Piece {
    if hasEnded { return .done }
    if isPaused { return .paused }
    if isSavingOverdue { return .checkpoint }
    if hasRunOut { return .done }
    if isEvaluationDue || isSmallEvaluationDue { return .evaluation }
    if isCheckpointDue { return .checkpoint }
    return trainer.isFinished ? .done : .step
  }

  /// No evaluation has been better for so long that the plan's patience is at its end.
  private var hasRunOut: Bool { plan.patience > 0 && sinceBest >= plan.patience && !trainer.isFinished }

  private var isEvaluationDue: Bool {
    evaluator != nil && evaluated != trainer.trained && isDue(every: plan.evaluateEvery)
  }

  private var isSmallEvaluationDue: Bool {
    evaluator?.hasPart == true && smallEvaluated != trainer.trained && trainer.isAligned
      && plan.hasSmallEvaluation(after: trainer.trained)
  }

  private var isCheckpointDue: Bool {
    recorder != nil && saved != trainer.position && isDue(every: plan.checkpointEvery)
      && (trainer.trained > 0 || trainer.isFinished)
  }

  private var isSavingOverdue: Bool {
    recorder != nil && saved != trainer.position && trainer.aligned + trainer.trained > 0
      && clock() - savedAt >= Self.longestUnsaved
  }

  private func isDue(every steps: Int) -> Bool {
    trainer.isFinished || (trainer.isAligned && steps > 0 && trainer.trained % steps == 0)
  }

  private func step() throws {
    try repeatDensities()
    let report: StepReport
    do {
      report = try takeStep()
    } catch {
      try? reportSkippedImages()
      throw error
    }
    try reportSkippedImages()
    try record(.step(report))
    if let notice = divergence.add(report) { try observe(.notice(notice)) }
    if divergence.hasDiverged { try endDivergence(at: report) }
  }

  /// The weights that the steps before the divergence made are on the disk, if anywhere, as the last good checkpoint.
  private func endDivergence(at report: StepReport) throws {
    let good = recorder?.history.checkpoints.last { $0.step <= divergence.lastGoodStep }
    let problem = divergence.problem(
      report, good: good.flatMap { good in recorder.map { "\($0.folder.path)/\(good.folder)" } })
    guard pausesWhenDiverged else { throw problem }
    try observe(.notice(problem))
    divergence = DivergenceWatch()
    try apply(.pause)
  }

  /// A run that is resumed changes its density at the steps where it did before.
  private func repeatDensities() throws {
    while let next = comingDensities.first, trainer.aligned >= next.aligned, trainer.trained >= next.step {
      comingDensities.removeFirst()
      guard trainer.density != next.density else { continue }
      trainer.density = next.density
      try record(.density(step: trainer.trained, density: next.density))
    }
  }

  private func takeStep() throws -> StepReport {
    guard trainer.partsPerStep > 1 else { return try trainer.step() }
    let timer = WorkTimer()
    trainer.afterPart = { [checkCancellation, observe] done, all in
      try checkCancellation()
      try observe(.progress(timer.measured(SessionProgress(.step, done: done, all: all))))
    }
    defer { trainer.afterPart = nil }
    let report = try trainer.step()
    try observe(.progress(nil))
    return report
  }

  private func reportSkippedImages() throws {
    let skipped = trainer.images.skipped
    for problem in trainer.parallel?.takeRemarks(own: skipped) ?? [] {
      try observe(.notice(Problem("left out: \(problem.message)")))
    }
    guard skipped != skippedImages else { return }
    for problem in skipped.problems.dropFirst(skippedImages.problems.count) {
      try observe(.notice(Problem("left out: \(problem.message)", advice: problem.advice)))
    }
    try observe(.notice(Problem(skipped.summary)))
    skippedImages = skipped
  }

  private func evaluate() throws {
    guard isEvaluationDue else { return try evaluatePart() }
    if evaluation == nil { evaluator?.begin(trainer.models.tuned) }
    var timer = evaluation ?? WorkTimer()
    try timer.time { try evaluator?.advance(with: trainer.parallel) }
    evaluation = timer
    guard let evaluator else { return }
    guard evaluator.isFinished else { return try observe(.progress(timer.measured(evaluator.progress))) }
    var reports = evaluator.reports(step: trainer.trained)
    reports.evaluation.seconds = timer.worked
    if recording == .none { reports.predictions.forgetSimilarities() }
    if recording == .towers { try keepTower() }
    (evaluation, evaluated) = (nil, trainer.trained)
    try observe(.progress(nil))
    try record(.evaluation(reports.evaluation), .predictions(reports.predictions))
    try compareWithBest(reports.evaluation)
    guard reconstructs, let recorder else { return }
    recorder.record(EvaluationPictures.strips(trainer, evaluator.pairs), step: trainer.trained)
  }

  private func compareWithBest(_ report: EvaluationReport) throws {
    let isBest = best.map { $0.balance < report.balance } ?? true
    (best, sinceBest) = isBest ? (report, 0) : (best, sinceBest + 1)
    if isBest, plan.patience > 0, trainer.trained > 0, saved != trainer.position { try save(isKept: true) }
  }

  private func endWithoutGain() throws {
    let step = best.map { "step \($0.step)" } ?? "the first step"
    let problem = Problem(
      "stopped early: \(sinceBest.counted("evaluation")) without a better step than \(step)",
      advice: "diva-tui train --resume goes on; its checkpoint is kept")
    try observe(.notice(problem))
    try end(isKept: true, by: EndedEarly(problem: problem))
  }

  private func evaluatePart() throws {
    if evaluation == nil { evaluator?.beginPart(trainer.models.tuned) }
    var timer = evaluation ?? WorkTimer()
    let report = try timer.time { try evaluator?.advancePart(step: trainer.trained, with: trainer.parallel) }
    evaluation = timer
    guard let evaluator else { return }
    guard let report else { return try observe(.progress(timer.measured(evaluator.partProgress))) }
    (evaluation, smallEvaluated) = (nil, trainer.trained)
    try observe(.progress(nil))
    try record(.smallEvaluation(report))
  }

  /// Writes a checkpoint of what was learned since the last one; nothing where the run is not recorded.
  private func save(isKept isBest: Bool = false) throws {
    guard let recorder else { return }
    try recorder.prepareCheckpoint()
    let checkpoint = try trainer.save(to: recorder.folder)
    (saved, savedAt) = (trainer.position, clock())
    let replaced = recorder.history.checkpoints.filter { !$0.isKept && $0.step != checkpoint.step }
    let isKept = isBest || hasEnded || isDue(every: plan.checkpointEvery)
    try record(.checkpoint(step: checkpoint.step, folder: checkpoint.name, isKept: isKept))
    // One that cannot be removed costs room, nothing else.
    for old in replaced { try? Checkpoint.remove(old.step, of: recorder.folder) }
  }

  private func finish() throws {
    guard !hasEnded else { return }
    try record(.finished(step: trainer.trained, seconds: trainer.seconds))
    hasEnded = true
    try recorder?.close()
  }

  // MARK: - Commands

  public func apply(_ command: Command) throws {
    guard !hasEnded else { return }
    switch command {
    case .pause:
      guard !isPaused else { return }
      isPaused = true
      if !trainer.isFinished { try record(.paused(step: trainer.trained)) }
      try recorder?.flush()
    case .resume: isPaused = false
    case .stop: try stop()
    case .discard: try end(isKept: false)
    case .density(let density):
      (trainer.density, comingDensities) = (density, [])
      if !trainer.isFinished { try record(.density(step: trainer.trained, density: density)) }
    }
  }

  /// Ends the run early, saved; the log says by what signal, if it was one.
  public func stop(_ signal: Interrupted? = nil) throws { try end(isKept: true, by: signal) }

  /// Ends the run with what it learned, as failed.
  public func fail(_ problem: Problem) throws { try end(isKept: true, by: problem) }

  /// Saves, says so in the log and lets go of the run, each whether or not the one before could be done; throws the first
  /// failure.
  private func end(isKept: Bool, by error: (any Error)? = nil) throws {
    guard !hasEnded else { return }
    hasEnded = true
    var failures: [any Error] = []
    func attempt(_ work: () throws -> Void) { do { try work() } catch { failures.append(error) } }
    let isUnsaved = saved != trainer.position && trainer.aligned + trainer.trained > 0
    attempt { if isKept, isUnsaved, !hasDiverged { try save() } }
    let isStop = error == nil || error is Interrupted || error is CancellationError || error is EndedEarly
    attempt { try record(lastEntry(isStop ? failures.first ?? error : error)) }
    attempt { try recorder?.close() }
    if let first = failures.first { throw first }
  }

  private func lastEntry(_ error: (any Error)?) -> LogEntry {
    switch error {
    case nil, is CancellationError: .stopped(step: trainer.trained)
    case let signal as Interrupted: .stopped(step: trainer.trained, cause: signal.name)
    case let early as EndedEarly: .stopped(step: trainer.trained, cause: early.problem.message)
    case let error?: .failed(step: trainer.trained, message: Problem(error).oneLine)
    }
  }

  /// Entries that belong together are in the log before anybody is shown the first.
  private func record(_ entries: LogEntry...) throws {
    for entry in entries { try recorder?.record(entry) }
    for entry in entries { try observe(.entry(entry)) }
    try reportRecorder()
  }

  /// What has become of the run's files.
  private func reportRecorder() throws {
    guard let recorder else { return }
    if recorder.hasLostCheckpoints { (saved, savedAt) = (nil, -.infinity) }
    for notice in recorder.takeNotices() { try observe(.notice(notice)) }
  }
}

/// The run has not become better for longer than its patience.
private struct EndedEarly: Error { let problem: Problem }

/// Predicts how long work takes from the pace so far.
private struct WorkTimer {
  private let begin = ContinuousClock.now
  /// Seconds of the work itself, without what was done between its pieces.
  private(set) var worked = 0.0

  mutating func time<R>(_ work: () throws -> R) rethrows -> R {
    let start = ContinuousClock.now
    defer { worked += (ContinuousClock.now - start) / .seconds(1) }
    return try work()
  }

  /// The progress, with the seconds that are left of it.
  func measured(_ progress: SessionProgress) -> SessionProgress {
    var progress = progress
    let spent = (ContinuousClock.now - begin) / .seconds(1)
    progress.secondsLeft =
      progress.done > 0 ? spent / Double(progress.done) * Double(progress.all - progress.done) : nil
    return progress
  }
}
