import Engine
import Recap
import Terminal

/// Reconstructs what a person looks at, a piece at a time: the chosen noise level first, and the others too where that
/// is quick.
struct ReconstructionJob {
  /// What it takes, as it is now.
  struct Source {
    let images: SampleImages
    let reconstructor: Reconstructor
    let density: RecapDensity
    let seed: UInt64
    /// The training step of the tuned CLIP.
    let step: Int
  }

  /// Gives it for the tower of a recorded step, or for the one that the run has now; nil where there is none.
  typealias Sources = (_ step: Int?) -> Source?

  /// How long an image takes here.
  private enum Pace { case unknown, quick, slow }
  private struct Slot: Hashable { let image: Int, target: RebuildQueue.Target }
  private struct Version: Equatable { let density: RecapDensity, step: Int }

  private let report: Reporter
  /// Images are reconstructed whole, and also when no person has chosen one.
  private let isEager: Bool
  private(set) var queue = RebuildQueue()
  private var current: (work: GradualReconstruction, step: Int, target: RebuildQueue.Target, noise: Int)?
  /// Of what is chosen, whose errors are measured with further noises while nothing else is to be made.
  private var chosen: Reconstruction?
  private var stage = RebuildProgress.Stage.working
  /// What was made last of each image and level: the same again would give the same image.
  private var made: [Slot: Version] = [:]
  /// Those, the newest last: the screens forget the oldest.
  private var order: [Slot] = []
  private var seconds: [GradualReconstruction.Piece.Kind: (mean: Double, count: Int)] = [:]
  private var pace: Pace

  /// Seconds: an image that takes longer is made only for a person who waits for it, and only at the chosen level.
  private static let patience = 2.0
  /// Seconds: quick pieces are done together.
  private static let turn = 0.1

  init(_ report: Reporter, isEager: Bool) {
    (self.report, self.isEager, pace) = (report, isEager, isEager ? .quick : .unknown)
  }

  /// Whether there is something to reconstruct.
  var isWaiting: Bool {
    stage != .cancelled
      && (current != nil || (!queue.isEmpty && (isEager || queue.hasBeenAsked)) || (isQuick && wantsNoises))
  }

  var isQuick: Bool { pace == .quick }

  private var wantsNoises: Bool { chosen.map { $0.latentErrors.count < RebuildQueue.noises } ?? false }

  /// A person looks at this image, level, density and step. What is being done for another is dropped.
  ///
  /// - Parameter isAlone: no other level and step is wanted.
  mutating func look(at image: Int, timestep: Int, density: RecapDensity, step: Int? = nil, isAlone: Bool = false) {
    stage = .working
    let target = RebuildQueue.Target(timestep: timestep, step: step)
    if let current, queue.image == image, current.target == target, current.work.density == density {
      // What else is to be made follows from what is chosen.
      if queue.chosen == target { return }
    }
    (current, chosen) = (nil, nil)
    queue.look(at: image, timestep: timestep, density: density, step: step, isAlone: isAlone)
  }

  /// The steps whose towers were recorded.
  var steps: [Int] {
    get { queue.steps }
    set { queue.steps = newValue }
  }

  /// The CLIP or the density has changed: what was made is outdated.
  mutating func renew() {
    (current, chosen, stage) = (nil, nil, .working)
    queue.renew()
  }

  /// The CLIP goes on learning: the chosen level again, before those that still wait.
  mutating func repeatChosen() {
    (current, chosen) = (nil, nil)
    queue.repeatChosen()
  }

  /// No step is taken any more: there is time for all levels, where they are quick.
  mutating func renewAtRest() {
    if isQuick { renew() }
  }

  /// Stops until a person asks again.
  mutating func cancel() {
    stage = .cancelled
    if let current { tell(current.work) }
    current = nil
  }

  /// Other work goes first.
  mutating func rest() {
    guard let current, stage == .working else { return }
    stage = .resting
    tell(current.work)
  }

