import Engine
import Foundation
import Recap
import Terminal

/// The models that were given: what they answer, what is rebuilt from what they tell, and the run that trains one of
/// them. Lives on the runner's thread.
///
/// All work is done in pieces, and requests are heard between them: what a person looks at goes first.
final class ModelSession {
  private let options: SessionOptions
  private let opener: ModelOpener
  private let post: (ExplorerEvent) -> Void
  private let isClosing: () -> Bool
  private var opening: SessionOpening
  private var clip: OpenedCLIP?
  private var tuned: TunedCLIP?
  private var workspace: Workspace?
  private var pairs: PairDesk?
  private var training: TrainingDesk?
  private var samples: [Image] = []
  private var pictures = PictureDesk()
  private var looksAtPictures = false
  private var lastRebuild = ContinuousClock.now

  private static let rebuildEvery = Duration.seconds(2)

  /// - Parameter isClosing: whether the program is about to end, so that a long opening is left off.
  init(
    _ options: SessionOptions, opener: ModelOpener? = nil, isClosing: @escaping () -> Bool = { false },
    post: @escaping (ExplorerEvent) -> Void
  ) {
    (self.options, self.isClosing, self.post) = (options, isClosing, post)
    self.opener = opener ?? ModelOpener(options)
    opening = SessionOpening(options, isClosing: isClosing, post: post)
  }

  /// Opens, and does whatever is asked for and due, until a request says to quit.
  func work(next: SessionRunner.NextRequest) throws {
    post(.status(.loading("opening the models")))
    post(.opening(opening.parts))
    while true {
      let work = next(hasWork ? 0 : .infinity)
      if work == .quit { break }
      do {
        if let work { try perform(work) } else { try advance() }
      } catch is CancellationError {
        // What was being opened is nobody's loss; of a step that is left off the steps before it are kept.
        break
      } catch {
        fail(error as? Problem ?? Problem("\(error)"))
      }
    }
    try training?.end()
  }

  /// The run ends, with what it learned; the pairs and pictures stay usable.
  private func fail(_ problem: Problem) {
    training?.leaveOff()
    post(.problem(problem))
    post(.status(.failed(problem)))
  }

  private var hasWork: Bool {
    opening.next != nil || training?.isGoing == true || pairs?.isFinished == false || canRebuild
  }

  private var canRebuild: Bool { training != nil && !samples.isEmpty && pictures.isWaiting }

  /// One piece of the most urgent work.
  private func advance() throws {
    if let part = opening.next { return try open(part) }
    // Quick pictures are rebuilt between steps anyway; slow ones only for a person who waits for them.
    let waits = looksAtPictures && canRebuild && (training?.isGoing != true || pictures.isSlow != false)
    if waits { return rebuild() }
    if training?.isGoing == true { return try train() }
    if pairs?.isFinished == false { return answer() }
    if canRebuild { rebuild() }
  }

  private func perform(_ work: Work) throws {
    switch work {
    case .startTraining: try training?.start()
    case .agree: try training?.agree()
    case .goBack: try training?.goBack()
    case .resume: training?.setRunning(true)
    case .pause:
      try training?.pause()
      pictures.renewAtRest()
    case .stop:
      try training?.stop()
      pictures.renewAtRest()
    case .setDensity(let name):
      try training?.set(RecapDensity(parsing: name))
      pictures.renew()
      if training?.isGoing == true, pictures.isSlow == false { rebuild() }
    case .reconstruct(let image, let timestep):
      looksAtPictures = true
      pictures.look(at: max(0, min(image, samples.count - 1)), timestep: timestep)
      // Between two steps the looked-at level only; the others follow.
      if training?.isGoing == true, pictures.isSlow == false { rebuild() }
    case .cancelRebuilding:
      if let source { pictures.cancel(source).map(post) }
    case .loadPairs:
      looksAtPictures = false
      postPairs()
    case .openRun, .repaint, .suspend, .quit: break
    }
  }

  // MARK: - Opening

  private func open(_ part: OpeningPart.Kind) throws {
    switch part {
    case .clip:
      clip = try opening.open(.clip, saying: \.summary) { try opener.clip($0) }
      if clip == nil { giveUp() }
    case .tuned:
      guard let clip else { return }
      tuned = try opening.open(.tuned, saying: { "\($0.tower.parameters.count) tensors" }) {
        try opener.tuned(clip, $0)
      }
    case .pairs: try openPairs()
    case .diffusion: try openDiffusion()
    }
    if opening.next == nil { try finishOpening() }
  }

  /// Without a CLIP nothing works.
  private func giveUp() {
    for part in opening.parts where part.state == .waiting { opening.set(part.kind, .absent("needs the CLIP")) }
    if case .failed(let problem)? = opening.parts.first(where: { $0.kind == .clip })?.state {
      post(.status(.failed(problem)))
    }
  }

