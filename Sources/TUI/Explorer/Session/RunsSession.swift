import Engine
import Foundation
import Recap
import Terminal

/// Follows runs on disk, live or finished, and shows one of them on the screens. One that has ended early can be resumed:
/// a session on its models then trains it, while the others are followed.
final class RunsSession: Session, ShownRun {
  private let report: Reporter
  private var runs: [FollowedRun]
  /// Listed behind them: those of other programs.
  private let foreign: ForeignWatch
  /// Listed behind them, with the reason why they cannot be opened.
  private let damaged: [RunRow]
  /// The run that the screens show.
  private var opened = 0
  private var rows: [RunRow] = []
  private var recorded: RecordedRows?
  private var models: RunModels?
  private var pairSamples: [PairPicture: Int] = [:]
  private let side: SideWork
  /// Of the pictures; the run itself is not changed.
  private var density = RecapDensity.classOnly
  private var pictures: ReconstructionJob
  /// Of the run that the screens show; nil without its models.
  private var towers: RecordedTowers?
  /// The run that is trained here.
  private var live: (number: Int, session: ModelSession)?
  private let environment: [String: String]
  private let isClosing: () -> Bool

  /// Seconds on a clock that never goes back.
  private let clock: () -> Double
  private var nextLook = 0.0
  private static let secondsBetweenLooks = 1.0

  init(
    _ folders: [RunFolder], foreign: [ForeignRun] = [], models: SessionOptions? = nil,
    damaged: [(path: String, problem: Problem)] = [],
    environment: [String: String] = ProcessInfo.processInfo.environment,
    isClosing: @escaping () -> Bool = { false },
    clock: @escaping () -> Double = ExplorerLoop.systemClock(), post: @escaping (ExplorerEvent) -> Void
  ) {
    (self.environment, self.isClosing, self.clock, report) = (environment, isClosing, clock, Reporter(post))
    pictures = ReconstructionJob(report, isEager: false)
    side = SideWork(report, environment: environment, isClosing: isClosing)
    self.foreign = ForeignWatch(foreign, first: folders.count, models, isClosing: isClosing, report: report)
    let names = folders.map(\.name)
    self.damaged = damaged.map { path, problem in
      RunRow(
        name: URL(filePath: path).lastPathComponent.withoutControlCharacters(), status: .failed(problem), step: 0,
        totalSteps: 0, facts: [.init(name: "folder", value: path.withoutControlCharacters())], canBeOpened: false)
    }
    let areAlike = Set(names).count < names.count
    runs = folders.enumerated().map { FollowedRun($1, name: areAlike ? $1.path : $1.name, number: $0) }
  }

  private var run: FollowedRun { runs[opened] }
  private var background: (any BackgroundJob)? { foreign.isShown ? nil : side.waiting() }
  private var canRebuild: Bool { !foreign.isShown && models?.tuned != nil && pictures.isWaiting }

  /// The session that the screens show; nil for a run that is only followed.
  private var shown: ModelSession? { foreign.isShown ? nil : live.flatMap { $0.number == opened ? $0.session : nil } }

  var pause: Double {
    let next = shown == nil && (canRebuild || background != nil) ? 0 : max(0, nextLook - clock())
    return min(next, live?.session.pause ?? .infinity, foreign.pause)
  }

  func begin() {
    open(0)
    nextLook = clock()
  }

  func handle(_ work: Work) throws {
    if case .openRun(let index) = work { return open(index) }
    if foreign.isShown { return report.attempt { try foreign.handle(work) } }
    if let shown { return try shown.handle(work) }
    switch work {
    case .resumeRun: report.attempt { try resume() }
    case .reconstruct(let image, let timestep, let chosen, let step):
      density = chosen
      pictures.look(at: image, timestep: timestep, density: chosen, step: step)
    case .reconstructPair(let which, let timestep, let chosen, let step):
      guard let image = index(of: which) else { return }
      density = chosen
      pictures.look(at: image, timestep: timestep, density: chosen, step: step, isAlone: true)
    case .openImage(let path):
      guard models != nil else { throw Problem("cannot reconstruct \(path): the run’s models are not open") }
      let image = try Image(contentsOf: URL(filePath: path))
      models?.samples.append(file: image)
      report.post(.sample(Picture(image.fitting(ModelOpener.previewSide))))
    case .cancelRebuilding: pictures.cancel()
    case .loadPairs:
      postPairs()
      pairFiles.load()
    case .describeModels: describeModels()
    case .weighPatches(let place):
      let rows = pairFiles.pairs
      guard let models, rows.indices.contains(place) else {
        return report.post(.said("the patches cannot be looked at: the run’s models are not open"))
      }
      try models.workspace.weighPatches(of: rows[place], by: models.tuned?.models, report: report)
    case .findNeighbours, .askTeacher, .cancelInquiries, .blend, .cancelBlend, .keepBlend, .planSweep, .startSweep,
      .cancelSweep, .keepNote, .write, .writePage, .writeScreen:
      side.handle(work, on: self)
    case .showLogged, .openRun, .setDensity, .startTraining, .confirmCost, .declineCost, .pause, .resume, .stop: break
    case .repaint, .suspend, .useMouse, .useLightGround, .keepScreen, .quit, .interrupt: break
    }
  }

