import Engine

/// Coarse classification without training: each picture gets the class whose caption is nearest.
///
/// It stands beside every pair score, so that damage shows too: a CLIP that sees details but forgets what a house is
/// would be no gain.
public struct ZeroShotBenchmark {
  fileprivate let images: [Image]
  private let labels: [Int]
  private let classFeatures: Tensor

  public init(images: [Image], labels: [Int], captions: [String], clip: CLIP, tokenizer: any Tokenizer) {
    precondition(images.count == labels.count, "\(images.count) images with \(labels.count) labels")
    self.images = images
    self.labels = labels
    classFeatures = withoutGradient { clip.text.textFeatures(captions.map { tokenizer.tokens($0) }).normalized() }
  }

  /// The mini world's fifteen kinds, `perKind` pictures each.
  init(_ world: MiniWorld, _ split: MiniWorld.Split, perKind: Int, clip: CLIP, tokenizer: any Tokenizer) {
    let scenes = world.zeroShotScenes(split, perKind: perKind)
    self.init(
      images: Scene.render(scenes), labels: scenes.indices.map { $0 / perKind }, captions: MiniWorld.zeroShotCaptions,
      clip: clip, tokenizer: tokenizer)
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

  /// Whether each image is classified rightly, by the features (n, E).
  fileprivate func areRight(_ features: Tensor) -> [Bool] {
    let logits = features.normalized().matmul(classFeatures, transposed: true)
    let classes = classFeatures.shape[0]
    return logits.withUnsafeValues { values in
      labels.indices.map { row in
        let own = values[row * classes + labels[row]]
        return (0..<classes).allSatisfy { $0 == labels[row] || values[row * classes + $0] < own }
      }
    }
  }
}

/// The same a few images at a time.
public struct GradualZeroShot {
  private let benchmark: ZeroShotBenchmark
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

  /// Whether each image is classified rightly; nil until all are encoded.
  public var areRight: [Bool]? { isFinished ? benchmark.areRight(.stacked(features)) : nil }

  /// Per cent of images classified rightly; nil until all are encoded.
  public var accuracy: Double? { areRight.map { 100 * Double($0.count { $0 }) / Double(max(1, $0.count)) } }
}
