import Engine
import Foundation
import Synchronization

/// Images of a person's own for the loop, made into pixels as the reference makes them.
///
/// A picture is decoded each time that it is asked for: a data set may have millions. One that cannot be read is left
/// out, remembered in `skipped`, and the next in the set stands in for it: always the same one, so that runs repeat.
/// Source: DIVA, `data/data.py`, `data/transform.py`.
public final class DatasetImages: TrainingImages {
  private let dataset: Dataset
  private let crop: DataPlan.Crop
  private let pixels: TrainingPixels
  private let diffusion: StableDiffusion
  private let random: RandomSource
  private let unusable: Mutex<Unusable>

  private struct Unusable {
    var indices: Set<Int> = []
    var told: SkippedImages
  }

  /// Beside the trainer's own streams.
  private static let stream: UInt32 = 13

  /// Throws a `Problem` when there is no image that can be read.
  public init(_ plan: DataPlan, preprocessing: Preprocessing, diffusion: StableDiffusion, seed: UInt64) throws {
    dataset = try Dataset(plan.paths)
    crop = plan.crop
    pixels = TrainingPixels(clipSide: preprocessing.side, colors: preprocessing.colors, mapping: plan.colors)
    self.diffusion = diffusion
    random = RandomSource(seed: seed, stream: Self.stream)
    unusable = Mutex(Unusable(told: dataset.skipped))
    // An hour of work should not begin for nothing.
    _ = try readable(0)
  }

  public var count: Int { dataset.count }

  public var skipped: SkippedImages { unusable.withLock { $0.told } }

  public func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs {
    let squares = try squares(indices, batch: batch)
    return TrainingInputs(
      pixels: pixels.clipPixels(squares),
      latents: diffusion.autoencoder.scaledLatents(of: pixels.autoencoderPixels(squares)))
  }

  /// The parts that this micro-batch sees, as large as the diffusion model's pictures.
  func squares(_ indices: [Int], batch: Int) throws -> [Image] {
    var squares = [Result<Image, Problem>](repeating: .failure(Problem("not read")), count: indices.count)
    squares.withUnsafeMutableBufferPointer { squares in
      nonisolated(unsafe) let squares = squares
      ThreadPool.run(indices.count) { [self] place in
        squares[place] = Result { () throws(Problem) in cut(try readable(indices[place]), batch: batch, place: place) }
      }
    }
    return try squares.map { try $0.get() }
  }

  private func cut(_ image: Image, batch: Int, place: Int) -> Image {
    switch crop {
    case .random: RandomResizedCrop(side: diffusion.side)(image, random: random, step: batch, sample: place)
    case .center: diffusion.square(image)
    }
  }

  /// This image, or the next in the set that can be read.
  private func readable(_ index: Int) throws(Problem) -> Image {
    for offset in 0..<count {
      let index = (index + offset) % count
      guard unusable.withLock({ !$0.indices.contains(index) }) else { continue }
      do {
        return try dataset.image(index)
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
    unusable.withLock { if $0.indices.insert(index).inserted { $0.told.add(problem) } }
  }
}
