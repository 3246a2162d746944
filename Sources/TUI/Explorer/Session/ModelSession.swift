import Engine
import Foundation
import Recap
import Terminal

/// The models that were given: their answers to pairs, reconstructions conditioned on them, and the run that trains one
/// of them. What a person looks at goes first.
final class ModelSession: Session, ShownRun {
  private let options: SessionOptions
  private let opener: ModelOpener
  private let report: Reporter
  private let isClosing: () -> Bool
  private let opening: SessionOpening
  private var clip: OpenedCLIP?
  private var tuned: TunedCLIP?
  private(set) var workspace: Workspace?
  private var pairs: PairJob?
  private var training: TrainingJob?
  private var samples = SampleImages()
  private var pairSamples: [PairPicture: Int] = [:]
  private var pictures: ReconstructionJob
  /// Of the run that is trained here; nil before it has a folder.
  private var towers: (path: String, towers: RecordedTowers)?
  private let side: SideWork
  /// Training and what a person waits for take turns.
  private var isBackgroundsTurn = false
  /// Files that a person named before the models were open.
  private var waitingImages: [String] = []
  private var looksAtPictures = false
  /// Of the pictures; nil before the first request.
  private var lookedDensity: RecapDensity?
  /// Beside training; of a pair one level is shown.
  private var wantsEveryLevel = false
  private var lastRebuild = ContinuousClock.now
  /// Training begins as soon as the pairs are answered.
  private var startsOnceAnswered = false
  /// Seconds that the answers took so far, and the images that were encoded in them.
  private var answering = (seconds: 0.0, images: 0)

  private static let rebuildEvery = Duration.seconds(2)

  /// - Parameter isClosing: whether the program is about to end, so that a long opening is cancelled.
  init(
    _ options: SessionOptions, opener: ModelOpener? = nil, isClosing: @escaping () -> Bool = { false },
    post: @escaping (ExplorerEvent) -> Void
  ) {
    (self.options, self.isClosing, report) = (options, isClosing, Reporter(post))
    self.opener = opener ?? ModelOpener(options)
    side = SideWork(report, environment: options.environment, isClosing: isClosing)
    opening = SessionOpening(options, isClosing: isClosing, report: report)
    pictures = ReconstructionJob(report, isEager: false)
  }

  var pause: Double {
    opening.next != nil || training?.isGoing == true || canAnswer || canRebuild || background != nil ? 0 : .infinity
  }

  private var canAnswer: Bool { pairs?.isFinished == false && training?.answersBrowsedPairs != true }
  private var background: (any BackgroundJob)? {
    // The run, and its evaluations, go before those of a sweep.
    side.waiting(withSweep: training?.isGoing != true && !canAnswer)
  }
  private var canRebuild: Bool { training != nil && !samples.isEmpty && pictures.isWaiting }

  func begin() { report.activity.status = .loading("opening the models") }

  func advance() throws {
    if let part = opening.next { return try open(part) }
    // Quick images are reconstructed between steps anyway; slow ones only for a person who waits for them.
    let waits = looksAtPictures && canRebuild && (training?.isGoing != true || !pictures.isQuick)
    if waits { return rebuild() }
    isBackgroundsTurn.toggle()
    if let background, isBackgroundsTurn || training?.isGoing != true { return background.advance() }
    if training?.isGoing == true { return try train() }
    if canAnswer { return try answer() }
    if canRebuild { rebuild() }
  }

  func handle(_ work: Work) throws {
    switch work {
    case .startTraining: try start()
    case .confirmCost:
      training?.browsed = pairs?.scoring
      try training?.confirm()
    case .declineCost: try training?.decline()
    case .resumeRun: try training?.resumeRun()
    case .resume: try training?.apply(.resume)
    case .pause:
      try training?.apply(.pause)
      pictures.renewAtRest()
    case .stop:
      try training?.apply(.stop)
      pictures.renewAtRest()
    case .setDensity(let density): try training?.apply(.density(density))
    case .reconstruct(let image, let timestep, let density, let step):
      look(at: image, timestep, density, step, isAlone: false)
    case .reconstructPair(let which, let timestep, let density, let step):
      if let image = index(of: which) { look(at: image, timestep, density, step, isAlone: true) }
    case .openImage(let path):
      guard training != nil else { return waitingImages.append(path) }
      openImage(path)
    case .cancelRebuilding: pictures.cancel()
    case .loadPairs:
      looksAtPictures = false
      postPairs(isScoring: canAnswer)
      pairFiles.load()
    case .describeModels: describeModels()
    case .weighPatches(let place):
      guard let workspace, let rows = pairs?.rows, rows.indices.contains(place) else { return }
      try workspace.weighPatches(of: rows[place], by: training?.models, report: report)
    case .findNeighbours, .askTeacher, .cancelInquiries, .blend, .cancelBlend, .keepBlend, .planSweep, .startSweep,
      .cancelSweep, .keepNote, .write, .writePage, .writeScreen:
      side.handle(work, on: self)
    case .showLogged, .openRun, .repaint, .suspend, .useMouse, .useLightGround, .keepScreen, .quit, .interrupt: break
    }
  }

