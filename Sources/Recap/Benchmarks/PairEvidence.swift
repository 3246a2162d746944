import Engine

/// Which patches of a pair's images speak for statement 1 and which for statement 2, as both CLIPs see them.
public struct PairEvidence: Equatable, Sendable {
  /// The images as CLIP sees them: its squares.
  public let squares: [Image]
  /// Patches on a side.
  public let columns: Int
  /// For each image, patch by patch, row by row: the similarity with statement 1 less that with statement 2. Patch tokens
  /// are projected as the class token is.
  public let baseline: [[Float]]
  public let tuned: [[Float]]

  public init(
    _ images: [Image], statements: [String], models: DivaModels, tokenizer: any Tokenizer, prefix: String,
    preprocessing: Preprocessing
  ) {
    squares = images.map(preprocessing.square)
    columns = models.baseline.vision.config.grid
    (baseline, tuned) = withoutGradient {
      let texts = models.baseline.text.textFeatures(statements.map { tokenizer.tokens(prefix + $0) }).normalized()
        .values
      let width = texts.count / 2
      let direction = (0..<width).map { texts[$0] - texts[width + $0] }
      let pixels = preprocessing.pixels(images)
      return (
        Self.weights(models.baseline.vision, pixels, direction), Self.weights(models.tuned, pixels, direction)
      )
    }
  }

  /// For each image and patch, the product with a direction.
  private static func weights(_ tower: CLIPVisionTower, _ pixels: Tensor, _ direction: [Float]) -> [[Float]] {
    let tokens = tower.imageTokens(tower(pixels)).normalized()
    let (values, perImage, width) = (tokens.values, tokens.shape[1], direction.count)
    return (0..<tokens.shape[0]).map { image in
      // The summary stands first.
      (1..<perImage).map { token in
        let start = (image * perImage + token) * width
        return (0..<width).reduce(0) { $0 + values[start + $1] * direction[$1] }
      }
    }
  }
}
