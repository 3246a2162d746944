import Engine
import Recap
import Terminal

/// Reconstructs what a person looks at, a piece at a time: the chosen noise level first, and the others too where that
/// is quick.
struct ReconstructionJob {
  /// What it takes, as it is now.
  struct Source {
    let images: [Image]
    let reconstructor: Reconstructor
    let density: RecapDensity
    let seed: UInt64
    /// The training step of the tuned CLIP.
    let step: Int
  }

  /// How long an image takes here.
  private enum Pace { case unknown, quick, slow }
  private struct Slot: Hashable { let image: Int, timestep: Int }
  private struct Version: Equatable { let density: RecapDensity, step: Int }

  private let report: Reporter
  /// Images are reconstructed whole, and also when no person has chosen one.
  private let isEager: Bool
  private(set) var queue = RebuildQueue()
  private var current: (work: GradualReconstruction, step: Int)?
  private var stage = RebuildProgress.Stage.working
  /// What was made last of each image and level: the same again would give the same image.
  private var made: [Slot: Version] = [:]
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
    stage != .cancelled && (current != nil || (!queue.isEmpty && (isEager || queue.hasBeenAsked)))
  }

  var isQuick: Bool { pace == .quick }

  /// A person looks at this image and level. What is being done for another is dropped.
  mutating func look(at image: Int, timestep: Int) {
    stage = .working
    if let current, queue.image == image, current.work.timestep == timestep { return }
    current = nil
    queue.look(at: image, timestep: timestep)
  }

  /// The CLIP or the density has changed: what was made is outdated.
  mutating func renew() {
    (current, stage) = (nil, .working)
    queue.renew()
  }

  /// The CLIP goes on learning: the chosen level again, before those that still wait.
  mutating func repeatChosen() {
    current = nil
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
  mutating func advance(_ source: Source) {
    guard stage != .cancelled, !source.images.isEmpty, begin(source) else { return }
    stage = .working
    let start = ContinuousClock.now
    while let piece = current?.work.next, isEager || (ContinuousClock.now - start) / .seconds(1) < Self.turn {
      let before = ContinuousClock.now
      current?.work.advance()
      measure(piece, (ContinuousClock.now - before) / .seconds(1), steps: 2 * source.reconstructor.steps)
    }
    guard let (work, step) = current else { return }
    guard let result = work.result else { return tell(work) }
    current = nil
    made[Slot(image: queue.image, timestep: work.timestep)] = Version(density: work.density, step: step)
    report.post(
      .reconstruction(
        Reconstruction(result, image: queue.image, timestep: work.timestep, step: step, density: work.density)))
    report.activity.rebuilding = nil
  }

  /// Takes the next level from the queue if none is begun; false when there is none.
  private mutating func begin(_ source: Source) -> Bool {
    while current == nil, let timestep = queue.next(onlyChosen: pace == .slow) {
      let image = min(queue.image, source.images.count - 1)
      guard made[Slot(image: image, timestep: timestep)] != Version(density: source.density, step: source.step) else {
        continue
      }
      let work = GradualReconstruction(
        source.reconstructor, of: source.images[image], timestep: timestep, density: source.density, seed: source.seed,
        sample: image)
      current = (work, source.step)
    }
    return current != nil
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
      noised: work.noisedImage.map(Picture.init), byBaseline: (work.baseline?.image).map(Picture.init))
  }
}