  /// The run ends, with what it learned; the pairs and pictures stay usable.
  func fail(_ problem: Problem) {
    report.attempt { try training?.fail(problem) }
    report.post(.problem(problem))
    report.activity.status = .failed(problem)
  }

  func end() throws {
    try side.end()
    try training?.end()
  }

  /// Whether a run is under way.
  var isTraining: Bool { training?.session.map { !$0.hasEnded } ?? false }

  /// Shows it all again, after another session has been shown.
  func show() {
    training?.introduce()
    report.post(.samples(samples.images.map(Picture.init)))
    report.post(.densityReference(workspace?.densityResults.flatMap(SweepTable.init)))
    pairSamples = [:]
    report.post(.pairs(pairs?.rows ?? []))
    report.post(.benchmark(pairs?.scoring.benchmark.size))
    report.post(.activity(report.activity))
  }

  /// A person looks at an image: at this level alone, or at others, too.
  private func look(at image: Int, _ timestep: Int, _ density: RecapDensity, _ step: Int?, isAlone: Bool) {
    (looksAtPictures, lookedDensity, wantsEveryLevel) = (true, density, !isAlone)
    pictures.look(
      at: max(0, min(image, samples.count - 1)), timestep: timestep, density: density, step: step, isAlone: isAlone)
    rebuildBetweenSteps()
  }

  /// What cannot be read is no failure of the run.
  private func openImage(_ path: String) {
    report.attempt {
      let image = try Image(contentsOf: URL(filePath: path))
      samples.append(file: image)
      report.post(.sample(Picture(image.fitting(ModelOpener.previewSide))))
    }
  }

  /// Of a pair's picture among the samples, which it joins.
  private func index(of which: PairPicture) -> Int? {
    if let known = pairSamples[which] { return known }
    guard let benchmark = pairs?.scoring.benchmark, benchmark.pairs.indices.contains(which.place) else { return nil }
    let own = Array(benchmark.previews(ofPair: which.place))
    let image = own[min(which.side, own.count - 1)]
    pairSamples[which] = samples.count
    samples.append(image, ofPair: which)
    report.post(.pairSample(which, Picture(image)))
    return samples.count - 1
  }

  private func describeModels() {
    guard let workspace, let training else { return report.post(.models(clip?.facts ?? [])) }
    let step = training.trained > 0 ? ", after \(training.trained.counted("step"))" : ""
    report.post(
      .models(workspace.facts(training.models, tuned: (options.tuned ?? "a copy of the baseline’s") + step)))
  }

  // MARK: - Opening

