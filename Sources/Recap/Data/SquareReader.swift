import Engine
import Foundation
import Synchronization

/// What a step sees of an image, and which image it is.
struct Square: Equatable, Sendable {
  let index: Int
  let image: Image
}

/// From numbers of a data set's images to the parts that a micro-batch sees, as large as the diffusion model's pictures.
struct SquareReader: Sendable {
  let dataset: Dataset
  let crop: DataPlan.Crop
  let side: Int
  let random: RandomSource

  /// A square, and the images that could not be read before it.
  struct Reading: Sendable {
    var square: Result<Square, Problem>
    var unreadable: [(index: Int, reason: Problem)] = []
  }

  /// Of this image, or of the next in the set that can be read: always the same one, so that runs repeat.
  ///
  /// - Parameter unusable: images that need not be tried again.
  func square(_ index: Int, batch: Int, place: Int, unusable: Set<Int> = []) -> Reading {
    var reading = Reading(square: .failure(Problem("there are no images to train on", advice: DataPaths.advice)))
    for offset in 0..<dataset.count {
      let index = (index + offset) % dataset.count
      guard !unusable.contains(index) else { continue }
      do {
        let image = try dataset.image(index)
        reading.square = .success(Square(index: index, image: part(image, batch: batch, place: place)))
        return reading
      } catch {
        let reason = error as? Problem ?? Problem("cannot read \(dataset.name(index)): \(error)")
        reading.unreadable.append((index, reason))
      }
    }
    return reading
  }

  private func part(_ image: Image, batch: Int, place: Int) -> Image {
    switch crop {
    case .random: RandomResizedCrop(side: side)(image, random: random, step: batch, sample: place)
    case .center: StableDiffusion.square(image, side: side)
    }
  }
}

/// The squares of a micro-batch, decoded on threads of their own while others compute.
final class SquareBatch: Sendable {
  let indices: [Int]
  private let readings: Mutex<[SquareReader.Reading?]>
  private let group = DispatchGroup()

  private static let queue: OperationQueue = {
    let queue = OperationQueue()
    queue.name = "decoding ahead"
    return queue
  }()

  /// - Parameter first: the place of the first of these images in the micro-batch.
  init(_ indices: [Int], batch: Int, from first: Int, unusable: Set<Int>, by reader: SquareReader) {
    self.indices = indices
    readings = Mutex(Array(repeating: nil, count: indices.count))
    Self.queue.maxConcurrentOperationCount = ThreadPool.threads
    for (place, index) in indices.enumerated() {
      group.enter()
      Self.queue.addOperation { [self] in
        let reading = reader.square(index, batch: batch, place: first + place, unusable: unusable)
        readings.withLock { $0[place] = reading }
        group.leave()
      }
    }
  }

  /// Waits for those that are not there yet.
  func finished() -> [SquareReader.Reading] {
    group.wait()
    return readings.withLock { $0.compactMap { $0 } }
  }
}
