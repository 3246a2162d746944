import Engine
import Recap
import Terminal

/// Follows runs on disk, live or finished, and shows one of them on the screens.
final class RunsSession: Session {
  private let report: Reporter
  private var runs: [FollowedRun]
  /// The run that the screens show.
  private var opened = 0
  private var rows: [RunRow] = []
  private var recorded: RecordedRows?
  private var models: RunModels?
  /// Of the pictures; the run itself is not changed.
  private var density = RecapDensity.classOnly
  private var pictures: ReconstructionJob

  /// Seconds on a clock that never goes back.
  private let clock: () -> Double
  private var nextLook = 0.0
  private static let secondsBetweenLooks = 1.0

  init(
    _ folders: [RunFolder], clock: @escaping () -> Double = ExplorerLoop.systemClock(),
    post: @escaping (ExplorerEvent) -> Void
  ) {
    (self.clock, report) = (clock, Reporter(post))
    pictures = ReconstructionJob(report, isEager: false)
    let names = folders.map(\.name)
    let areAlike = Set(names).count < names.count
    runs = folders.map { FollowedRun($0, name: areAlike ? $0.path : $0.name) }
  }

  private var run: FollowedRun { runs[opened] }
  private var canRebuild: Bool { models?.tuned != nil && pictures.isWaiting }

  var pause: Double { canRebuild ? 0 : max(0, nextLook - clock()) }

  func begin() {
    open(0)
    nextLook = clock()
  }

  func handle(_ work: Work) {
    switch work {
    case .openRun(let index): open(index)
    case .setDensity(let chosen):
      density = chosen
      pictures.renew()
    case .reconstruct(let image, let timestep): pictures.look(at: image, timestep: timestep)
    case .cancelRebuilding: pictures.cancel()
    case .loadPairs: postPairs()
    case .startTraining, .confirmCost, .declineCost, .pause, .resume, .stop, .repaint, .suspend, .quit: break
    }
  }

  func advance() {
    if canRebuild, let source = models?.source(density, seed: run.folder.description.seed) { pictures.advance(source) }
    guard clock() >= nextLook else { return }
    look()
    nextLook = clock() + Self.secondsBetweenLooks
  }

  func fail(_ problem: Problem) { report.post(.problem(problem)) }

  func end() {}

  // MARK: - Logs

  private func open(_ index: Int) {
    opened = min(max(index, 0), runs.count - 1)
    _ = runs[opened].look()
    report.post(.opened(run.opened(opened)))
    report.progress = SessionProgress(status: run.row.status)
    report.post(.samples([]))
    report.post(.pairs([]))
    postRows()
    postPairs()
    density = run.opened(opened).density
    openModels()
  }

  /// Reads what is new in every run.
  private func look() {
    for index in runs.indices {
      let wasUnreadable = runs[index].summary == nil
      let news = runs[index].look()
      guard index == opened else { continue }
      if wasUnreadable, run.summary != nil { open(index) }
      report.progress.status = run.row.status
      for entry in news { take(entry) }
    }
    postRows()
  }

  private func take(_ entry: LogEntry) {
    report.post(.log(entry))
    switch entry {
    case .predictions: postPairs()
    case .checkpoint: if models != nil { loadCheckpoint() }
    case .step, .evaluation, .density, .finished, .paused, .stopped: break
    }
  }

  private func postRows() {
    let new = runs.map(\.row)
    guard new != rows else { return }
    rows = new
    report.post(.runs(new))
  }

  /// Both models' answers as the log has them, beside the pairs that they are about.
  private func postPairs() {
    guard let predictions = run.history.predictions.last else { return }
    let folder = run.folder.description.mmvp
    if recorded?.are(predictions.set, in: folder) != true {
      do {
        let known = try RecordedRows(set: predictions.set, folder: folder, mini: Assets.mini())
        recorded = known
        if !known.belong(to: predictions) {
          report.post(.problem(Problem("this run answered other pairs than this version has")))
        }
      } catch {
        recorded = nil
        report.post(.problem(Problem(error)))
      }
    }
    report.post(.pairs(RecordedRows.rows(predictions, beside: recorded)))
  }

  // MARK: - Models

  private func openModels() {
    do {
      if models?.fits(run.folder.description) != true {
        models = nil
        models = try RunModels(of: run.folder.description)
      }
      guard let models else { return }
      pictures = ReconstructionJob(report, isEager: models.workspace.backbone.policy.isEager)
      report.post(.opened(run.opened(opened, patches: models.workspace.clip.vision.config.grid)))
      report.post(.samples(models.samples.map(Picture.init)))
      loadCheckpoint()
    } catch {
      reportAbsence(error)
    }
  }

  private func loadCheckpoint() {
    models?.tuned = nil
    do {
      guard let last = try Checkpoint.latest(in: run.folder) else {
        report.progress.absence =
          "This run has no checkpoint yet, so there is no tuned CLIP to reconstruct with. The first one is written at "
          + "the run's end, or earlier with --checkpoint-every."
        return
      }
      try models?.load(last)
      pictures.renew()
      report.progress.absence = nil
    } catch {
      reportAbsence(error)
    }
  }

  private func reportAbsence(_ error: any Error) {
    let problem = Problem(error)
    let advice = problem.advice.map { " – \($0)" } ?? ""
    report.progress.absence =
      "The models of this run cannot be opened: \(problem.message)\(advice). "
      + "Its curves and its answers to the pairs are here all the same."
  }
}
