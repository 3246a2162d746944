import Engine
import Foundation
import Recap

/// The trainer and what the explorer sees of it. Lives on the runner's thread.
final class TrainingSession {
  private let options: SessionOptions
  private let post: (ExplorerEvent) -> Void
  private let workspace: Workspace
  private let browsing: PairBenchmark
  private let samples: [Image]
  private let baselineAnswers: [PairPrediction]
  private var comparison: SideBySide?
  private var run: RunInProgress
  private var isRunning = true
  /// What the explorer looks at; rebuilt again as the tuned CLIP changes.
  private var queue = RebuildQueue()
  private var lastRebuild = ContinuousClock.now

  private static let rebuildEvery = Duration.seconds(2)

  init(_ options: SessionOptions, post: @escaping (ExplorerEvent) -> Void) throws {
    self.options = options
    self.post = post
    post(.status(.loading("opening the models")))
    workspace = try Workspace(mini: try Assets.mini(), clip: options.clip, diffusion: options.diffusion)
    browsing = try workspace.benchmark()
    samples = try workspace.sampleImages()
    baselineAnswers = browsing.predictions(by: workspace.clip.vision, preprocessing: workspace.preprocessing)
    run = try RunInProgress(options, in: workspace)
  }

  /// Trains until the work is done and beyond, answering requests, until one says to quit.
  func work(next: SessionRunner.NextRequest) throws {
    try introduce()
    while true {
      let rests = !isRunning || run.trainer.isFinished
      if let work = next(rests && queue.isEmpty ? .infinity : 0) {
        if work == .quit { break }
        try perform(work)
      } else if rests {
        rebuildNext()
      } else {
        try advance()
      }
    }
    try run.end()
  }

  private func introduce() throws {
    post(
      .plan(
        RunPlan(
          name: run.folder.name, totalSteps: options.configuration.steps, alignSteps: options.configuration.alignSteps,
          timesteps: RebuildQueue.timesteps, scheduleLength: run.models.feedback.schedule.timesteps)))
    post(.curves(aligning: [], points: [], evaluations: []))
    post(.samples(samples.map(Picture.init)))
    postDensities()
    rebuildNext()
    postPairs()
    if options.configuration.alignSteps == 0 { try evaluate(0) }
    setRunning(true)
  }

  private func perform(_ work: Work) throws {
    switch work {
    case .startTraining: try startAnew()
    case .resume: setRunning(true)
    case .pause:
      if !run.trainer.isFinished { try run.recorder.record(.paused(step: run.trainer.trained)) }
      setRunning(false)
    case .stop:
      setRunning(false)
      try run.end()
      post(.saved(step: run.trainer.trained))
      post(.status(.stopped))
    case .setDensity(let name): try setDensity(RecapDensity(parsing: name))
    case .reconstruct(let image, let timestep):
      queue.look(at: min(image, samples.count - 1), timestep: timestep)
      rebuildNext()
    case .loadPairs: postPairs()
    case .openRun, .repaint, .suspend, .quit: break
    }
  }

  private func setDensity(_ density: RecapDensity) throws {
    run.trainer.density = density
    if !run.trainer.isFinished { try run.recorder.record(.density(step: run.trainer.trained, density: density)) }
    postDensities()
    queue.renew()
    rebuildNext()
  }

  private func startAnew() throws {
    if run.trainer.trained + run.trainer.aligned > 0 { run = try RunInProgress(options, in: workspace) }
    try introduce()
  }

  private func setRunning(_ runs: Bool) {
    isRunning = runs
    // At rest there is time for all noise levels, as the CLIP is now.
    if !runs { queue.renew() }
    post(.status(run.trainer.isFinished ? .finished : runs ? .running : .paused))
  }

  /// One step, and what is due after it.
  private func advance() throws {
    let report = try run.trainer.step()
    try run.recorder.record(.step(report))
    switch report.stage {
    case .align: try advanceAligning(report)
    case .train: try advanceTraining(report)
    }
    if ContinuousClock.now - lastRebuild > Self.rebuildEvery { refreshPictures() }
  }

  /// The level that is looked at, and one of the others: all of them would keep the training waiting.
  private func refreshPictures() {
    rebuild(queue.timestep)
    if queue.isEmpty { queue.renew() } else { rebuildNext() }
    postDensities()
  }

  private func advanceAligning(_ report: StepReport) throws {
    post(.alignPoint(TrainPoint(report)))
    if report.step == options.configuration.alignSteps { try evaluate(0) }
  }

  private func advanceTraining(_ report: StepReport) throws {
    run.densities.add(report)
    post(.point(TrainPoint(report)))
    let isLast = run.trainer.isFinished
    if isLast || report.step % options.configuration.evaluateEvery == 0 { try evaluate(report.step) }
    guard isLast else { return }
    try run.end()
    post(.saved(step: report.step))
    setRunning(false)
  }

  private func evaluate(_ step: Int) throws {
    let comparison = try self.comparison ?? workspace.sideBySide(workspace.minedPairs(.validation))
    self.comparison = comparison
    let result = comparison.compare(run.models.tuned, step: step)
    try run.recorder.record(.evaluation(result.report))
    try run.recorder.record(
      PredictionReport(
        step: step, set: PairChoice.mined.rawValue, statements: comparison.pairs.statements,
        baseline: comparison.baseline, tuned: result.tuned))
    post(.evaluation(Evaluation(result.report)))
    postPairs()
  }

  private func rebuildNext() {
    if let timestep = queue.next() { rebuild(timestep) }
  }

  private func rebuild(_ timestep: Int) {
    post(
      .reconstruction(
        .rebuilding(
          samples[queue.image], number: queue.image, timestep: timestep, density: run.trainer.density,
          seed: options.configuration.seed, step: run.trainer.trained,
          Reconstructor(models: run.models, preprocessing: workspace.preprocessing))))
    lastRebuild = .now
  }

  private func postDensities() {
    post(.densities(run.densities.rows, current: run.trainer.density.description))
  }

  private func postPairs() {
    let tuned = browsing.predictions(by: run.models.tuned, preprocessing: workspace.preprocessing)
    post(.pairs(PairRow.rows(browsing, baseline: baselineAnswers, tuned: tuned)))
  }
}
