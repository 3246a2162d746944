import Engine

/// Reconstructions of a few scored pictures after each evaluation, for TensorBoard: original, noised, from the
/// baseline's tokens, and from the tuned CLIP's, side by side.
struct EvaluationPictures {
  static let count = 4
  static let timestep = 600

  /// - Parameter pairs: their first pictures are taken, evenly spread over the pairs and so over the patterns.
  static func strips(_ trainer: Trainer, _ pairs: GradualScoring) -> [(tag: String, image: Image)] {
    let reconstructor = Reconstructor(models: trainer.models, preprocessing: pairs.preprocessing)
    let all = pairs.benchmark.pairs.count
    return (0..<min(count, all)).map { index in
      let pair = index * all / min(count, all)
      let result = reconstructor.rebuild(
        pairs.benchmark.images[2 * pair], timestep: timestep, density: trainer.density,
        seed: trainer.configuration.seed)
      let pictures = [result.original, result.noised, result.baseline.image, result.tuned.image]
      return ("reconstruction/pair \(pair + 1)", Image(besides: pictures))
    }
  }
}

extension Image {
  /// Pictures of one height in a row.
  fileprivate init(besides pictures: [Image]) {
    let height = pictures[0].height
    let rows = (0..<height).flatMap { row in
      pictures.flatMap { $0.pixels[row * 3 * $0.width..<(row + 1) * 3 * $0.width] }
    }
    self.init(width: pictures.reduce(0) { $0 + $1.width }, height: height, pixels: rows)
  }
}
