import Engine
import Foundation

/// Pairs ready to be scored again and again: pictures in memory, statements encoded once, when they are first needed.
///
/// The statements' features do not change while an image tower learns, for both CLIPs share one text tower. Of a
/// photo only the square that CLIP sees is kept: 270 of them take 39 MiB at 224 pixels, whatever the photos' size.
public struct PairBenchmark {
  public let pairs: [ImagePair]
  /// Those of each pair, in order; of a folder's the squares that CLIP sees.
  public let images: [Image]
  /// For each pair the places of its images, and of its statements.
  let imagePlaces: [Range<Int>]
  let textPlaces: [Range<Int>]
  /// The same to show: of a folder's, on request, the whole pictures, scaled down.
  public let previews: [Image]
  /// Pairs that were left out, each with its reason.
  public private(set) var skipped: [SkippedPair] = []
  /// Statements from which control characters were taken out.
  public private(set) var cleanedStatements = 0
  /// Pairs that are not among these because memory cannot hold them all.
  public private(set) var leftForMemory = 0
  /// Of what files they are; nil for pairs of the mini world and for a part.
  public internal(set) var size: BenchmarkSize?
  /// Statements that are longer than the text tower reads; their tails are cut.
  public let cutStatements: Int
  let texts: StatementFeatures
  let scale: Double

  /// - Parameters:
  ///   - prefix: stands before each statement; the reference says "a photo of ", the mini world nothing.
  ///   - cache: the statements' features are taken from it where it has them, and put there where it has not.
  public init(
    _ pairs: [ImagePair], images: [Image], previews: [Image]? = nil, clip: CLIP, tokenizer: any Tokenizer,
    prefix: String = "", cache: FeatureCache? = nil
  ) {
    self.pairs = pairs
    self.images = images
    imagePlaces = Self.places(pairs.map(\.imageCount))
    textPlaces = Self.places(pairs.map(\.statements.count))
    precondition(images.count == imagePlaces.last?.upperBound ?? 0, "\(pairs.count) pairs with \(images.count) images")
    self.previews = previews ?? images
    let texts = pairs.flatMap(\.statements).map { prefix + $0 }
    cutStatements = texts.count { !tokenizer.fits($0) }
    self.texts = StatementFeatures(texts.map { tokenizer.tokens($0) }, by: clip.text, cache: cache)
    scale = Double(clip.logitScale.value.exponential().item)
  }

  /// Pairs of the mini world.
  init(_ pairs: [ScenePair], clip: CLIP, tokenizer: any Tokenizer, cache: FeatureCache? = nil) {
    self.init(
      pairs.enumerated().map { ImagePair(index: $0, pattern: $1.pattern, statements: $1.statements) },
      images: Scene.render(pairs.flatMap(\.scenes)), clip: clip, tokenizer: tokenizer, cache: cache)
  }

  /// Ranges that follow each other, so long each.
  private static func places(_ counts: [Int]) -> [Range<Int>] {
    var end = 0
    return counts.map { count in
      end += count
      return end - count..<end
    }
  }

  /// Pairs of a benchmark's files; those with an image that cannot be read are left out and named in `skipped`. Of very
  /// many a part is taken that memory can hold, spread over all of them.
  ///
  /// - Parameters:
  ///   - preprocessing: what makes the squares that are kept of the pictures.
  ///   - previewSide: the longest side of a preview; nil keeps none.
  ///
  /// Throws a `Problem` when no pair is left.
  public init(
    _ files: BenchmarkFiles, clip: CLIP, tokenizer: any Tokenizer, prefix: String? = nil,
    preprocessing: Preprocessing, previewSide: Int? = nil, cache: FeatureCache? = nil
  ) throws {
    let chosen = Self.affordable(files.pairs, side: preprocessing.side)
    let side = previewSide.map { Self.previewSide($0, images: chosen.reduce(0) { $0 + $1.imageCount }) }
    let sources = chosen.flatMap { pair in pair.imageURLs.map { ImageFiles.File(path: $0.path, crop: pair.crop) } }
    var known: [ImageFiles.File: Int] = [:]
    let unique = sources.filter { known.updateValue(known[$0] ?? known.count, forKey: $0) == nil }
    let read = ImageFiles(files: unique).read(0..<unique.count) { image in
      Picture(square: preprocessing.square(image), preview: side.map(image.fitting))
    }
    var kept: [(pair: ImagePair, pictures: [Picture])] = []
    var skipped = files.skipped
    for pair in chosen {
      do throws(Problem) {
        var pictures: [Picture] = []
        for url in pair.imageURLs {
          pictures.append(try read[known[ImageFiles.File(path: url.path, crop: pair.crop)] ?? 0].get())
        }
        kept.append((pair, pictures))
      } catch {
        skipped.append(
          SkippedPair(
            id: files.isMMVP ? pair.questionIDs.map(String.init).joined(separator: " and ") : pair.id,
            questionIDs: pair.questionIDs, category: pair.category, reason: error))
      }
    }
    guard !kept.isEmpty else {
      throw skipped.first?.reason ?? Problem("\(files.path) has no pairs", advice: "Expected two images a pair.")
    }
    self.init(
      kept.map(\.pair), images: kept.flatMap(\.pictures).map(\.square),
      previews: side == nil ? nil : kept.flatMap(\.pictures).compactMap(\.preview), clip: clip,
      tokenizer: tokenizer, prefix: prefix ?? files.prefix, cache: cache)
    cleanedStatements = files.cleanedStatements
    size = files.size(used: kept.count)
    leftForMemory = files.pairs.count - chosen.count
    self.skipped = files.isMMVP ? skipped.sorted { $0.questionIDs[0] < $1.questionIDs[0] } : skipped
  }

