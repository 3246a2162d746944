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
  private var watched = (image: 0, timestep: 600)
  private var lastRebuild = ContinuousClock.now

  /// Where reconstructions may start from, and how many pictures are offered.
  private static let timesteps = Array(stride(from: 100, through: 900, by: 100))
  private static let sampleCount = 12
  private static let rebuildEvery = Duration.seconds(2)

  init(_ options: SessionOptions, post: @escaping (ExplorerEvent) -> Void) throws {
    self.options = options
    self.post = post
    post(.status(.loading("opening the models")))
    workspace = try Workspace(mini: try Assets.mini(), clip: options.clip, diffusion: options.diffusion)
    let browsing = try workspace.benchmark()
    // Pictures of the benchmark's pairs: those that CLIP confuses are the ones worth rebuilding.
    let stride = max(1, browsing.images.count / Self.sampleCount)
    samples = (0..<min(Self.sampleCount, browsing.images.count)).map { browsing.images[$0 * stride] }
    baselineAnswers = browsing.predictions(by: workspace.clip.vision, preprocessing: workspace.preprocessing)
    self.browsing = browsing
    run = try RunInProgress(options, in: workspace)
  }

  /// Trains until the work is done and beyond, answering requests, until one says to quit.
  func work(next: (_ waiting: Bool) -> Work?) throws {
    introduce()
    while true {
      if let work = next(!isRunning || run.trainer.isFinished) {
        if work == .quit { break }
        try perform(work)
      } else {
        try advance()
      }
    }
    try run.save()
  }

  private func introduce() {
    var plan = RunPlan()
    plan.name = run.folder.name
    plan.totalSteps = options.configuration.steps
    plan.timesteps = Self.timesteps
    plan.scheduleLength = run.models.feedback.schedule.timesteps
    post(.plan(plan))
    post(.samples(samples.map(Picture.init)))
    postDensities()
    rebuild()
    postPairs()
  }

  private func perform(_ work: Work) throws {
    switch work {
    case .startTraining: try startAnew()
    case .resume: setRunning(true)
    case .pause: setRunning(false)
    case .stop:
      isRunning = false
      try save()
      post(.status(.stopped))
    case .setDensity(let name):
      run.trainer.density = try RecapDensity(parsing: name)
      try run.recorder.record(.density(step: run.trainer.trained, density: run.trainer.density))
      postDensities()
      rebuild()
    case .reconstruct(let image, let timestep):
      watched = (min(image, samples.count - 1), timestep)
      rebuild()
    case .loadPairs: postPairs()
    case .repaint, .suspend, .quit: break
    }
  }

  private func startAnew() throws {
    if run.trainer.trained + run.trainer.aligned > 0 { run = try RunInProgress(options, in: workspace) }
    introduce()
    setRunning(true)
  }

  private func setRunning(_ runs: Bool) {
    isRunning = runs
    post(.status(run.trainer.isFinished ? .finished : runs ? .running : .paused))
  }

  /// One step, and what is due after it.
  private func advance() throws {
    let report = run.trainer.step()
    try run.recorder.record(.step(report))
    switch report.stage {
    case .align: try advanceAligning(report)
    case .train: try advanceTraining(report)
    }
    if ContinuousClock.now - lastRebuild > Self.rebuildEvery {
      rebuild()
      postDensities()
    }
  }

  private func advanceAligning(_ report: StepReport) throws {
    let total = options.configuration.alignSteps
    guard report.step == total else {
      post(.status(.loading("teaching the projection the diffusion model's words, \(report.step) of \(total)")))
      return
    }
    try evaluate(0)
    post(.status(.running))
  }

  private func advanceTraining(_ report: StepReport) throws {
    run.densities.add(report)
    post(.point(TrainPoint(report)))
    let isLast = run.trainer.isFinished
    if isLast || report.step % options.configuration.evaluateEvery == 0 { try evaluate(report.step) }
    guard isLast else { return }
    try save()
    try run.recorder.record(.finished(step: report.step, seconds: report.seconds))
    try run.recorder.flush()
    rebuild()
    post(.status(.finished))
  }

  private func save() throws {
    try run.save()
    post(.saved(step: run.trainer.trained))
  }

  private func evaluate(_ step: Int) throws {
    let comparison = try self.comparison ?? workspace.sideBySide(workspace.minedPairs(.validation))
    self.comparison = comparison
    let result = comparison.compare(run.models.tuned, step: step)
    try run.recorder.record(.evaluation(result.report))
    try run.recorder.record(PredictionReport(step: step, baseline: comparison.baseline, tuned: result.tuned))
    post(.evaluation(Evaluation(result.report)))
    postPairs()
  }

  private func rebuild() {
    let result = Reconstructor(models: run.models, preprocessing: workspace.preprocessing).rebuild(
      samples[watched.image], timestep: watched.timestep, density: run.trainer.density,
      seed: options.configuration.seed, sample: watched.image)
    post(
      .reconstruction(
        Reconstruction(result, image: watched.image, timestep: watched.timestep, step: run.trainer.trained)))
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