  private func open(_ part: OpeningPart.Kind) throws {
    switch part {
    case .clip:
      clip = try opening.open(.clip, saying: \.summary) { try opener.clip($0) }
      if clip == nil { giveUp() }
    case .tuned:
      guard let clip else { return }
      tuned = try opening.open(.tuned, saying: { $0.tower.parameters.count.counted("tensor") }) {
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
      report.activity.status = .failed(problem)
    }
  }

  private func openPairs() throws {
    guard let clip else { return }
    let benchmark = try opening.open(.pairs, saying: { $0.pairs.count.counted("pair") }) { _ in try opener.pairs(clip) }
    guard let benchmark else { return }
    report.note(benchmark.skipped)
    func cache(_ weights: String...) -> FeatureCache? {
      FeatureCache(weights: weights, environment: options.environment)
    }
    let baseline = (clip.clip.vision, cache(clip.path))
    let second = tuned.map { ($0.tower, cache(clip.path, options.tuned ?? "")) }
    report.post(.benchmark(benchmark.size))
    pairs = PairJob(benchmark, by: [baseline] + (second.map { [$0] } ?? []), clip, seed: options.configuration.seed)
    postPairs()
  }

  private func openDiffusion() throws {
    guard let clip else { return }
    guard options.diffusion != nil || clip.backbone.policy.hasDiffusion else {
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
      if clip != nil { report.activity.status = .ready }
      return
    }
    let models = try workspace.models(from: tuned, seed: options.configuration.seed)
    if tuned != nil { pairs?.moveTuned(to: models.tuned) }
    tuned = nil
    let training = TrainingJob(options, workspace, models: models, isClosing: isClosing, report: report)
    self.training = training
    samples = SampleImages(
      (try? workspace.sampleImages(pairs: options.mmvp, data: options.data, environment: options.environment)) ?? [])
    if samples.isEmpty { samples = try SampleImages(workspace.sampleImages()) }
    let policy = workspace.backbone.policy
    pictures = ReconstructionJob(report, isEager: policy.isEager)
    training.introduce()
    report.post(.samples(samples.images.map(Picture.init)))
    report.post(.densityReference(workspace.densityResults.flatMap(SweepTable.init)))
    waitingImages.forEach(openImage)
    waitingImages = []
    report.activity.status = .ready
    if policy.isEager { rebuild() }
    guard options.startsByItself(workspace.backbone) else { return }
    // What the baseline answers is there to look at before the first step.
    startsOnceAnswered = policy.isEager && canAnswer
    guard startsOnceAnswered else { return try start() }
    report.activity.status = .loading("answering the pairs")
  }

  // MARK: - Pieces of work

  private func start() throws {
    startsOnceAnswered = false
    training?.browsed = pairs?.scoring
    training?.secondsPerScoredImage = answering.images > 0 ? answering.seconds / Double(answering.images) : nil
    try training?.start()
  }

  private func answer() throws {
    let (before, begin) = (pairs?.scoring.encodedImages ?? 0, ContinuousClock.now)
    pairs?.advance()
    answering.seconds += (ContinuousClock.now - begin) / .seconds(1)
    answering.images += (pairs?.scoring.encodedImages ?? 0) - before
    postPairs()
    pictures.rest()
    if startsOnceAnswered, !canAnswer { try start() }
  }

  /// - Parameter isScoring: the answers come from here, not from an evaluation that reports how far it is.
  private func postPairs(isScoring: Bool = true) {
    guard let pairs else { return }
    report.post(.pairs(pairs.rows))
    if isScoring { report.activity.scoring = pairs.progress }
  }

  var path: String { training?.folder?.path ?? "" }
  var newestScoring: GradualScoring? { pairs?.scoring }
  var pairFiles: PairFiles {
    PairFiles(report: report, folder: training?.session?.recorder?.folder.path, pairs: pairs?.rows ?? [])
  }

  private func source(_ step: Int?) -> ReconstructionJob.Source? {
    guard let training, let workspace else { return nil }
    guard let models = step.map({ recordedTowers()?.models(at: $0) }) ?? training.models else { return nil }
    return ReconstructionJob.Source(
      images: samples, reconstructor: Reconstructor(models: models, preprocessing: workspace.preprocessing),
      density: lookedDensity ?? training.density, seed: options.configuration.seed, step: step ?? training.trained)
  }

  func subject() -> SideWork.Subject? {
    guard let workspace, let training, let benchmark = pairs?.scoring.benchmark else { return nil }
    return SideWork.Subject(
      workspace: workspace, benchmark: benchmark, source: source, seed: options.configuration.seed,
      scored: options.scored(for: workspace.backbone, mini: workspace.folder), isLearning: training.isGoing,
      keptShare: { training.session?.trainer.keptShare(after: $0) ?? 1 },
      template: { (try training.description(), training.session?.recorder?.history) })
  }

  /// Of the run's folder, which another run may have taken the place of, or somebody may have moved.
  private func recordedTowers() -> RecordedTowers? {
    guard let workspace, let folder = training?.folder else { return nil }
    if let towers, towers.path == folder.path { return towers.towers }
    let seed = options.configuration.seed
    let new = RecordedTowers(of: folder, report: report) { try workspace.models(seed: seed) }
    towers = (folder.path, new)
    return new
  }

  private func rebuild() {
    pictures.steps = recordedTowers()?.steps ?? []
    pictures.advance(source)
    lastRebuild = .now
  }

  /// The level that is looked at, at once; the others follow.
  private func rebuildBetweenSteps() {
    if training?.isGoing == true, pictures.isQuick { rebuild() }
  }

  /// The run's next piece, and what it makes outdated.
  private func train() throws {
    guard let training else { return }
    let piece = try training.next()
    // The last step moves the weights; from now on there is time for all levels.
    if piece == .done { pictures.renewAtRest() }
    if piece == .evaluation { takeTower() }
    if piece == .evaluation, let evaluator = training.session?.evaluator {
      if training.answersBrowsedPairs {
        pairs?.show(evaluator.pairs)
        postPairs(isScoring: false)
      }
    }
    if pictures.isQuick, ContinuousClock.now - lastRebuild > Self.rebuildEvery { refreshPictures() }
  }

  /// The evaluation that is done has recorded its tower, perhaps.
  private func takeTower() {
    guard let towers = recordedTowers(), let last = training?.session?.recorder?.history.evaluations.last?.step,
      last == training?.trained, training?.session?.due != .evaluation
    else { return }
    towers.renew(last)
    report.post(.towers(towers.steps))
  }

  /// The level that is looked at, and one of the others: all of them would keep the training waiting.
  private func refreshPictures() {
    pictures.repeatChosen()
    rebuild()
    guard wantsEveryLevel else { return }
    if pictures.queue.isEmpty { pictures.renew() } else { rebuild() }
  }
}
