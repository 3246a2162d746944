import Engine

/// What happened in a run, as series. A value: add entries as they come.
///
/// A run that was resumed from a checkpoint repeats steps; what it did after that checkpoint the first time is
/// forgotten here (the log keeps it), so that every series goes forward.
public struct RunHistory: Equatable, Sendable {
  public struct DensityChange: Encodable, Equatable, Sendable {
    public let step: Int
    public let density: RecapDensity
    /// Aligning steps that were taken before it.
    let aligned: Int

    private enum CodingKeys: String, CodingKey { case step, density }
  }

  public struct SavedCheckpoint: Encodable, Equatable, Sendable {
    public let step: Int
    public let folder: String
    /// False for one that the next replaces.
    let isKept: Bool

    private enum CodingKeys: String, CodingKey { case step, folder }
  }

  /// What the log said last of how the run goes on. Only a further step makes it go on again.
  public enum Phase: Equatable, Sendable { case going, paused, stopped, failed, finished }

  public private(set) var phase = Phase.going
  /// Why it was stopped, if by a signal, or has failed.
  public private(set) var reason: String?
  /// Rising: those of the alignment, then those on the image tower.
  public private(set) var steps: [StepReport] = []
  /// How many of `steps` are the alignment's.
  private var alignSteps = 0
  public private(set) var evaluations: [EvaluationReport] = []
  /// The answers behind evaluations, of those that reported them.
  public private(set) var predictions: [PredictionReport] = []
  /// On a part of the pairs, in the first steps.
  public private(set) var smallEvaluations: [SmallEvaluationReport] = []
  public private(set) var densityChanges: [DensityChange] = []
  public private(set) var checkpoints: [SavedCheckpoint] = []
  /// What another program recorded.
  public private(set) var scalars = ScalarHistory()
  /// The highest step on the image tower that the log ever came to.
  private(set) var furthestStep = 0
  /// Training time in all, once the run has finished.
  public private(set) var finishedAfterSeconds: Double?

  public init(_ entries: [LogEntry] = []) { for entry in entries { add(entry) } }

  public var isFinished: Bool { phase == .finished }

  /// The evaluation whose step is worth most (`EvaluationReport.balance`), the earlier of equal ones.
  public var best: EvaluationReport? { RunReport.best(evaluations) }

  /// The alignment's steps stand before those on the image tower.
  public func steps(in stage: StepReport.Stage) -> ArraySlice<StepReport> {
    stage == .align ? steps[..<alignSteps] : steps[alignSteps...]
  }

  /// The weights of this step on the image tower are on disk; 0 before the first checkpoint.
  public var savedStep: Int { checkpoints.last?.step ?? 0 }

  /// The density of the last step, or what it was changed to since; nil before the first step.
  public var density: RecapDensity? {
    guard let last = steps.last else { return densityChanges.last?.density }
    let change = densityChanges.last { $0.step >= (last.stage == .train ? last.step : 0) }
    return change?.density ?? last.density
  }

  public mutating func add(_ entry: LogEntry) {
    switch entry {
    case .step(let report):
      (phase, reason, finishedAfterSeconds) = (.going, nil, nil)
      rewind(to: report)
      steps.append(report)
      if report.stage == .align { alignSteps += 1 } else { furthestStep = max(furthestStep, report.step) }
    case .evaluation(let report):
      evaluations.removeAll { $0.step >= report.step }
      evaluations.append(report)
    case .density(let step, let density):
      let aligned = steps(in: .align).last?.step ?? 0
      densityChanges.append(DensityChange(step: step, density: density, aligned: aligned))
    case .checkpoint(let step, let folder, let isKept):
      checkpoints.removeAll { $0.step >= step || !$0.isKept }
      checkpoints.append(SavedCheckpoint(step: step, folder: folder, isKept: isKept))
    case .finished(_, let seconds): (phase, reason, finishedAfterSeconds) = (.finished, nil, seconds)
    case .predictions(var report):
      predictions.removeAll { $0.step >= report.step }
      if let last = predictions.last { report.share(with: last) }
      predictions.append(report)
    case .smallEvaluation(let report):
      smallEvaluations.removeAll { $0.step >= report.step }
      smallEvaluations.append(report)
    case .paused: phase = .paused
    case .stopped(_, let cause): (phase, reason) = (.stopped, cause)
    case .failed(_, let message): (phase, reason) = (.failed, message)
    case .scalars(let report):
      (phase, reason, finishedAfterSeconds) = (.going, nil, nil)
      scalars.add(report)
    case .picture(let report): scalars.add(report)
    }
  }

  /// Forgets everything from `report` on, if the run has been there before.
  private mutating func rewind(to report: StepReport) {
    guard let last = steps.last, !last.isBefore(report) else { return }
    steps.removeLast(steps.reversed().prefix { !$0.isBefore(report) }.count)
    alignSteps = min(alignSteps, steps.count)
    // Evaluations and checkpoints count steps on the image tower; number 0 stands before them all.
    let first = report.stage == .train ? report.step : 1
    evaluations.removeAll { $0.step >= first }
    predictions.removeAll { $0.step >= first }
    smallEvaluations.removeAll { $0.step >= first }
    densityChanges.removeAll { $0.step >= first || (report.stage == .align && $0.aligned >= report.step) }
    checkpoints.removeAll { $0.step >= first }
  }
}

extension StepReport {
  fileprivate func isBefore(_ other: StepReport) -> Bool {
    stage == other.stage ? step < other.step : stage == .align
  }
}
