import Engine

/// Data sets scored by towers that share one text tower: images and texts are encoded once each, and kept.
public struct SetScoring {
  /// An image tower, and where its features are kept.
  public typealias Tower = (vision: CLIPVisionTower, cache: FeatureCache?)

  private let clip: CLIP
  private let tokenizer: any Tokenizer
  private let preprocessing: Preprocessing
  private let feature: BenchmarkFeature
  private let seed: UInt64
  private let textCache: FeatureCache?
  /// Called with what is encoded, how many of them so far, and all; what it throws ends the work.
  public var progress: (String, Int, Int) throws -> Void = { _, _, _ in }

  public init(
    _ clip: CLIP, _ tokenizer: any Tokenizer, preprocessing: Preprocessing, feature: BenchmarkFeature, seed: UInt64 = 1,
    textCache: FeatureCache? = nil
  ) {
    (self.clip, self.tokenizer, self.preprocessing) = (clip, tokenizer, preprocessing)
    (self.feature, self.seed, self.textCache) = (feature, seed, textCache)
  }

  /// Scores by each tower, and the images that cannot be read.
  public func scores(_ set: ZeroShotSet, by towers: [Tower]) throws -> (scores: [ZeroShotScores], problems: [Problem]) {
    let prompts = set.prompts
    let count = prompts.reduce(0) { $0 + $1.count }
    let classes = try clip.classFeatures(prompts, tokenizer, cache: textCache) { try progress("prompts", $0, count) }
    let (features, problems) = try features(set.images, by: towers)
    let scores = features.map {
      ZeroShotScores($0, width: classes.shape[1], classFeatures: classes, labels: set.labels)
    }
    return (scores, problems)
  }

  /// The same for retrieval.
  public func scores(_ set: RetrievalSet, by towers: [Tower]) throws -> (
    scores: [RetrievalScores], problems: [Problem]
  ) {
    let texts = try textFeatures(of: set.captions, by: clip, tokenizer, cache: textCache) {
      try progress("captions", $0, set.captions.count)
    }
    let width = texts.count / set.captions.count
    let (features, problems) = try features(set.images, by: towers)
    let scores = features.map {
      RetrievalScores(images: $0, texts: texts, width: width, imageOfCaption: set.imageOfCaption)
    }
    return (scores, problems)
  }

  private func features(_ images: any ImageSource, by towers: [Tower]) throws -> ([[Float]], [Problem]) {
    var problems: [Problem] = []
    let features = try towers.map { tower in
      var encoding = ImageEncoding(
        images, by: tower.vision, preprocessing: preprocessing, feature: feature, seed: seed, cache: tower.cache)
      while !encoding.isFinished {
        encoding.advance()
        try progress("images", encoding.done, encoding.all)
      }
      problems = encoding.problems.sorted { $0.key < $1.key }.map(\.value)
      return encoding.features()
    }
    return (features, problems)
  }
}
