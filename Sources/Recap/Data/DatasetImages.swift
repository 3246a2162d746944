import Engine

/// Images of a person's own for the loop, made into pixels as the reference makes them.
///
/// A picture is decoded each time it is used: a data set may have millions. One that cannot be read is left
/// out, remembered in `skipped`, and the next in the set stands in for it.
/// Source: DIVA, `data/data.py`, `data/transform.py`.
public final class DatasetImages: TrainingImages {
  private let reader: SquareReader
  private let pixels: TrainingPixels
  private let diffusion: StableDiffusion
  private let latents: LatentCache?
  private var unusable: Set<Int> = []
  private var ahead: [Part: SquareBatch] = [:]
  public private(set) var skipped: SkippedImages

  /// - Parameters:
  ///   - latents: where those of whole pictures are kept.
  ///   - indexes: where those of shards are kept.
  ///
  /// Throws a `Problem` when there is no image that can be read.
  public init(
    _ plan: DataPlan, preprocessing: Preprocessing, diffusion: StableDiffusion, seed: UInt64,
    latents: LatentCache? = nil, indexes: ShardIndexes? = nil
  ) throws {
    reader = SquareReader(
      dataset: try Dataset(plan.paths, indexes: indexes), crop: plan.crop, side: diffusion.side,
      random: RandomSource(seed: seed, stream: .crops))
    pixels = TrainingPixels(clipSide: preprocessing.side, colors: preprocessing.colors, mapping: plan.colors)
    self.diffusion = diffusion
    self.latents = latents
    skipped = reader.dataset.skipped
    // An hour of work should not begin for nothing.
    _ = try taken(reader.square(0, batch: 0, place: 0))
  }

  public var count: Int { reader.dataset.count }
  public var summary: String? { reader.dataset.summary }

  public func inputs(_ indices: [Int], batch: Int) throws -> TrainingInputs {
    try inputs(indices, batch: batch, from: 0)
  }

  public func inputs(_ indices: [Int], batch: Int, from place: Int) throws -> TrainingInputs {
    let squares = try squares(indices, batch: batch, from: place)
    let images = squares.map(\.image)
    return TrainingInputs(
      pixels: pixels.clipPixels(images),
      latents: self.reader.crop == .center ? self.centered(squares) : self.encoded(images))
  }

  private func encoded(_ squares: [Image]) -> Tensor {
    diffusion.autoencoder.scaledLatents(of: pixels.autoencoderPixels(squares))
  }

  /// The latents of whole pictures, one by one: the same bits from the cache as without it.
  private func centered(_ squares: [Square]) -> Tensor {
    let (channels, recipe) = (diffusion.denoiser.channels, "\(pixels.mapping) center \(diffusion.side)")
    return .stacked(
      squares.map { square in
        let stamp = reader.dataset.stamp(square.index)
        let side = diffusion.side / diffusion.autoencoder.reduction
        if let latent = latents?.latent(of: stamp, recipe, shape: [1, side, side, channels]) { return latent }
        let latent = encoded([square.image])
        latents?.keep(latent, of: stamp, recipe)
        return latent
      })
  }

  /// Images of a micro-batch from a place on.
  private struct Part: Hashable {
    let batch: Int
    let place: Int
  }

  public func prepare(_ indices: [Int], batch: Int, from place: Int) {
    let part = Part(batch: batch, place: place)
    guard ahead[part]?.indices != indices else { return }
    ahead[part] = SquareBatch(indices, batch: batch, from: place, unusable: unusable, by: reader)
  }

  /// The parts that this micro-batch sees, as large as the diffusion model's pictures.
  func squares(_ indices: [Int], batch: Int, from place: Int = 0) throws -> [Square] {
    prepare(indices, batch: batch, from: place)
    let readings = ahead.removeValue(forKey: Part(batch: batch, place: place))?.finished() ?? []
    // What was prepared for a step that was never taken.
    ahead = ahead.filter { ($0.key.batch, $0.key.place) > (batch, place) }
    return try readings.map(taken)
  }

  private func taken(_ reading: SquareReader.Reading) throws -> Square {
    for (index, reason) in reading.unreadable where unusable.insert(index).inserted { skipped.add(reason) }
    do {
      return try reading.square.get()
    } catch {
      let first = skipped.problems.first.map { ": \($0.message)" } ?? ""
      throw Problem(error.message + first, advice: error.advice)
    }
  }
}