  func advance() throws {
    if let live, live.session.pause == 0 {
      try live.session.advance()
    } else if foreign.pause == 0 {
      try foreign.advance()
    } else if canRebuild {
      pictures.advance(source)
    } else if shown == nil {
      background?.advance()
    }
    guard clock() >= nextLook else { return }
    look()
    nextLook = clock() + Self.secondsBetweenLooks
  }

  private func source(_ step: Int?) -> ReconstructionJob.Source? {
    let seed = run.folder.description.seed
    guard let step else {
      return models.flatMap { models in
        models.tuned.map { models.source($0.models, density, seed: seed, step: $0.step) }
      }
    }
    return towers?.models(at: step).flatMap { models?.source($0, density, seed: seed, step: step) }
  }

  var path: String { run.folder.path }
  var workspace: Workspace? { models?.workspace }
  var newestScoring: GradualScoring? { nil }

  /// The pairs that the run was scored on.
  private func benchmark(_ workspace: Workspace) throws -> PairBenchmark {
    let pairs = try models?.benchmark ?? workspace.benchmark(ScoredPairs(of: run.folder.description))
    models?.benchmark = pairs
    return pairs
  }

  func subject() throws -> SideWork.Subject? {
    guard let workspace else { return nil }
    let (folder, plan) = (run.folder, run.folder.description)
    // Another machine's steps say nothing about this one.
    let isOwn = plan.cpu == RunDescription.cpuName() && plan.threads == ThreadPool.threads
    let history = isOwn ? run.history : nil
    return SideWork.Subject(
      workspace: workspace, benchmark: try benchmark(workspace), source: source, seed: plan.seed,
      scored: ScoredPairs(of: plan), isLearning: false, keptShare: plan.keptShare(after:),
      template: {
        try plan.requireResumable(folder.path)
        return (plan, history)
      })
  }

  func fail(_ problem: Problem) {
    if let live { live.session.fail(problem) } else { report.post(.problem(problem)) }
  }

  func end() throws {
    try side.end()
    try live?.session.end()
  }

  /// Trains the run on the screens from its last checkpoint on.
  private func resume() throws {
    let number = opened
    guard live?.session.isTraining != true else {
      throw Problem("cannot resume \(run.name): \(runs[live?.number ?? 0].name) is being trained here")
    }
    try live?.session.end()
    let options = try SessionOptions(resuming: run.folder, environment: environment)
    // What shows this run until now takes memory that its training needs.
    (models, towers, live) = (nil, nil, nil)
    side.forgetModels()
    let session = ModelSession(options, isClosing: isClosing) { [unowned self] event in
      guard opened == number else { return }
      if case .opened(var run) = event {
        run.number = number
        report.post(.opened(run))
      } else {
        report.post(event)
      }
    }
    live = (number, session)
    session.begin()
  }

  // MARK: - Logs

  private func open(_ index: Int) {
    if foreign.open(index) || runs.isEmpty { return postRows() }
    opened = min(max(index, 0), runs.count - 1)
    _ = runs[opened].look()
    if let shown {
      postRows()
      return shown.show()
    }
    report.show(run)
    report.activity = SessionActivity(status: run.status)
    report.post(.activity(report.activity))
    report.post(.samples([]))
    report.post(.pairs([]))
    postRows()
    postPairs()
    density = run.opened.density
    openModels()
  }

  /// Reads what is new in every run.
  private func look() {
    for index in runs.indices {
      let wasUnreadable = runs[index].summary == nil
      let news = runs[index].look()
      guard index == opened, shown == nil, !foreign.isShown else { continue }
      if wasUnreadable, run.summary != nil { open(index) }
      report.activity.status = run.status
      for entry in news { take(entry) }
    }
    foreign.look()
    postRows()
  }

