import Engine

/// Scores pairs a few at a time, so that each answer can be shown as soon as it is known.
///
/// Several CLIPs take turns: all answer a pair before the next images are encoded.
///
/// ```swift
/// var scoring = GradualScoring(pairs, by: [(clip.vision, nil)], preprocessing: pixels, feature: .classToken, seeds: [1])
/// while !scoring.isFinished { scoring.advance() }
/// ```
public struct GradualScoring {
  private struct Model {
    var vision: CLIPVisionTower
    var cache: FeatureCache?
    /// One list per draw, with a row for each image so far.
    var features: [[Float]]
    /// One list per seed.
    var answers: [[PairPrediction]]
  }

  public let benchmark: PairBenchmark
  public let preprocessing: Preprocessing
  public let feature: BenchmarkFeature
  public let seeds: [UInt64]
  /// Images encoded so far, over all models; those whose features were cached are not among them.
  public private(set) var encodedImages = 0
  /// For each seed, the draws of its patches.
  private let draws: [[FeatureDraw]]
  /// A name for the images; computed only for a cache.
  private let digest: String
  private var models: [Model] = []

  /// - Parameters:
  ///   - towers: the CLIPs by number; a cache has an own part for each, by where its weights come from.
  ///   - feature: which of CLIP's tokens are compared.
  ///   - seeds: at least one; each draws the patches of a random feature.
  public init(
    _ benchmark: PairBenchmark, by towers: [(vision: CLIPVisionTower, cache: FeatureCache?)],
    preprocessing: Preprocessing, feature: BenchmarkFeature, seeds: [UInt64]
  ) {
    (self.benchmark, self.preprocessing, self.feature, self.seeds) = (benchmark, preprocessing, feature, seeds)
    let perSeed = feature.isRandom && feature.drawsForEachStatement ? 2 : 1
    draws = (feature.isRandom ? seeds : [0]).map { seed in
      (0..<perSeed).map { FeatureDraw(seed: seed, number: $0) }
    }
    digest = towers.contains { $0.cache != nil } ? benchmark.digest : ""
    models = towers.map { model($0.vision, cache: $0.cache) }
    for number in models.indices { takeFromCache(number) }
  }

  private func model(_ vision: CLIPVisionTower, cache: FeatureCache?) -> Model {
    Model(vision: vision, cache: cache, features: draws.joined().map { _ in [] }, answers: draws.map { _ in [] })
  }

  /// Images, over all models; those of answered pairs are done.
  public var allImages: Int { models.count * benchmark.images.count }
  public var doneImages: Int { models.reduce(0) { $0 + images(ofFirst: $1.answers[0].count) } }
  public var isFinished: Bool { doneImages == allImages }

  private func images(ofFirst pairs: Int) -> Int { pairs == 0 ? 0 : benchmark.imagePlaces[pairs - 1].upperBound }

  /// A model's answers to the first pairs, as far as they are known; empty where there is no such model.
  public func answers(of model: Int, seed index: Int = 0) -> [PairPrediction] {
    models.indices.contains(model) ? models[model].answers[min(index, draws.count - 1)] : []
  }

  /// The model has changed, or another takes its place, or is one more: it is scored anew.
  public mutating func renew(_ number: Int, vision: CLIPVisionTower) {
    if number == models.count {
      models.append(model(vision, cache: nil))
    } else {
      models[number] = model(vision, cache: nil)
    }
  }

  /// The same weights in another place in memory: the answers stay.
  public mutating func replace(_ number: Int, by vision: CLIPVisionTower) { models[number].vision = vision }

  /// The model that is behind encodes its next few images, if it must, and answers.
  public mutating func advance() {
    encodeNext { scoring, model, start in [scoring.features(from: start, of: model)] }
    guard let number = behind else { return }
    answer(number)
    if answers(of: number).count == benchmark.pairs.count { keep(number) }
  }

  /// The model whose turn it is.
  private var behind: Int? {
    isFinished ? nil : models.indices.min { answers(of: $0).count < answers(of: $1).count }
  }

