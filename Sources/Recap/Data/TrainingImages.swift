import Engine
import Synchronization

/// What a step gets of its images.
public struct TrainingInputs {
  /// CLIP's input, (B, S, S, 3).
  public let pixels: Tensor
  private let makeLatents: () -> Tensor

  /// - Parameter latents: encoded each time they are read, for a control without a diffusion model needs none.
  public init(pixels: Tensor, latents: @autoclosure @escaping () -> Tensor) {
    (self.pixels, makeLatents) = (pixels, latents)
  }

  /// The autoencoder's scaled latent means, (B, h, w, c).
  public var latents: Tensor { makeLatents() }
}

extension DivaObjective.Inputs {
  /// Of the images of a micro-batch, or of a part of it.
  public init(
    _ images: TrainingInputs, _ sampling: DivaObjective.Sampling, patches: Int, step: Int, part: BatchPart? = nil
  ) {
    self.init(clipPixels: images.pixels, latents: images.latents, sampling, patches: patches, step: step, part: part)
  }
}

/// Images to train on, without captions.
public protocol TrainingImages {
  var count: Int { get }
  /// The images of micro-batch number `batch`, counted from the beginning of the run. What chance decides about them
  /// (which part is seen) depends on that number and on their place in the batch alone.
  ///
  /// Throws a `Problem` when there is no image left that can be read.
  func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs
  /// The same of a part, whose first image has this place in its micro-batch.
  func inputs(_ indices: [Int], batch: Int, from place: Int) throws -> TrainingInputs
  /// Begins to read what `inputs` will need soon, where that takes time; changes nothing of what it gives.
  func prepare(_ indices: [Int], batch: Int, from place: Int)
  /// Images that have been left out so far.
  var skipped: SkippedImages { get }
  /// What there is, as text; nil for the mini world's.
  var summary: String? { get }
}

extension TrainingImages {
  /// For images that are seen whole, whatever their place.
  public func inputs(_ indices: [Int], batch: Int, from place: Int) throws -> TrainingInputs {
    try inputs(indices, batch: batch)
  }
  public func prepare(_ indices: [Int], batch: Int, from place: Int) {}
  public var skipped: SkippedImages { SkippedImages() }
  public var summary: String? { nil }
}

/// Images and shards that cannot be read: how many, and the reasons for the first ones.
public struct SkippedImages: Equatable, Sendable {
  public private(set) var count = 0
  public private(set) var shards = 0
  public private(set) var problems: [Problem] = []

  /// A data set of millions may have many; a person reads a few.
  private static let mostProblems = 100

  public init() {}

  /// "2 of the images and 1 shard are left out so far".
  public var summary: String {
    let images = count > 0 || shards == 0 ? ["\(count.grouped) of the images"] : []
    return (images + (shards > 0 ? [shards.counted("shard")] : [])).joined(separator: " and ") + " are left out so far"
  }

  mutating func add(_ problem: Problem) {
    count += 1
    note(problem)
  }

  mutating func add(shard problem: Problem) {
    shards += 1
    note(problem)
  }

  private mutating func note(_ problem: Problem) {
    if problems.count < Self.mostProblems { problems.append(problem) }
  }
}

/// Scenes of the mini world, drawn on demand; a latent is encoded once and kept (2 KiB each).
public final class MiniWorldImages: TrainingImages {
  public let count: Int
  private let world: MiniWorld
  private let split: MiniWorld.Split
  private let preprocessing: Preprocessing
  private let diffusion: StableDiffusion
  private let keepsLatents: Bool
  private let known = Mutex<[Int: Tensor]>([:])

  public init(
    world: MiniWorld, split: MiniWorld.Split = .unlabelled, count: Int, preprocessing: Preprocessing,
    diffusion: StableDiffusion, keepsLatents: Bool = true
  ) {
    self.world = world
    self.split = split
    self.count = count
    self.preprocessing = preprocessing
    self.diffusion = diffusion
    self.keepsLatents = keepsLatents
  }

  private func images(_ indices: [Int]) -> [Image] { Scene.render(indices.map { world.scene(split, $0) }) }

  /// Whole scenes, whatever the batch.
  public func inputs(_ indices: [Int], batch: Int) -> TrainingInputs {
    TrainingInputs(pixels: preprocessing.pixels(images(indices)), latents: self.latents(indices))
  }

  private func latents(_ indices: [Int]) -> Tensor {
    guard keepsLatents else { return encoded(indices) }
    let missing = known.withLock { known in Array(Set(indices.filter { known[$0] == nil })).sorted() }
    if !missing.isEmpty {
      let encoded = encoded(missing)
      known.withLock { known in
        for (row, index) in missing.enumerated() { known[index] = encoded.sliced(row..<row + 1).copied() }
      }
    }
    return known.withLock { known in Tensor.stacked(indices.compactMap { known[$0] }) }
  }

  private func encoded(_ indices: [Int]) -> Tensor {
    diffusion.autoencoder.scaledLatents(of: .signedPixels(images(indices).map(diffusion.square)))
  }
}
