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
  /// Checked after each micro-batch of an accumulated step; true throws a `CancellationError` out of `next()`, and the
  /// run ends as by `Command.stop`, without that step.
  public var isCancelled: () -> Bool = { false }

  /// The step on the tower whose evaluation is done.
  private var evaluated: Int?
  private var evaluation: WorkTimer?
  /// Where the run was saved last.
  private var saved: Trainer.Position?
  private var skippedImages = SkippedImages()
  private var hasReportedGradient = false

  /// - Parameters:
  ///   - trainer: at the beginning of the run, or restored from the recorder's last checkpoint.
  ///   - recorder: open on the run's folder.
  public init(_ trainer: Trainer, evaluator: Evaluator?, recorder: RunRecorder?) {
    (self.trainer, self.evaluator, self.recorder) = (trainer, evaluator, recorder)
    let history = recorder?.history ?? RunHistory()
    if history.evaluations.contains(where: { $0.step == trainer.trained }) { evaluated = trainer.trained }
    if trainer.aligned + trainer.trained > 0 { saved = trainer.position }
    hasEnded = history.isFinished && trainer.isFinished
  }

  private var plan: TrainConfiguration { trainer.configuration }

  // MARK: - Pieces

  /// Does the next piece of work and says which it was. Whatever throws ends the run as `Command.stop` does.
  ///
  /// A step that comes to the end of the alignment makes the evaluation at step 0 due, before the first step on the
  /// tower. The last step makes the final evaluation and checkpoint due; each step's happen once.
  public func next() throws -> Piece {
    let piece = due
    do {
      switch piece {
      case .step: try step()
      case .evaluation: try evaluate()
      case .checkpoint: try save()
      case .done: try finish()
      case .paused: break
      }
    } catch {
      do {
        try end(isKept: true)
      } catch let second {
        // The first failure is the one to report; this is its consequence, or its twin.
        try? observe(.notice(second as? Problem ?? Problem("cannot save the run: \(second)")))
      }
      throw error
    }
    return piece
  }

  /// What `next()` will do.
  public var due: Piece {
    if hasEnded { return .done }
    if isPaused { return .paused }
    if isEvaluationDue { return .evaluation }
    if isCheckpointDue { return .checkpoint }
    return trainer.isFinished ? .done : .step
  }

  private var isEvaluationDue: Bool {
    evaluator != nil && evaluated != trainer.trained && isDue(every: plan.evaluateEvery)
  }

  private var isCheckpointDue: Bool {
    recorder != nil && saved != trainer.position && isDue(every: plan.checkpointEvery)
      && (trainer.trained > 0 || trainer.isFinished)
  }

  private func isDue(every steps: Int) -> Bool {
    trainer.isFinished || (trainer.isAligned && steps > 0 && trainer.trained % steps == 0)
  }

  private func step() throws {
    let report: StepReport
    do {
      report = try takeStep()
    } catch {
      try? reportSkippedImages()
      throw error
    }
    try reportSkippedImages()
    try record(.step(report))
    guard !report.gradNorm.isFinite, !hasReportedGradient else { return }
    hasReportedGradient = true
    try observe(
      .notice(
        Problem("the gradient of step \(report.step) is not a number: such steps change nothing; try a lower --lr")))
  }

  private func takeStep() throws -> StepReport {
    guard plan.accumulate > 1 else { return try trainer.step() }
    let timer = WorkTimer()
    trainer.afterMicroBatch = { [isCancelled, observe] done, all in
      if isCancelled() { throw CancellationError() }
      try observe(.progress(timer.measured(SessionProgress(.step, done: done, all: all))))
    }
    defer { trainer.afterMicroBatch = nil }
    let report = try trainer.step()
    try observe(.progress(nil))
    return report
  }

  private func reportSkippedImages() throws {
    let skipped = trainer.images.skipped
    guard skipped != skippedImages else { return }
    for problem in skipped.problems.dropFirst(skippedImages.problems.count) {
      try observe(.notice(Problem("left out: \(problem.message)", advice: problem.advice)))
    }
    try observe(.notice(Problem(skipped.summary)))
    skippedImages = skipped
  }

  private func evaluate() throws {
    if evaluation == nil { evaluator?.begin(trainer.models.tuned) }
    let timer = evaluation ?? WorkTimer()
    evaluation = timer
    evaluator?.advance()
    guard let evaluator else { return }
    guard evaluator.isFinished else { return try observe(.progress(timer.measured(evaluator.progress))) }
    let reports = evaluator.reports(step: trainer.trained)
    (evaluation, evaluated) = (nil, trainer.trained)
    try observe(.progress(nil))
    try record(.evaluation(reports.evaluation))
    try record(.predictions(reports.predictions))
  }

  /// Writes a checkpoint of what was learned since the last one; nothing where the run is not recorded.
  private func save() throws {
    guard let recorder else { return }
    let checkpoint = try trainer.save(to: recorder.folder)
    saved = trainer.position
    try record(.checkpoint(step: checkpoint.step, folder: checkpoint.name))
  }

  private func finish() throws {
    guard !hasEnded else { return }
    hasEnded = true
    try record(.finished(step: trainer.trained, seconds: trainer.seconds))
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
    case .stop: try end(isKept: true)
    case .discard: try end(isKept: false)
    case .density(let density):
      trainer.density = density
      if !trainer.isFinished { try record(.density(step: trainer.trained, density: density)) }
    }
  }

  private func end(isKept: Bool) throws {
    guard !hasEnded else { return }
    hasEnded = true
    if isKept, saved != trainer.position, trainer.aligned + trainer.trained > 0 { try save() }
    try record(.stopped(step: trainer.trained))
    try recorder?.close()
  }

  private func record(_ entry: LogEntry) throws {
    try recorder?.record(entry)
    try observe(.entry(entry))
  }
}

/// Predicts how long work takes from the pace so far.
private struct WorkTimer {
  private let begin = ContinuousClock.now

  /// The progress, with the seconds that are left of it.
  func measured(_ progress: SessionProgress) -> SessionProgress {
    var progress = progress
    let spent = (ContinuousClock.now - begin) / .seconds(1)
    progress.secondsLeft =
      progress.done > 0 ? spent / Double(progress.done) * Double(progress.all - progress.done) : nil
    return progress
  }
}
