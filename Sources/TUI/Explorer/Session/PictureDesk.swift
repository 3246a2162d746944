import Engine
import Recap
import Terminal

/// Rebuilds what a person looks at, a piece at a time: the chosen noise level first, and the others too where that is
/// quick.
struct PictureDesk {
  /// What is needed to rebuild, as it is now.
  struct Source {
    let images: [Image]
    let reconstructor: Reconstructor
    let density: RecapDensity
    let seed: UInt64
    /// The training step of the tuned CLIP.
    let step: Int
  }

  private(set) var queue = RebuildQueue()
  /// Of small models pictures are rebuilt whole, and also what nobody has asked for.
  var isEager = true
  private var work: GradualReconstruction?
  /// What was rebuilt last of each image and level: the same again would be the same picture.
  private var made: [Slot: Made] = [:]
  private var workStep = 0
  private var isCancelled = false
  private var isResting = false
  /// Mean seconds of each kind of piece, as measured.
  private var seconds: [Int: (mean: Double, count: Int)] = [:]

  private struct Slot: Hashable { let image: Int, timestep: Int }
  private struct Made: Equatable { let density: RecapDensity, step: Int }

  /// More than this for one picture, and only the chosen one is rebuilt, and only for a person who asks.
  private static let patience = 2.0
  /// Quick pieces are done together.
  private static let turn = 0.1

  /// Whether there is something to rebuild.
  var isWaiting: Bool { !isCancelled && (work != nil || (!queue.isEmpty && (isEager || queue.hasBeenAsked))) }

  /// One picture takes long here; nil before it is known.
  var isSlow: Bool? {
    if isEager { return false }
    guard let step = seconds[3]?.mean else { return nil }
    return step * 24 > Self.patience
  }

  /// A person looks at this image and level. What is being done for another is left off.
  mutating func look(at image: Int, timestep: Int) {
    isCancelled = false
    isResting = false
    if let work, queue.image == image, work.timestep == timestep {
      return
    }
    work = nil
    queue.look(at: image, timestep: timestep)
  }

  /// The CLIP or the density has changed: what was rebuilt is of the past.
  mutating func renew() {
    work = nil
    isCancelled = false
    queue.renew()
  }

  /// The CLIP goes on learning: the chosen level again, before those that still wait.
  mutating func repeatChosen() {
    work = nil
    queue.repeatChosen()
  }

  /// Nothing is trained any more: there is time for all levels, where they are quick.
  mutating func renewAtRest() {
    if isSlow == false { renew() }
  }

  /// Leaves off until a person asks again; tells what was left off.
  mutating func cancel(_ source: Source) -> ExplorerEvent? {
    isCancelled = true
    defer { work = nil }
    return work.map { progress($0, source, .cancelled) }.map { .rebuilding($0) }
  }

  /// Other work goes first; told once.
  mutating func rest(_ source: Source) -> ExplorerEvent? {
    guard let work, !isResting else { return nil }
    isResting = true
    return .rebuilding(progress(work, source, .resting))
  }

  /// Does the next piece, or several quick ones; gives what came of it.
  mutating func advance(_ source: Source) -> [ExplorerEvent] {
    guard !isCancelled, !source.images.isEmpty, begin(source) else { return [] }
    isResting = false
    let begin = ContinuousClock.now
    while var current = work, current.result == nil,
      isEager || (ContinuousClock.now - begin) / .seconds(1) < Self.turn
    {
      let (piece, start) = (current.next, ContinuousClock.now)
      current.advance()
      if let piece { measure(piece, (ContinuousClock.now - start) / .seconds(1)) }
      work = current
    }
    guard let work else { return [] }
    guard let result = work.result else { return [.rebuilding(progress(work, source, .working))] }
    self.work = nil
    made[Slot(image: queue.image, timestep: work.timestep)] = Made(density: work.density, step: workStep)
    let reconstruction = Reconstruction(
      result, image: queue.image, timestep: work.timestep, step: workStep, density: work.density)
    return [.reconstruction(reconstruction), .rebuilding(nil)]
  }

  /// Takes the next level from the queue if nothing is begun; false when there is none.
  private mutating func begin(_ source: Source) -> Bool {
    while work == nil, let timestep = queue.next(onlyChosen: isSlow == true) {
      let image = min(queue.image, source.images.count - 1)
      let new = Made(density: source.density, step: source.step)
      guard made[Slot(image: image, timestep: timestep)] != new else { continue }
      workStep = source.step
      work = GradualReconstruction(
        source.reconstructor, of: source.images[image], timestep: timestep, density: source.density, seed: source.seed,
        sample: image)
    }
    return work != nil
  }

  private mutating func measure(_ piece: GradualReconstruction.Piece, _ time: Double) {
    let (mean, count) = seconds[piece.kind] ?? (0, 0)
    seconds[piece.kind] = (mean + (time - mean) / Double(count + 1), count + 1)
  }

  private func progress(
    _ work: GradualReconstruction, _ source: Source, _ stage: RebuildProgress.Stage
  ) -> RebuildProgress {
    let left = work.pieces[work.done...].reduce(0.0) { $0 + (seconds[$1.kind]?.mean ?? 0) }
    return RebuildProgress(
      imageIndex: queue.image, timestep: work.timestep, density: work.density.description, stage: stage,
      doing: work.next?.words ?? "",
      progress: WorkProgress(
        done: work.done, all: work.pieces.count, secondsLeft: seconds[3] == nil ? nil : left),
      noised: work.noisedImage.map(Picture.init), byBaseline: (work.baseline?.image).map(Picture.init))
  }
}
