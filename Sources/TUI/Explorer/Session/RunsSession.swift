import Engine
import Recap
import Terminal

/// Follows runs on disk, live or finished, and shows one of them at large. Lives on the runner's thread.
final class RunsSession {
  private let post: (ExplorerEvent) -> Void
  private var runs: [WatchedRun]
  private var opened = 0
  private var rows: [RunRow] = []
  private var pairs: AnsweredPairs?
  private var models: RunModels?
  /// With which the pictures are rebuilt; the run itself is not touched.
  private var density = RecapDensity.classOnly
  private var pictures = PictureDesk()

  /// Seconds on a clock that never goes back.
  private let clock: () -> Double
  private static let secondsBetweenLooks = 1.0

  init(
    _ folders: [RunFolder], clock: @escaping () -> Double = ExplorerLoop.systemClock(),
    post: @escaping (ExplorerEvent) -> Void
  ) {
    self.clock = clock
    self.post = post
    let names = folders.map(\.name)
    let areAlike = Set(names).count < names.count
    runs = folders.map { WatchedRun($0, name: areAlike ? $0.path : $0.name) }
  }

  private var run: WatchedRun { runs[opened] }

  /// Follows the runs, answering requests, until one says to quit.
  func work(next: SessionRunner.NextRequest) {
    open(0)
    var nextLook = clock()
    while true {
      let canRebuild = models?.tuned != nil && pictures.isWaiting
      if let work = next(canRebuild ? 0 : nextLook - clock()) {
        if work == .quit { return }
        perform(work)
      } else if canRebuild {
        rebuild()
      }
      guard clock() >= nextLook else { continue }
      look()
      nextLook = clock() + Self.secondsBetweenLooks
    }
  }

  private func perform(_ work: Work) {
    switch work {
    case .openRun(let index): open(index)
    case .setDensity(let name):
      guard let chosen = try? RecapDensity(parsing: name) else { return }
      density = chosen
      pictures.renew()
      postDensities()
    case .reconstruct(let image, let timestep): pictures.look(at: image, timestep: timestep)
    case .cancelRebuilding:
      if let source { pictures.cancel(source).map(post) }
    case .loadPairs: postPairs()
    case .startTraining, .agree, .goBack, .pause, .resume, .stop, .repaint, .suspend, .quit: break
    }
  }

  // MARK: - What the files tell

  private func open(_ index: Int) {
    opened = min(max(index, 0), runs.count - 1)
    _ = runs[opened].look()
    density = run.density
    pictures = PictureDesk()
    post(.opened(run: opened))
    post(.plan(run.plan))
    post(run.curves)
    post(.status(run.row.status))
    postRows()
    postPairs()
    openModels()
  }

  /// Reads what is new in every run, and tells what a person can see of it.
  private func look() {
    for index in runs.indices {
      let before = runs[index].row.status
      let hasNews = runs[index].look()
      guard index == opened else { continue }
      if run.row.status != before { post(.status(run.row.status)) }
      if hasNews { tellNews() }
    }
    postRows()
  }

  private func tellNews() {
    post(run.curves)
    postPairs()
    postDensities()
    if models != nil, run.lastCheckpoint != models?.tuned?.step { loadCheckpoint() }
  }

  private func postRows() {
    let new = runs.map(\.row)
    guard new != rows else { return }
    rows = new
    post(.runs(new))
  }

  /// Both models' answers as the log has them, beside the pairs that they are about.
  private func postPairs() {
    guard let report = run.summary?.history.predictions.last else { return }
    let folder = run.folder.description.mmvp
    if pairs?.set != .some(report.set) || pairs?.folder != folder {
      do {
        let known = try AnsweredPairs(set: report.set, folder: folder, mini: Assets.mini())
        pairs = known
        if !known.belong(to: report) { post(.problem(Problem("this run answered other pairs than this version has"))) }
      } catch {
        pairs = nil
        post(.problem(error as? Problem ?? Problem("cannot draw the run's pairs: \(error)")))
      }
    }
    post(.pairs(PairRow.rows(report, beside: pairs)))
  }

  // MARK: - What takes models

  private func openModels() {
    do {
      if models?.fits(run.folder.description) != true {
        models = nil
        models = try RunModels(of: run.folder.description)
      }
      post(.samples(models?.samples.map(Picture.init) ?? []))
      postDensities()
      loadCheckpoint()
    } catch {
      postAbsence(error)
    }
  }

  private func loadCheckpoint() {
    models?.tuned = nil
    do {
      guard let last = try Checkpoint.latest(in: run.folder) else {
        post(
          .absence(
            "This run has no checkpoint yet, so there is no tuned CLIP to look through. The first one is written at "
              + "the run's end, or earlier with --checkpoint-every."))
        return
      }
      try models?.load(last)
      pictures.renew()
      post(.absence(nil))
    } catch {
      postAbsence(error)
    }
  }

  private func postAbsence(_ error: any Error) {
    let problem = error as? Problem ?? Problem("\(error)")
    let advice = problem.advice.map { " – \($0)" } ?? ""
    post(
      .absence(
        "The models of this run cannot be opened: \(problem.message)\(advice). "
          + "Its curves and its answers to the pairs are here all the same."))
  }

  private var source: PictureDesk.Source? { models?.source(density, seed: run.folder.description.seed) }

  private func rebuild() {
    guard let source else { return }
    pictures.isEager = models?.workspace.backbone.name == .mini
    pictures.advance(source).forEach(post)
  }

  private func postDensities() {
    guard let grid = models?.workspace.clip.vision.config.grid else { return }
    var table = DensityTable(patches: grid, seed: run.folder.description.seed)
    table.include(density)
    for report in run.summary?.history.steps ?? [] { table.add(report) }
    post(.densities(table.rows, current: density.description))
  }
}
