import Engine
import Foundation
import Recap

/// The trainer and what the explorer sees of it. Lives on the runner's thread.
final class TrainingSession {
  private let options: SessionOptions
  private let post: (ExplorerEvent) -> Void
  private let workspace: Workspace
  private let models: DivaModels
  private let trainer: Trainer
  private let browsing: PairBenchmark
  private var comparison: SideBySide?
  private let reconstructor: Reconstructor
  private let samples: [Image]
  private var densities: DensityTable
  private var isRunning = true
  /// What the explorer looks at; rebuilt again whenever the tuned CLIP has changed for a while.
  private var watched: (image: Int, timestep: Int)
  private var lastRebuild = ContinuousClock.now

  /// Where reconstructions may start from, and how many pictures of the world are offered.
  private static let timesteps = Array(stride(from: 100, through: 900, by: 100))
  private static let sampleCount = 12
  private static let rebuildEvery = Duration.seconds(2)

  init(_ options: SessionOptions, post: @escaping (ExplorerEvent) -> Void) throws {
    self.options = options
    self.post = post
    post(.status(.loading("opening the models")))
    workspace = try Workspace(mini: try Assets.mini(), clip: options.clip, diffusion: options.diffusion)
    models = try workspace.models(tuned: options.tuned)
    trainer = Trainer(options.configuration, models: models, images: workspace.trainingImages())
    let browsing = try workspace.benchmark()
    self.browsing = browsing
    reconstructor = Reconstructor(models: models, preprocessing: workspace.preprocessing)
    // Pictures of the benchmark's pairs: those that CLIP confuses are the ones worth rebuilding.
    samples = stride(from: 0, to: browsing.images.count, by: browsing.images.count / Self.sampleCount).prefix(
      Self.sampleCount
    ).map { browsing.images[$0] }
    densities = DensityTable(patches: models.tuned.config.grid, seed: options.configuration.seed)
    watched = (0, 600)
  }

  /// Trains until the work is done and beyond, answering requests, until one says to quit.
  func run(next: (_ waiting: Bool) -> Work?) throws {
    introduce()
    while true {
      let idle = !isRunning || trainer.isFinished
      if let work = next(idle) {
        if work == .quit { return }
        try perform(work)
      } else {
        advance()
      }
    }
  }

  private func introduce() {
    var plan = RunPlan()
    plan.name = "mini world"
    plan.totalSteps = options.configuration.steps
    plan.timesteps = Self.timesteps
    plan.scheduleLength = models.feedback.schedule.timesteps
    post(.plan(plan))
    post(.samples(samples.map(Picture.init)))
    post(.densities(densities.rows, current: trainer.density.description))
    rebuild()
    post(.status(.running))
  }

  private func perform(_ work: Work) throws {
    switch work {
    case .startTraining, .resume: setRunning(true)
    case .pause: setRunning(false)
    case .stop:
      isRunning = false
      post(.status(.stopped))
    case .setDensity(let name):
      trainer.density = try RecapDensity(parsing: name)
      post(.densities(densities.rows, current: name))
      rebuild()
    case .reconstruct(let image, let timestep):
      watched = (min(image, samples.count - 1), timestep)
      rebuild()
    case .loadPairs: postPairs()
    case .repaint, .suspend, .quit: break
    }
  }

  private func setRunning(_ runs: Bool) {
    isRunning = runs
    post(.status(trainer.isFinished ? .finished : runs ? .running : .paused))
  }

  private func advance() {
    let report = trainer.step()
    densities.add(report)
    // The loss curve begins where CLIP begins to learn; aligning the projection comes before step 1.
    if report.stage == .train { post(.point(TrainPoint(report))) }
    let isLast = trainer.isFinished
    if report.stage == .train, report.step % options.configuration.evaluateEvery == 0 || isLast {
      evaluate(report.step)
    }
    if report.stage == .align, trainer.trained == 0, trainer.aligned == options.configuration.alignSteps { evaluate(0) }
    if isLast || ContinuousClock.now - lastRebuild > Self.rebuildEvery {
      rebuild()
      post(.densities(densities.rows, current: trainer.density.description))
    }
    if isLast { post(.status(.finished)) }
  }

  private func evaluate(_ step: Int) {
    do {
      let comparison = try self.comparison ?? workspace.sideBySide(workspace.minedPairs(.validation))
      self.comparison = comparison
      post(.evaluation(Evaluation(comparison.compare(models.tuned, step: step).report)))
      postPairs()
    } catch {
      post(.problem(error as? Problem ?? Problem("cannot evaluate: \(error)")))
    }
  }

  private func rebuild() {
    let result = reconstructor.rebuild(
      samples[watched.image], timestep: watched.timestep, density: trainer.density, seed: options.configuration.seed,
      sample: watched.image)
    post(
      .reconstruction(Reconstruction(result, image: watched.image, timestep: watched.timestep, step: trainer.trained)))
    lastRebuild = .now
  }

  private lazy var baselineAnswers = browsing.predictions(
    by: models.baseline.vision, preprocessing: workspace.preprocessing)

  private func postPairs() {
    let tuned = browsing.predictions(by: models.tuned, preprocessing: workspace.preprocessing)
    post(.pairs(PairRow.rows(browsing, baseline: baselineAnswers, tuned: tuned)))
  }
}