  private func take(_ entry: LogEntry) {
    report.post(.log(entry))
    switch entry {
    case .predictions: postPairs()
    case .checkpoint: if models != nil { loadCheckpoint() }
    case .evaluation(let report): takeTower(report.step)
    case .step, .smallEvaluation, .density, .finished, .paused, .stopped, .failed, .scalars, .picture: break
    }
  }

  /// An evaluation has come: with its tower, perhaps.
  private func takeTower(_ step: Int) {
    guard let towers, models != nil, run.folder.towerSteps.contains(step) else { return }
    towers.renew(step)
    pictures.steps = towers.steps
    report.post(.towers(towers.steps))
    loadCheckpoint()
  }

  private func postRows() {
    var new = runs.map(\.row)
    if let live, new[live.number].status == .live { new[live.number].status = .running }
    new += foreign.rows + damaged
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
        let known = try RecordedRows(set: predictions.set, folder: folder, mini: Assets.mini(environment: environment))
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
    report.post(.benchmark(recorded.flatMap { $0.belong(to: predictions) ? $0.size : nil }))
  }

  /// Of a pair's picture among the samples, which it joins.
  private func index(of which: PairPicture) -> Int? {
    if let known = pairSamples[which] { return known }
    guard let count = models?.samples.count, let image = recorded?.image(which) else { return nil }
    models?.samples.append(image, ofPair: which)
    pairSamples[which] = count
    report.post(.pairSample(which, Picture(image)))
    return count
  }

  var pairFiles: PairFiles {
    let rows = run.history.predictions.last.map { RecordedRows.rows($0, beside: recorded) }
    return PairFiles(report: report, folder: run.folder.path, pairs: rows ?? [])
  }

  // MARK: - Models

  private func openModels() {
    do {
      if models?.fits(run.folder.description) != true {
        models = nil
        side.forgetModels()
        models = try RunModels(of: run.folder.description, environment: environment)
      }
      guard let models else { return }
      pictures = ReconstructionJob(report, isEager: models.workspace.backbone.policy.isEager)
      let (workspace, seed) = (models.workspace, run.folder.description.seed)
      let towers = RecordedTowers(of: run.folder, report: report) { try workspace.models(seed: seed) }
      (self.towers, pictures.steps) = (towers, towers.steps)
      side.forgetRun()
      runs[opened].patches = models.workspace.clip.vision.config.grid
      report.show(run)
      pairSamples = [:]
      report.post(.samples(models.samples.images.map(Picture.init)))
      report.post(.densityReference(workspace.densityResults.flatMap(SweepTable.init)))
      loadCheckpoint()
    } catch {
      reportAbsence(error)
    }
  }

  private func describeModels() {
    guard let models, let tuned = models.tuned else {
      let reason = report.activity.absence ?? "the run’s models are being opened"
      return report.post(.models(run.folder.description.facts(reason)))
    }
    let from =
      tuned.step > 0 ? "the run’s checkpoint of step \(tuned.step)" : "no checkpoint yet: the baseline’s weights"
    report.post(.models(models.workspace.facts(tuned.models, tuned: from)))
  }

  private func loadCheckpoint() {
    models?.tuned = nil
    side.forgetTuned()
    do {
      let (last, damage) = try Checkpoint.latestWhole(in: run.folder)
      for problem in damage { report.post(.problem(problem)) }
      // Without one there is the baseline all the same.
      let tuned = try models?.workspace.models(tuned: last?.path, seed: run.folder.description.seed)
      models?.tuned = tuned.map { (last?.step ?? 0, $0) }
      // A run saves itself far less often than it is evaluated.
      if let tuned, let newest = towers?.steps.last, newest > last?.step ?? -1 {
        try TowerRecord.restore(tuned, to: newest, of: run.folder)
        models?.tuned = (newest, tuned)
      }
      pictures.renew()
      report.activity.absence = nil
    } catch {
      reportAbsence(error)
    }
  }

  private func reportAbsence(_ error: any Error) {
    let problem = Problem(error)
    let advice = problem.advice.map { " – \($0)" } ?? ""
    report.activity.absence =
      "The models of this run cannot be opened: \(problem.message)\(advice). "
      + "Its curves and its answers to the pairs are here all the same."
  }
}
