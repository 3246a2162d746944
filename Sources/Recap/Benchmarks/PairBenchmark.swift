import Engine
import Foundation

/// Pairs ready to be scored again and again: pictures in memory, statements encoded once, when they are first needed.
///
/// The statements' features do not change while an image tower learns, for both CLIPs share one text tower. Of a
/// photo only the square that CLIP sees is kept: 270 of them take 39 MiB at 224 pixels, whatever the photos' size.
public struct PairBenchmark {
  public let pairs: [ImagePair]
  /// Two pictures per pair, in order; of a folder's the squares that CLIP sees.
  public let images: [Image]
  /// The same to show: of a folder's, on request, the whole pictures, scaled down.
  public let previews: [Image]
  /// Pairs that were left out, each with its reason.
  public private(set) var skipped: [SkippedPair] = []
  /// Statements from which control characters were taken out.
  public private(set) var cleanedStatements = 0
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
    precondition(images.count == 2 * pairs.count, "\(pairs.count) pairs with \(images.count) images")
    self.pairs = pairs
    self.images = images
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

  /// Pairs of a folder in MMVP's layout; those with an image that cannot be read are left out and named in `skipped`.
  ///
  /// - Parameters:
  ///   - preprocessing: what makes the squares that are kept of the pictures.
  ///   - previewSide: the longest side of a preview; nil keeps none.
  ///
  /// Throws a `Problem` when no pair is left.
  public init(
    _ folder: MMVPFolder, clip: CLIP, tokenizer: any Tokenizer, prefix: String = "", preprocessing: Preprocessing,
    previewSide: Int? = nil, cache: FeatureCache? = nil
  ) throws {
    let read = Self.pictures(folder.pairs.flatMap(\.imageURLs)) { image in
      Picture(square: preprocessing.square(image), preview: previewSide.map(image.fitting))
    }
    var kept: [(pair: ImagePair, pictures: [Picture])] = []
    var skipped = folder.skipped
    for (index, pair) in folder.pairs.enumerated() {
      do throws(Problem) {
        kept.append((pair, [try read[2 * index].get(), try read[2 * index + 1].get()]))
      } catch {
        skipped.append(SkippedPair(questionIDs: pair.questionIDs, reason: error))
      }
    }
    guard !kept.isEmpty else {
      throw skipped.first?.reason ?? Problem("\(folder.url.path) has no pairs", advice: "Expected two images a pair.")
    }
    self.init(
      kept.map(\.pair), images: kept.flatMap(\.pictures).map(\.square),
      previews: previewSide == nil ? nil : kept.flatMap(\.pictures).compactMap(\.preview), clip: clip,
      tokenizer: tokenizer, prefix: prefix, cache: cache)
    cleanedStatements = folder.cleanedStatements
    self.skipped = skipped.sorted { $0.questionIDs[0] < $1.questionIDs[0] }
  }

  /// Only the pairs at these places.
  func part(_ places: [Int]) -> PairBenchmark { PairBenchmark(places, of: self) }

  private init(_ places: [Int], of whole: PairBenchmark) {
    func two<Value>(_ values: [Value]) -> [Value] { places.flatMap { values[2 * $0..<2 * $0 + 2] } }
    (pairs, images, previews) = (places.map { whole.pairs[$0] }, two(whole.images), two(whole.previews))
    (texts, scale, cutStatements) = (whole.texts.part(two(whole.texts.ids)), whole.scale, 0)
  }

  /// A fixed part for small evaluations, spread evenly over each pattern; nil where the whole is no larger.
  func smallPart() -> PairBenchmark? {
    let places = Dictionary(grouping: pairs.indices) { pairs[$0].pattern }.values.flatMap { own in
      let count = min(own.count, Self.smallPart * own.count / pairs.count)
      return (0..<count).map { own[$0 * own.count / count] }
    }
    return pairs.count > Self.smallPart ? part(places.sorted()) : nil
  }

  /// Pairs in a small evaluation: 15 of each of nine patterns.
  private static let smallPart = 135

  /// What is kept of a picture.
  private struct Picture {
    let square: Image
    let preview: Image?
  }

  /// Each picture is forgotten when `keeping` has taken from it what is needed.
  private static func pictures(
    _ urls: [URL], keeping: @escaping @Sendable (Image) -> Picture
  ) -> [Result<Picture, Problem>] {
    var pictures = [Result<Picture, Problem>](repeating: .failure(Problem("not read")), count: urls.count)
    pictures.withUnsafeMutableBufferPointer { pictures in
      nonisolated(unsafe) let pictures = pictures
      ThreadPool.run(urls.count) { index in
        pictures[index] = Result { () throws(Problem) in
          do {
            return keeping(try Image(contentsOf: urls[index]))
          } catch let problem as Problem {
            throw problem
          } catch {
            throw Problem("cannot read \(urls[index].path): \(error.systemReason)")
          }
        }
      }
    }
    return pictures
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

  /// Of two draws the first is for the first statements: pair by pair, statement first, then image.
  func byStatement(_ draws: [[Float]], width: Int) -> [Float] {
    guard draws.count == 2 else { return draws[0] }
    let pair = 2 * width
    return stride(from: 0, to: draws[0].count, by: pair).flatMap { start in
      draws.flatMap { $0[start..<start + pair] }
    }
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
  func fitting(_ side: Int) -> Image {
    let longest = max(width, height)
    guard longest > side else { return self }
    return resized(width: max(1, width * side / longest), height: max(1, height * side / longest), by: .bilinear)
  }
}
