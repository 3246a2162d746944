import Engine

/// What no training is meant to change: images that find their class, or their captions.
///
/// It stands beside every pair score, so that damage shows too: a CLIP that sees details but forgets what a house is
/// would be no gain.
public struct ZeroShotBenchmark {
  /// What counts as right.
  private enum Rule {
    /// The number of each image's class; the classes' features, (C, E).
    case classes([Int], Tensor)
    /// The captions' features, (T, E); the number of each one's image.
    case captions([Float], [Int])
  }

  /// As people read it; empty for the mini world's.
  public let name: String
  fileprivate let images: [Image]
  private let rule: Rule
  /// Images that cannot be read.
  public private(set) var problems: [Problem] = []

  public init(images: [Image], labels: [Int], captions: [String], clip: CLIP, tokenizer: any Tokenizer) {
    precondition(images.count == labels.count, "\(images.count) images with \(labels.count) labels")
    (self.images, name) = (images, "")
    let features = withoutGradient { clip.text.textFeatures(captions.map { tokenizer.tokens($0) }).normalized() }
    rule = .classes(labels, features)
  }

  /// The mini world's fifteen kinds, `perKind` pictures each.
  init(_ world: MiniWorld, _ split: MiniWorld.Split, perKind: Int, clip: CLIP, tokenizer: any Tokenizer) {
    let scenes = world.zeroShotScenes(split, perKind: perKind)
    self.init(
      images: Scene.render(scenes), labels: scenes.indices.map { $0 / perKind }, captions: MiniWorld.zeroShotCaptions,
      clip: clip, tokenizer: tokenizer)
  }

  /// At most so many images of a data set, spread over it, whose squares memory holds.
  public init(
    _ set: ZeroShotSet, most: Int, clip: CLIP, tokenizer: any Tokenizer, preprocessing: Preprocessing,
    cache: FeatureCache? = nil
  ) throws {
    let part = try set.part(most)
    let (images, used, problems) = try Self.squares(part.images, of: set.path, preprocessing)
    (name, self.images, self.problems) = (set.name, images, problems)
    rule = .classes(used.map { part.labels[$0] }, try clip.classFeatures(part.prompts, tokenizer, cache: cache))
  }

  public init(
    _ set: RetrievalSet, most: Int, clip: CLIP, tokenizer: any Tokenizer, preprocessing: Preprocessing,
    cache: FeatureCache? = nil
  ) throws {
    let part = try set.part(most)
    let (images, used, problems) = try Self.squares(part.images, of: set.path, preprocessing)
    (name, self.images, self.problems) = (set.name, images, problems)
    let places = Dictionary(uniqueKeysWithValues: used.enumerated().map { ($1, $0) })
    let captions = zip(part.captions, part.imageOfCaption).compactMap { text, image in places[image].map { (text, $0) }
    }
    rule = .captions(
      try textFeatures(of: captions.map(\.0), by: clip, tokenizer, cache: cache), captions.map(\.1))
  }

  /// The squares that CLIP sees, their numbers, and why others have none.
  private static func squares(
    _ source: any ImageSource, of path: String, _ preprocessing: Preprocessing
  ) throws -> ([Image], used: [Int], [Problem]) {
    var (images, used, problems): ([Image], [Int], [Problem]) = ([], [], [])
    for (place, result) in source.read(0..<source.count, keeping: preprocessing.square).enumerated() {
      do throws(Problem) {
        images.append(try result.get())
        used.append(place)
      } catch { problems.append(error) }
    }
    guard images.count > 1 else {
      throw problems.first ?? Problem("\(path) has no two images", advice: "get the data set again")
    }
    return (images, used, problems)
  }

  /// Per cent of images classified rightly by a backbone's own feature; `seed` draws its patches if it is random.
  public func accuracy(
    of vision: CLIPVisionTower, preprocessing: Preprocessing, feature: BenchmarkFeature = .classToken, seed: UInt64 = 1
  ) -> Double {
    var work = GradualZeroShot(self, of: vision, preprocessing: preprocessing, feature: feature, seed: seed)
    while true {
      if let accuracy = work.accuracy { return accuracy }
      work.advance()
    }
  }

