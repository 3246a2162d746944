import Engine

/// A benchmark's pairs answered by a CLIP: each image and each statement is encoded once, whatever pairs share it.
public struct PairEncoding {
  private let files: BenchmarkFiles
  private let images: ImageFiles
  private let imagePlaces: [[Int]]
  private let texts: [String]
  private let textPlaces: [[Int]]
  /// Statements that are longer than the text tower reads; their tails are cut.
  public let cutStatements: Int
  private let clip: CLIP
  private let tokenizer: any Tokenizer
  /// A row for each of the texts, once they are encoded: both CLIPs share one text tower.
  private var statements: [Float] = []

  public init(_ files: BenchmarkFiles, _ clip: CLIP, _ tokenizer: any Tokenizer) {
    (self.files, self.clip, self.tokenizer) = (files, clip, tokenizer)
    let (images, imagePlaces) = Self.unique(
      files.pairs.map { pair in pair.imageURLs.map { ImageFiles.File(path: $0.path, crop: pair.crop) } })
    (self.images, self.imagePlaces) = (ImageFiles(files: images), imagePlaces)
    (texts, textPlaces) = Self.unique(files.pairs.map { pair in pair.statements.map { files.prefix + $0 } })
    cutStatements = texts.count { !tokenizer.fits($0) }
  }

  /// Each value once, as they come, and where each is.
  private static func unique<Value: Hashable>(_ lists: [[Value]]) -> ([Value], [[Int]]) {
    var known: [Value: Int] = [:]
    var values: [Value] = []
    let places = lists.map { list in
      list.map { value in
        if let place = known[value] { return place }
        known[value] = values.count
        values.append(value)
        return values.count - 1
      }
    }
    return (values, places)
  }

  /// - Parameter progress: called with the statements that are encoded so far, and all; what it throws ends the work.
  public mutating func encodeStatements(cache: FeatureCache?, progress: (Int, Int) throws -> Void) rethrows {
    statements = try textFeatures(of: texts, by: clip, tokenizer, cache: cache) { try progress($0, texts.count) }
  }

  /// An answer for each pair, and the images that cannot be read. The statements must be encoded.
  public func answers(
    by vision: CLIPVisionTower, preprocessing: Preprocessing, feature: BenchmarkFeature, seed: UInt64,
    cache: FeatureCache?, progress: (Int, Int) throws -> Void
  ) rethrows -> (answers: [SimilarityMatrix], problems: [Problem]) {
    var encoding = ImageEncoding(
      images, by: vision, preprocessing: preprocessing, feature: feature, seed: seed, cache: cache)
    while !encoding.isFinished {
      encoding.advance()
      try progress(encoding.done, encoding.all)
    }
    let draws = [0, 1].map { encoding.features(draw: $0) }
    let answers = files.pairs.indices.map { place in
      SimilarityMatrix(
        files.pairs[place], images: imagePlaces[place], of: draws, statements: textPlaces[place], of: statements,
        width: encoding.width, normalizesImages: feature.normalizesSum)
    }
    return (answers, encoding.problems.sorted { $0.key < $1.key }.map(\.value))
  }
}