  /// Squares and previews may take so many bytes each.
  private static let mostBytes = 1 << 30
  private static let mostPreviewBytes = 256 << 20

  /// All, or every nth.
  private static func affordable(_ pairs: [ImagePair], side: Int) -> [ImagePair] {
    let most = mostBytes / (3 * side * side)
    let images = pairs.reduce(0) { $0 + $1.imageCount }
    let stride = (images + most - 1) / most
    return stride <= 1 ? pairs : pairs.indices.filter { $0 % stride == 0 }.map { pairs[$0] }
  }

  /// The side of previews that memory can hold: so long, or less where there are many.
  static func previewSide(_ side: Int, images: Int) -> Int {
    max(64, min(side, Int((Double(mostPreviewBytes) / Double(3 * max(images, 1))).squareRoot())))
  }

  public func previews(ofPair place: Int) -> ArraySlice<Image> { previews[imagePlaces[place]] }

  /// Only the pairs at these places.
  func part(_ places: [Int]) -> PairBenchmark { PairBenchmark(places, of: self) }

  private init(_ places: [Int], of whole: PairBenchmark) {
    func own<Value>(_ values: [Value], _ ranges: [Range<Int>]) -> [Value] { places.flatMap { values[ranges[$0]] } }
    pairs = places.map { whole.pairs[$0] }
    (images, previews) = (own(whole.images, whole.imagePlaces), own(whole.previews, whole.imagePlaces))
    imagePlaces = Self.places(pairs.map(\.imageCount))
    textPlaces = Self.places(pairs.map(\.statements.count))
    texts = whole.texts.part(own(whole.texts.ids, whole.textPlaces))
    (scale, cutStatements) = (whole.scale, 0)
  }

  /// A fixed part for small evaluations, spread evenly over each pattern; nil where the whole is no larger.
  func smallPart() -> PairBenchmark? {
    let places = Dictionary(grouping: pairs.indices) { pairs[$0].category }.values.flatMap { own in
      let count = min(own.count, Self.smallPart * own.count / pairs.count)
      return (0..<count).map { own[$0 * own.count / count] }
    }
    return pairs.count > Self.smallPart ? part(places.sorted()) : nil
  }

  /// Pairs in a small evaluation: 15 of each of nine patterns.
  private static let smallPart = 135

  /// What is kept of each.
  private struct Picture {
    let square: Image
    let preview: Image?
  }

  /// One prediction per pair, in order, by a backbone's own feature; `seed` draws its patches if it is random.
  public func predictions(
    by vision: CLIPVisionTower, preprocessing: Preprocessing, feature: BenchmarkFeature = .classToken, seed: UInt64 = 1
  ) -> [PairPrediction] {
    predictions(by: vision, preprocessing: preprocessing, feature: feature, seeds: [seed], progress: { _, _ in })[0]
  }

  /// One list of predictions per seed; the lists are equal where the feature is not random.
  ///
  /// - Parameters:
  ///   - cache: features are taken from it where it has them, and put there where it has not.
  ///   - progress: called with the images encoded so far, and all; what it throws ends the work.
  public func predictions(
    by vision: CLIPVisionTower, preprocessing: Preprocessing, feature: BenchmarkFeature, seeds: [UInt64],
    cache: FeatureCache? = nil, progress: (Int, Int) throws -> Void = { _, _ in }
  ) rethrows -> [[PairPrediction]] {
    var scoring = GradualScoring(
      self, by: [(vision, cache)], preprocessing: preprocessing, feature: feature, seeds: seeds)
    while !scoring.isFinished {
      let before = scoring.encodedImages
      scoring.advance()
      if scoring.encodedImages > before { try progress(scoring.encodedImages, images.count) }
    }
    return seeds.indices.map { scoring.answers(of: 0, seed: $0) }
  }

  /// A name for the pictures' contents and order.
  var digest: String {
    var digest = ContentDigest()
    for image in images {
      digest.add(UInt64(image.width))
      image.pixels.withUnsafeBytes { digest.add($0) }
    }
    return digest.text
  }
}

extension Image {
  /// The whole picture, scaled down so that no side is longer than this.
  public func fitting(_ side: Int) -> Image {
    let longest = max(width, height)
    guard longest > side else { return self }
    return resized(width: max(1, width * side / longest), height: max(1, height * side / longest), by: .bilinear)
  }
}