  /// Whether each image, or each image and then each caption, is right by the features (n, E).
  fileprivate func areRight(_ features: Tensor) -> [Bool] {
    switch rule {
    case .captions(let texts, let owners):
      return RetrievalScores(
        images: features.values, texts: texts, width: features.shape[1], imageOfCaption: owners
      ).areRight.map { $0 == true }
    case .classes(let labels, let classFeatures):
      return ZeroShotScores(
        features.values, width: features.shape[1], classFeatures: classFeatures, labels: labels
      ).places.map { $0 == 0 }
    }
  }

  /// Of retrieval the mean of both directions.
  fileprivate func percent(_ areRight: [Bool]) -> Double {
    recalls(areRight).map { ($0.text + $0.image) / 2 } ?? Self.percent(areRight[...])
  }

  fileprivate func recalls(_ areRight: [Bool]) -> RetrievalRecalls? {
    guard case .captions = rule else { return nil }
    return RetrievalRecalls(
      text: Self.percent(areRight[..<images.count]), image: Self.percent(areRight[images.count...]))
  }

  private static func percent(_ part: ArraySlice<Bool>) -> Double {
    100 * Double(part.count { $0 }) / Double(max(1, part.count))
  }
}

/// Recall at 1, in per cent.
public struct RetrievalRecalls: Codable, Equatable, Sendable {
  /// Images that find a caption of theirs first.
  public let text: Double
  /// Captions that find their image first.
  public let image: Double
}

/// The same a few images at a time.
public struct GradualZeroShot {
  let benchmark: ZeroShotBenchmark
  private var vision: CLIPVisionTower
  private let preprocessing: Preprocessing
  private let feature: BenchmarkFeature
  private let draw: FeatureDraw
  private var features: [Tensor] = []
  /// Images that have been encoded, and all of them.
  public var done: Int { features.reduce(0) { $0 + $1.shape[0] } }
  public var all: Int { benchmark.images.count }
  public var isFinished: Bool { done == all }

  /// - Parameter vision: must not change meanwhile.
  public init(
    _ benchmark: ZeroShotBenchmark, of vision: CLIPVisionTower, preprocessing: Preprocessing,
    feature: BenchmarkFeature, seed: UInt64
  ) {
    (self.benchmark, self.vision, self.preprocessing) = (benchmark, vision, preprocessing)
    (self.feature, draw) = (feature, FeatureDraw(seed: seed, number: 0))
  }

  /// Encodes the next few images.
  public mutating func advance() { advance { [$0.features(from: $0.done)] } }

  /// The same, the features of one or more batches coming from elsewhere.
  mutating func advance(_ encode: (GradualZeroShot) throws -> [[Float]]) rethrows {
    guard !isFinished else { return }
    features += try encode(self).map { values in
      Tensor(values, shape: [values.count / vision.projectionWidth, vision.projectionWidth])
    }
  }

  /// Of the batch that begins with this image; none behind the last one. Of another tower, if one is given.
  func features(from start: Int, by other: CLIPVisionTower? = nil) -> [Float] {
    guard start < all else { return [] }
    let next = benchmark.images[start..<min(all, start + preprocessing.batch)]
    return feature.directions(ofBatch: next, by: other ?? vision, preprocessing: preprocessing, draws: [draw])[0].values
  }

  /// The CLIP has learned, or another takes its place: it is scored anew.
  public mutating func renew(vision: CLIPVisionTower) { (self.vision, features) = (vision, []) }

  /// Whether each image, or each image and then each caption, is right; nil until all are encoded.
  public var areRight: [Bool]? { isFinished ? benchmark.areRight(.stacked(features)) : nil }

  /// Per cent that is right; nil until all are encoded.
  public var accuracy: Double? { areRight.map(benchmark.percent) }

  /// Both directions of retrieval; nil until all are encoded, and of classification.
  public var recalls: RetrievalRecalls? { areRight.flatMap(benchmark.recalls) }
}
