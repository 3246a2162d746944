import Engine
import Foundation
import Synchronization

/// Images of a person's own for the loop, made into pixels as the reference makes them.
///
/// A picture is decoded each time it is used: a data set may have millions. One that cannot be read is left
/// out, remembered in `skipped`, and the next in the set stands in for it: always the same one, so that runs repeat.
/// Source: DIVA, `data/data.py`, `data/transform.py`.
public final class DatasetImages: TrainingImages {
  private let dataset: Dataset
  private let crop: DataPlan.Crop
  private let pixels: TrainingPixels
  private let diffusion: StableDiffusion
  private let random: RandomSource
  private let latents: LatentCache?
  private let unusable: Mutex<Unusable>

  private struct Unusable {
    var indices: Set<Int> = []
    var skipped: SkippedImages
  }

  /// - Parameter latents: where those of whole pictures are kept.
  ///
  /// Throws a `Problem` when there is no image that can be read.
  public init(
    _ plan: DataPlan, preprocessing: Preprocessing, diffusion: StableDiffusion, seed: UInt64,
    latents: LatentCache? = nil
  ) throws {
    dataset = try Dataset(plan.paths)
    crop = plan.crop
    pixels = TrainingPixels(clipSide: preprocessing.side, colors: preprocessing.colors, mapping: plan.colors)
    self.diffusion = diffusion
    random = RandomSource(seed: seed, stream: .crops)
    self.latents = latents
    unusable = Mutex(Unusable(skipped: dataset.skipped))
    // An hour of work should not begin for nothing.
    _ = try readable(0)
  }

  public var count: Int { dataset.count }

  public var skipped: SkippedImages { unusable.withLock { $0.skipped } }

  public func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs {
    let squares = try squares(indices, batch: batch)
    let images = squares.map(\.image)
    return TrainingInputs(
      pixels: pixels.clipPixels(images),
      latents: crop == .center ? centered(squares) : encoded(images))
  }

  private func encoded(_ squares: [Image]) -> Tensor {
    diffusion.autoencoder.scaledLatents(of: pixels.autoencoderPixels(squares))
  }

  /// The latents of whole pictures, one by one: the same bits from the cache as without it.
  private func centered(_ squares: [Square]) -> Tensor {
    let (unet, recipe) = (diffusion.unet.config, "\(pixels.mapping) center \(diffusion.side)")
    return .stacked(
      squares.map { square in
        let stamp = dataset.stamp(square.index)
        let side = diffusion.side / diffusion.autoencoder.reduction
        if let latent = latents?.latent(of: stamp, recipe, shape: [1, side, side, unet.inChannels]) { return latent }
        let latent = encoded([square.image])
        latents?.keep(latent, of: stamp, recipe)
        return latent
      })
  }

  /// What a step sees of an image, and which image it is.
  struct Square: Equatable {
    let index: Int
    let image: Image
  }

  /// The parts that this micro-batch sees, as large as the diffusion model's pictures.
  func squares(_ indices: [Int], batch: Int) throws -> [Square] {
    var squares = [Result<Square, Problem>](repeating: .failure(Problem("not read")), count: indices.count)
    squares.withUnsafeMutableBufferPointer { squares in
      nonisolated(unsafe) let squares = squares
      ThreadPool.run(indices.count) { [self] place in
        squares[place] = Result { () throws(Problem) in try square(indices[place], batch: batch, place: place) }
      }
    }
    return try squares.map { try $0.get() }
  }

  private func square(_ index: Int, batch: Int, place: Int) throws(Problem) -> Square {
    let (index, image) = try readable(index)
    switch crop {
    case .random:
      let part = RandomResizedCrop(side: diffusion.side)(image, random: random, step: batch, sample: place)
      return Square(index: index, image: part)
    case .center: return Square(index: index, image: diffusion.square(image))
    }
  }

  /// This image, or the next in the set that can be read.
  private func readable(_ index: Int) throws(Problem) -> (index: Int, image: Image) {
    for offset in 0..<count {
      let index = (index + offset) % count
      guard unusable.withLock({ !$0.indices.contains(index) }) else { continue }
      do {
        return (index, try dataset.image(index))
      } catch {
        leaveOut(index, error as? Problem ?? Problem("cannot read \(dataset.name(index)): \(error)"))
      }
    }
    let first = skipped.problems.first.map { ": \($0.message)" } ?? ""
    throw Problem(
      "there are no images to train on\(first)", advice: "give folders with PNG, JPEG or WebP files, or webdataset tars"
    )
  }

  private func leaveOut(_ index: Int, _ problem: Problem) {
    unusable.withLock { if $0.indices.insert(index).inserted { $0.skipped.add(problem) } }
  }
}
