import Engine

/// Features of many pictures, a few at a time; they are kept by the hundred, so that work that was stopped goes on where it
/// was and a second evaluation encodes nothing.
///
/// A picture that cannot be read has no feature (its row is NaN) and is named.
public struct ImageEncoding {
  public let source: any ImageSource
  public let width: Int
  private let vision: CLIPVisionTower
  private let preprocessing: Preprocessing
  private let feature: BenchmarkFeature
  private let draws: [FeatureDraw]
  private let cache: FeatureCache?
  /// One list a draw, with a row for each picture so far.
  private var rows: [[Float]]
  /// Of the pictures that cannot be read.
  public private(set) var problems: [Int: Problem] = [:]
  /// Pictures that were encoded, not found in the cache.
  public private(set) var encoded = 0

  /// Pictures that are kept in one file.
  private static let chunk = 256

  public init(
    _ source: any ImageSource, by vision: CLIPVisionTower, preprocessing: Preprocessing, feature: BenchmarkFeature,
    seed: UInt64 = 1, cache: FeatureCache?
  ) {
    (self.source, self.vision, self.preprocessing, self.feature) = (source, vision, preprocessing, feature)
    (self.cache, width) = (cache, vision.projectionWidth)
    let count = feature.isRandom && feature.drawsForEachStatement ? 2 : 1
    draws = (0..<count).map { FeatureDraw(seed: feature.isRandom ? seed : 0, number: $0) }
    rows = draws.map { _ in [] }
  }

  public var done: Int { rows[0].count / width }
  public var all: Int { source.count }
  public var isFinished: Bool { done == all }

  /// (n, E), of the pictures so far; the second draw is for second statements.
  public func features(draw: Int = 0) -> [Float] { rows[min(draw, rows.count - 1)] }

  /// Takes the next hundreds from the cache, or encodes the next few pictures.
  public mutating func advance() {
    guard !isFinished else { return }
    if done % Self.chunk == 0, takeFromCache() { return }
    let start = done
    let end = min(all, start + batch, (start / Self.chunk + 1) * Self.chunk)
    let (squares, failed) = squares(start..<end)
    let found = feature.directions(
      ofBatch: squares[...], by: vision, preprocessing: preprocessing, draws: draws, firstSample: start)
    for (draw, tensor) in found.enumerated() {
      var values = tensor.values
      for index in failed.keys { for column in 0..<width { values[(index - start) * width + column] = .nan } }
      rows[draw] += values
    }
    problems.merge(failed) { $1 }
    encoded += end - start
    if done % Self.chunk == 0 || isFinished { keep() }
  }

  /// Pictures that are encoded together.
  private var batch: Int { preprocessing.side > 100 ? 8 : 64 }

  /// Decoded on all threads; grey in place of those that cannot be read.
  private func squares(_ range: Range<Int>) -> ([Image], [Int: Problem]) {
    var failed: [Int: Problem] = [:]
    let side = preprocessing.side
    let grey = Image(width: side, height: side, pixels: [UInt8](repeating: 128, count: 3 * side * side))
    let squares = zip(range, source.read(range, keeping: preprocessing.square)).map { place, result in
      do throws(Problem) { return try result.get() } catch { failed[place] = error }
      return grey
    }
    return (squares, failed)
  }

  // MARK: - Cache

  private func names(_ range: Range<Int>, _ cache: FeatureCache) -> [String] {
    let images = "\(range.lowerBound) " + range.map(source.stamp).joined(separator: "\n")
    return draws.map { cache.name(images: images, preprocessing: preprocessing, feature: feature, draw: $0) }
  }

  private mutating func takeFromCache() -> Bool {
    let range = done..<min(all, done + Self.chunk)
    guard let cache else { return false }
    let known = names(range, cache).compactMap { cache.features($0, shape: [range.count, width])?.values }
    guard known.count == draws.count else { return false }
    var failed: [Int: Problem] = [:]
    for index in range where known[0][(index - range.lowerBound) * width].isNaN {
      do {
        _ = try source.image(index)
        // It can be read now.
        return false
      } catch { failed[index] = Problem(error) }
    }
    for draw in rows.indices { rows[draw] += known[draw] }
    problems.merge(failed) { $1 }
    return true
  }

  private func keep() {
    guard let cache else { return }
    let range = (done - 1) / Self.chunk * Self.chunk..<done
    for (draw, name) in names(range, cache).enumerated() {
      let values = Array(rows[draw][range.lowerBound * width..<range.upperBound * width])
      cache.keep(Tensor(values, shape: [range.count, width]), as: name)
    }
  }
}

/// Features of many texts by a tower, (n, E), a few hundred at a time.
///
/// - Parameter progress: called with the texts so far; what it throws ends the work.
func textFeatures(
  of texts: [String], by clip: CLIP, _ tokenizer: any Tokenizer, cache: FeatureCache?,
  progress: (Int) throws -> Void = { _ in }
) rethrows -> [Float] {
  var features: [Float] = []
  for start in stride(from: 0, to: texts.count, by: 256) {
    let ids = texts[start..<min(texts.count, start + 256)].map { tokenizer.tokens($0) }
    features += StatementFeatures(ids, by: clip.text, cache: cache).all
    try progress(min(texts.count, start + 256))
  }
  return features
}
