import Engine
import Recap

/// A run that another process writes, or has written; read again and again.
struct WatchedRun {
  let folder: RunFolder
  private(set) var summary: RunSummary?
  private var problem: Problem?
  /// Its row as of the last look.
  private(set) var row: RunRow

  init(_ folder: RunFolder, name: String) {
    self.folder = folder
    row = RunRow(name: name, status: .loading("reading its log"), step: 0, totalSteps: folder.description.steps)
  }

  /// Reads what is new; true when the log had something.
  mutating func look() -> Bool {
    var isNew = false
    do {
      if summary == nil {
        summary = try RunSummary(reading: folder)
        isNew = true
      } else {
        isNew = try summary?.update().isEmpty == false
      }
      problem = nil
    } catch {
      problem = error as? Problem ?? Problem("cannot read \(folder.logPath): \(error)")
    }
    row = newRow
    return isNew
  }

  private var newRow: RunRow {
    let history = summary?.history ?? RunHistory()
    let last = history.steps(in: .train).last
    return RunRow(
      name: row.name, status: status, isAligning: last == nil && !history.steps.isEmpty, step: last?.step ?? 0,
      totalSteps: folder.description.steps, loss: LossChange(history)?.last,
      evaluations: history.evaluations.map(Evaluation.init), facts: RunRow.Fact.all(of: folder, history))
  }

  private var status: TrainingStatus {
    if let problem { return .failed(problem) }
    switch summary?.status() {
    case .running: return .live
    case .paused: return .paused
    case .stopped: return .stopped
    case .finished: return .finished
    case .presumedCrashed(let seconds): return .crashed(silentSeconds: seconds)
    case nil: return row.status
    }
  }

  var plan: RunPlan {
    let configuration = folder.description.configuration
    return RunPlan(
      name: row.name, totalSteps: configuration.steps, alignSteps: configuration.alignSteps, isWatched: true,
      timesteps: RebuildQueue.timesteps)
  }

  /// The curves as far as the log tells them.
  var curves: ExplorerEvent {
    let history = summary?.history ?? RunHistory()
    return .curves(
      aligning: history.steps(in: .align).map(TrainPoint.init), points: history.steps(in: .train).map(TrainPoint.init),
      evaluations: history.evaluations.map(Evaluation.init))
  }

  var lastCheckpoint: Int? { summary?.history.checkpoints.last?.step }

  /// The density of the run's last step.
  var density: RecapDensity {
    let history = summary?.history
    return history?.densityChanges.last?.density ?? history?.steps.last?.density
      ?? folder.description.configuration.density
  }
}

extension RunDescription {
  fileprivate var steps: Int { configuration.steps }
}

extension RunRow.Fact {
  /// What a run is, from its folder and its log.
  fileprivate static func all(of folder: RunFolder, _ history: RunHistory) -> [RunRow.Fact] {
    let (run, plan) = (folder.description, folder.description.configuration)
    let facts = [
      ("folder", folder.path), ("started", "\(run.created), diva-tui \(run.version), seed \(run.seed)"),
      ("machine", "\(run.cpu), \(run.threads.counted("thread"))"),
      ("CLIP", run.tuned.map { "\(run.clip), tuned from \($0)" } ?? run.clip), ("diffusion", run.diffusion),
      ("data", run.data),
      (
        "settings",
        "density \(plan.density), batch \(plan.batch)\(plan.accumulate == 1 ? "" : " × \(plan.accumulate)"), \(plan.draws.counted("noise draw")) per image, "
          + "\(plan.optimizer.rawValue), learning rate \(plan.rate), \(plan.alignSteps) aligning steps"
      ),
      (
        "checkpoints",
        history.checkpoints.isEmpty ? "none yet" : history.checkpoints.map(\.folder).joined(separator: ", ")
      ),
    ]
    let control =
      plan.shufflesCondition ? [("control", "conditioned on another image’s features: must not help")] : []
    return (facts + control).map { RunRow.Fact(name: $0.0, value: $0.1.withoutControlCharacters()) }
  }
}