  private func openPairs() throws {
    guard let clip else { return }
    let benchmark = try opening.open(.pairs, saying: { "\($0.pairs.count) pairs" }) { _ in try opener.pairs(clip) }
    guard let benchmark else { return }
    if let first = benchmark.skipped.first {
      post(.problem(Problem("\(benchmark.skipped.count) pairs are left out: \(first.reason.message)")))
    }
    func cache(_ weights: String...) -> FeatureCache? {
      FeatureCache(weights: weights, environment: options.environment)
    }
    let baseline = (clip.clip.vision, cache(clip.path))
    let second = tuned.map { ($0.tower, cache(clip.path, options.tuned ?? "")) }
    pairs = PairDesk(benchmark, by: [baseline] + (second.map { [$0] } ?? []), clip, seed: options.configuration.seed)
    postPairs()
  }

  private func openDiffusion() throws {
    guard let clip else { return }
    guard options.diffusion != nil || clip.backbone.name == .mini else {
      return opening.set(
        .diffusion,
        .absent(
          "None was given. With --diffusion FOLDER, Stable Diffusion in diffusers' layout, images are rebuilt and "
            + "CLIP is trained."))
    }
    workspace = try opening.open(.diffusion, saying: \.diffusion.summary) { try opener.workspace(clip, $0) }
  }

  private func finishOpening() throws {
    guard let workspace else {
      if clip != nil { post(.status(.ready)) }
      return
    }
    let models = try workspace.models(from: tuned, seed: options.configuration.seed)
    if tuned != nil { pairs?.moveTuned(to: models.tuned) }
    tuned = nil
    let training = TrainingDesk(options, workspace, models: models, isClosing: isClosing, post: post)
    self.training = training
    samples = (try? workspace.sampleImages(pairs: options.mmvp, data: options.data)) ?? []
    if samples.isEmpty { samples = try workspace.sampleImages() }
    pictures.isEager = workspace.backbone.name == .mini
    training.introduce()
    post(.samples(samples.map(Picture.init)))
    post(.status(.ready))
    if workspace.backbone.name == .mini {
      rebuild()
      askTuned()
      answerAll()
      try training.start()
    }
  }

  // MARK: - Pieces of work

  private func answer() {
    pairs?.advance()
    postPairs()
    if let source { pictures.rest(source).map(post) }
  }

  /// Of small models at once.
  private func answerAll() {
    while pairs?.isFinished == false { pairs?.advance() }
    postPairs()
  }

  private func postPairs() {
    guard let pairs else { return }
    post(.pairs(pairs.rows))
    post(.scoring(pairs.progress))
  }

  private var source: PictureDesk.Source? {
    guard let training, let workspace else { return nil }
    return PictureDesk.Source(
      images: samples, reconstructor: Reconstructor(models: training.models, preprocessing: workspace.preprocessing),
      density: training.density, seed: options.configuration.seed, step: training.trained)
  }

  private func rebuild() {
    guard let source else { return }
    pictures.advance(source).forEach(post)
    lastRebuild = .now
  }

  /// A step, or the evaluation that is due.
  private func train() throws {
    guard let training, let workspace else { return }
    if let step = training.due {
      if workspace.backbone.name == .mini {
        try training.evaluateMiniWorld(step)
        askTuned()
        answerAll()
      } else {
        try evaluate(step)
      }
      return
    }
    try training.step()
    if training.due != nil, workspace.backbone.name != .mini { askTuned() }
    if pictures.isSlow == false, ContinuousClock.now - lastRebuild > Self.rebuildEvery { refreshPictures() }
  }

  /// The pairs are answered piece by piece; then the evaluation is complete.
  private func evaluate(_ step: Int) throws {
    guard let training else { return }
    guard let pairs else { return try training.skipEvaluation() }
    if !pairs.isFinished { return answer() }
    if !pairs.tuned.isEmpty {
      try training.evaluate(pairs, step: step)
    } else {
      askTuned()
    }
  }

  private func askTuned() {
    if let training { pairs?.ask(training.models.tuned) }
  }

  /// The level that is looked at, and one of the others: all of them would keep the training waiting.
  private func refreshPictures() {
    pictures.repeatChosen()
    rebuild()
    if pictures.queue.isEmpty { pictures.renew() } else { rebuild() }
    training?.postDensities()
  }
}

extension OpenedCLIP {
  /// "openai-vit-l-14, 428 M weights".
  fileprivate var summary: String {
    let count = clip.parameters.reduce(0) { $0 + $1.shape.count }
    return "\(backbone.name.rawValue), \(count.shortText) weights"
  }
}

extension StableDiffusion {
  fileprivate var summary: String {
    let count = (unet.parameters + autoencoder.parameters).reduce(0) { $0 + $1.shape.count }
    return "\(side) × \(side) pixels, \(count.shortText) weights"
  }
}
