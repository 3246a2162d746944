import Engine

/// Scores pairs a few at a time, so that each answer can be shown as soon as it is known.
///
/// Two CLIPs take turns: both answer a pair before the next ones are looked at. The answers are those of
/// `PairBenchmark.predictions`, which looks at all pictures at once.
///
/// ```swift
/// var scoring = GradualScoring(benchmark, by: [clip.vision], preprocessing: preprocessing, feature: feature, seed: 1)
/// while !scoring.isFinished { scoring.advance() }
/// ```
public struct GradualScoring {
  private struct Model {
    var vision: CLIPVisionTower
    var cache: FeatureCache?
    /// One list for each draw, with a row for each picture so far.
    var features: [[Float]]
    var answers: [PairPrediction] = []
  }

  public let benchmark: PairBenchmark
  private let preprocessing: Preprocessing
  private let feature: BenchmarkFeature
  private let draws: [FeatureDraw]
  /// A name for the pictures; computed only for a cache.
  private let digest: String
  private var models: [Model] = []

  /// - Parameters:
  ///   - towers: the CLIPs by number; a cache has an own part for each, told apart by where its weights come from.
  ///   - feature: which of CLIP's tokens are compared; `seed` draws the patches where chance plays in.
  public init(
    _ benchmark: PairBenchmark, by towers: [(vision: CLIPVisionTower, cache: FeatureCache?)],
    preprocessing: Preprocessing, feature: BenchmarkFeature, seed: UInt64
  ) {
    self.benchmark = benchmark
    (self.preprocessing, self.feature) = (preprocessing, feature)
    draws = (0..<(feature.isRandom && feature.drawsForEachStatement ? 2 : 1)).map {
      FeatureDraw(seed: feature.isRandom ? seed : 0, number: $0)
    }
    digest = towers.contains { $0.cache != nil } ? benchmark.digest : ""
    if let cache = towers.lazy.compactMap(\.cache).first { benchmark.texts.load(from: cache) }
    for (number, tower) in towers.enumerated() {
      models.append(Model(vision: tower.vision, cache: tower.cache, features: draws.map { _ in [] }))
      takeFromCache(number)
    }
  }

  /// Pictures, over all models; those of answered pairs are done.
  public var allPictures: Int { models.count * benchmark.images.count }
  public var donePictures: Int { models.reduce(0) { $0 + 2 * $1.answers.count } }
  public var isFinished: Bool { donePictures == allPictures }

  /// A model's answers to the first pairs, as far as they are known.
  public func answers(of model: Int) -> [PairPrediction] { models[model].answers }

  /// The model has changed, or another takes its place, or is one more: what it answered before is of the past.
  public mutating func renew(_ number: Int, vision: CLIPVisionTower) {
    let model = Model(vision: vision, cache: nil, features: draws.map { _ in [] })
    if number == models.count { models.append(model) } else { models[number] = model }
  }

  /// The same weights in another place in memory: what was answered stays.
  public mutating func replace(_ number: Int, by vision: CLIPVisionTower) { models[number].vision = vision }

  /// The model that is behind looks at its next few pictures, if it must, and answers.
  public mutating func advance() {
    guard let number = models.indices.min(by: { models[$0].answers.count < models[$1].answers.count }), !isFinished
    else { return }
    if looked(by: number) == 2 * models[number].answers.count { look(number) }
    answer(number)
    if models[number].answers.count == benchmark.pairs.count { keep(number) }
  }

  private func looked(by number: Int) -> Int {
    models[number].features[0].count / models[number].vision.projectionWidth
  }

  private mutating func look(_ number: Int) {
    let (vision, start) = (models[number].vision, looked(by: number))
    let end = min(benchmark.images.count, start + preprocessing.batch)
    let some = feature.features(
      ofBatch: benchmark.images[start..<end], by: vision, preprocessing: preprocessing, draws: draws)
    for (row, features) in some.enumerated() { models[number].features[row] += features.values }
  }

  /// Answers what has been looked at, as far as one batch of statements goes.
  private mutating func answer(_ number: Int) {
    let (model, width) = (models[number], models[number].vision.projectionWidth)
    let start = model.answers.count
    let texts = benchmark.texts.first(2 * start + 2)
    let end = min(looked(by: number), texts.count / width) / 2
    let rows = 2 * start * width..<2 * end * width
    models[number].answers += PairScoring.predictions(
      for: Array(benchmark.pairs[start..<end]),
      imageFeatures: benchmark.byStatement(model.features.map { Array($0[rows]) }, width: width),
      textFeatures: Array(texts[rows]), width: width, scale: benchmark.scale,
      normalizesImages: feature.normalizesSum)
  }

  // MARK: - Cache

  private func name(_ draw: FeatureDraw, _ cache: FeatureCache) -> String {
    cache.name(images: digest, preprocessing: preprocessing, feature: feature, draw: draw)
  }

  private mutating func takeFromCache(_ number: Int) {
    guard let cache = models[number].cache else { return }
    let shape: Shape = [benchmark.images.count, models[number].vision.projectionWidth]
    let known = draws.compactMap { cache.features(name($0, cache), shape: shape)?.values }
    if known.count == draws.count { models[number].features = known }
  }

  private func keep(_ number: Int) {
    guard let cache = models[number].cache else { return }
    for (values, draw) in zip(models[number].features, draws) {
      let shape: Shape = [benchmark.images.count, models[number].vision.projectionWidth]
      cache.keep(Tensor(values, shape: shape), as: name(draw, cache))
    }
    benchmark.texts.keep(in: cache)
  }
}