  /// Has the images encoded that `advance` needs next, if it does: `encode` gets the model and the first of them, and gives
  /// the features of one or more batches, in order, each a list per draw.
  mutating func encodeNext(
    _ encode: (_ scoring: GradualScoring, _ model: Int, _ start: Int) throws -> [[[Float]]]
  ) rethrows {
    guard let number = behind else { return }
    let before = encoded(by: number)
    guard before < images(ofFirst: answers(of: number).count + 1) else { return }
    for batch in try encode(self, number, before) {
      for (row, values) in batch.enumerated() { models[number].features[row] += values }
    }
    encodedImages += encoded(by: number) - before
  }

  /// Of the batch that begins with this image, a list per draw; empty lists behind the last image.
  func features(from start: Int, of model: Int) -> [[Float]] { features(from: start, by: models[model].vision) }

  func features(from start: Int, by vision: CLIPVisionTower) -> [[Float]] {
    guard start < benchmark.images.count else { return draws.joined().map { _ in [] } }
    let batch = benchmark.images[start..<min(benchmark.images.count, start + preprocessing.batch)]
    return feature.directions(ofBatch: batch, by: vision, preprocessing: preprocessing, draws: Array(draws.joined()))
      .map(\.values)
  }

  // MARK: - Embedding

  /// Images whose features are there, over all models, answered or not; those from a cache, too.
  public var knownImages: Int { models.indices.reduce(0) { $0 + encoded(by: $1) } }
  public var areImagesKnown: Bool { knownImages == allImages }

  /// The model that is behind encodes its next few images, without answers: those take the statements, too.
  public mutating func encodeImages() {
    guard !areImagesKnown, let number = models.indices.min(by: { encoded(by: $0) < encoded(by: $1) }) else { return }
    let before = encoded(by: number)
    for (row, values) in features(from: before, of: number).enumerated() { models[number].features[row] += values }
    encodedImages += encoded(by: number) - before
    if encoded(by: number) == benchmark.images.count { keep(number) }
  }

  /// A model's images in its embedding; nil where there is no such model, and before it has encoded all.
  public func embedding(of number: Int) -> PairEmbedding? {
    guard models.indices.contains(number), encoded(by: number) == benchmark.images.count else { return nil }
    return PairEmbedding(
      models[number].features[0], width: models[number].vision.projectionWidth, places: benchmark.imagePlaces)
  }

  private func encoded(by number: Int) -> Int {
    models[number].features[0].count / models[number].vision.projectionWidth
  }

  /// Answers what has been encoded, as far as one batch of statements goes.
  private mutating func answer(_ number: Int) {
    let width = models[number].vision.projectionWidth
    let start = answers(of: number).count
    let texts = benchmark.texts.first(benchmark.textPlaces[start].upperBound)
    let (encoded, known) = (encoded(by: number), texts.count / width)
    var end = start
    while end < benchmark.pairs.count, benchmark.imagePlaces[end].upperBound <= encoded,
      benchmark.textPlaces[end].upperBound <= known
    { end += 1 }
    guard end > start else { return }
    for (index, own) in draws.enumerated() {
      let features = Array(models[number].features[index * own.count..<(index + 1) * own.count])
      models[number].answers[index] += (start..<end).map { place in
        let matrix = SimilarityMatrix(
          benchmark.pairs[place], images: benchmark.imagePlaces[place], of: features,
          statements: benchmark.textPlaces[place], of: texts, width: width, normalizesImages: feature.normalizesSum)
        return PairPrediction(matrix, scale: benchmark.scale)
      }
    }
  }

  // MARK: - Cache

  private func name(_ draw: FeatureDraw, _ cache: FeatureCache) -> String {
    cache.name(images: digest, preprocessing: preprocessing, feature: feature, draw: draw)
  }

  private func shape(_ number: Int) -> Shape { [benchmark.images.count, models[number].vision.projectionWidth] }

  private mutating func takeFromCache(_ number: Int) {
    guard let cache = models[number].cache else { return }
    let known = draws.joined().compactMap { cache.features(name($0, cache), shape: shape(number))?.values }
    if known.count == models[number].features.count { models[number].features = known }
  }

  private func keep(_ number: Int) {
    guard let cache = models[number].cache else { return }
    for (values, draw) in zip(models[number].features, draws.joined()) {
      cache.keep(Tensor(values, shape: shape(number)), as: name(draw, cache))
    }
  }
}
