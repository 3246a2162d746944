import Engine
import Recap

/// A run on disk that is read again and again, whoever trains it.
struct FollowedRun: RunSource {
  let folder: RunFolder
  let name: String
  /// Its place in the list of runs.
  private let number: Int
  /// Patches on a side, once its models are known.
  var patches: Int?
  private(set) var summary: RunSummary?
  private var problem: Problem?

  init(_ folder: RunFolder, name: String, number: Int = 0) {
    (self.folder, self.name, self.number) = (folder, name, number)
  }

  var history: RunHistory { summary?.history ?? RunHistory() }

  /// Reads what is new, and gives it; all of it at the first time.
  mutating func look() -> [LogEntry] {
    var news: [LogEntry] = []
    do {
      if summary == nil { summary = try RunSummary(reading: folder) } else { news = try summary?.update() ?? [] }
      problem = nil
    } catch {
      problem = Problem(error)
    }
    return news
  }

  /// As of the last look.
  var row: RunRow {
    RunRow(
      name: name, status: status, isAligning: history.steps.last?.stage == .align,
      step: history.steps.last?.step ?? 0,
      totalSteps: history.steps.last?.stage == .align
        ? folder.description.configuration.alignSteps : folder.description.configuration.steps,
      loss: history.steps(in: .train).isEmpty ? nil : LossChange(history)?.last, evaluations: history.evaluations,
      facts: RunRow.Fact.all(of: folder, history, remarks: summary?.remarks ?? []))
  }

  var status: TrainingStatus {
    if let problem { return .failed(problem) }
    return switch summary?.status() {
    case .running: .live
    case .paused: .paused
    case .stopped: .stopped
    case .failed: .failed(Problem(history.reason ?? "an error ended it"))
    case .finished: .finished
    case .presumedCrashed(let seconds): .crashed(silentSeconds: seconds)
    case nil: .loading("reading its log")
    }
  }

  var opened: OpenedRun {
    let plan = folder.description.configuration
    var run = OpenedRun(
      name: name, plan: plan, history: history,
      densities: patches.map { DensityTable(patches: $0, seed: plan.seed, of: history) } ?? DensityTable())
    (run.number, run.isFollowed, run.path) = (number, true, folder.path)
    run.towers = folder.towerSteps
    return run
  }
}

extension RunRow.Fact {
  /// What a run is, from its folder and its log.
  fileprivate static func all(of folder: RunFolder, _ history: RunHistory, remarks: [String]) -> [RunRow.Fact] {
    let (run, plan) = (folder.description, folder.description.configuration)
    let facts = [
      ("folder", folder.path), ("started", "\(run.created), diva-tui \(run.version), seed \(run.seed)"),
      ("machine", "\(run.cpu), \(run.threads.counted("thread"))"),
      ("CLIP", run.tuned.map { "\(run.clip), tuned from \($0)" } ?? run.clip), ("diffusion", run.diffusion),
      ("data", run.data),
      (
        "settings",
        "density \(plan.density), batch \(plan.batch)\(plan.accumulate == 1 ? "" : " × \(plan.accumulate)"), "
          + "\(plan.draws.counted("noise draw")) per image, \(plan.optimizer.rawValue), learning rate \(plan.rate), \(plan.alignSteps) aligning steps"
      ),
      (
        "checkpoints",
        history.checkpoints.isEmpty ? "none yet" : history.checkpoints.map(\.folder).joined(separator: ", ")
      ),
    ]
    let control =
      plan.shufflesCondition ? [("control", "conditioned on another image’s features: must not help")] : []
    return (facts + control + remarks.map { ("note", $0) }).map {
      RunRow.Fact(name: $0.0, value: $0.1.withoutControlCharacters())
    }
  }
}