  /// Does the next piece, or several quick ones.
  mutating func advance(_ sources: Sources) {
    guard stage != .cancelled, let source = begin(sources) else { return }
    stage = .working
    let start = ContinuousClock.now
    while let piece = current?.work.next, isEager || (ContinuousClock.now - start) / .seconds(1) < Self.turn {
      let before = ContinuousClock.now
      current?.work.advance()
      measure(piece, (ContinuousClock.now - before) / .seconds(1), steps: 2 * source.reconstructor.steps)
    }
    guard let (work, step, target, noise) = current else { return }
    guard let result = work.result else { return noise == 0 ? tell(work) : () }
    current = nil
    var new = Reconstruction(result, image: queue.image, timestep: work.timestep, step: step, density: work.density)
    new.isRecorded = target.step != nil
    report.activity.rebuilding = nil
    if noise > 0 {
      chosen?.latentErrors += new.latentErrors
      chosen?.pixelErrors += new.pixelErrors
      return chosen.map { report.post(.reconstruction($0)) } ?? ()
    }
    remember(Slot(image: queue.image, target: target), Version(density: work.density, step: step), new.original)
    if target == queue.chosen { chosen = new }
    report.post(.reconstruction(new))
  }

  private mutating func remember(_ slot: Slot, _ version: Version, _ picture: Picture) {
    made[slot] = version
    order.removeAll { $0 == slot }
    order.append(slot)
    // Half of what the screens keep, whose order is a little other.
    while order.count > Feed.capacity(of: picture) / 2 { made[order.removeFirst()] = nil }
  }

  /// Takes the next from the queue if none is begun; nil when there is none.
  private mutating func begin(_ sources: Sources) -> Source? {
    if let current { return sources(current.target.step) }
    while let target = queue.next(onlyChosen: pace == .slow) {
      guard let source = sources(target.step), !source.images.isEmpty else { continue }
      let image = min(queue.image, source.images.count - 1)
      let version = Version(density: source.density, step: source.step)
      guard made[Slot(image: image, target: target)] != version else { continue }
      let work = GradualReconstruction(
        source.reconstructor, of: source.images.images[image], timestep: target.timestep, density: source.density,
        seed: source.seed, sample: source.images.noises[image])
      current = (work, source.step, target, 0)
      return source
    }
    return beginNoise(sources)
  }

  /// What is chosen once more, with the next noise; the CLIP must be the same.
  private mutating func beginNoise(_ sources: Sources) -> Source? {
    guard isQuick, wantsNoises, let chosen, let source = sources(queue.chosen.step), !source.images.isEmpty,
      chosen.density == source.density, chosen.step == source.step
    else {
      self.chosen = nil
      return nil
    }
    let noise = chosen.latentErrors.count
    let image = min(queue.image, source.images.count - 1)
    let work = GradualReconstruction(
      source.reconstructor, of: source.images.images[image], timestep: chosen.timestep, density: source.density,
      seed: source.seed, sample: source.images.noises[image] + noise * 1000)
    current = (work, source.step, queue.chosen, noise)
    return source
  }

  private mutating func measure(_ piece: GradualReconstruction.Piece, _ time: Double, steps: Int) {
    var (mean, count) = seconds[piece.title.kind] ?? (0, 0)
    count += 1
    mean += (time - mean) / Double(count)
    seconds[piece.title.kind] = (mean, count)
    if piece.title.kind == .denoising, !isEager { pace = mean * Double(steps) > Self.patience ? .slow : .quick }
  }

  private func tell(_ work: GradualReconstruction) {
    let left = work.pieces[work.done...].reduce(0.0) { $0 + (seconds[$1.title.kind]?.mean ?? 0) }
    report.activity.rebuilding = RebuildProgress(
      imageIndex: queue.image, timestep: work.timestep, density: work.density, stage: stage,
      doing: work.next?.title.words ?? "",
      progress: WorkProgress(
        done: work.done, all: work.pieces.count, secondsLeft: seconds[.denoising] == nil ? nil : left),
      noised: work.noisedImage.map(Picture.init), byBaseline: (work.baseline?.image).map(Picture.init),
      step: current?.target.step ?? queue.chosen.step)
  }
}
