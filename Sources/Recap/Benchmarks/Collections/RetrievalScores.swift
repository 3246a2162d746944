import Engine

/// What CLIP_benchmark measures of retrieval: for each caption whether its image is among the first k, and for each image
/// whether any of its captions is.
public struct RetrievalScores: Equatable, Sendable {
  /// Images that are at least as near as a caption's own; nil where that cannot be read.
  let imagePlaces: [Int?]
  /// Captions that are at least as near as an image's nearest one.
  let textPlaces: [Int?]

  init(images: [Float], texts: [Float], width: Int, imageOfCaption: [Int]) {
    let count = images.count / width
    var captions = [[Int]](repeating: [], count: count)
    for (caption, image) in imageOfCaption.enumerated() { captions[image].append(caption) }
    (imagePlaces, textPlaces) = withoutGradient {
      func rows(_ values: [Float]) -> Tensor {
        // What cannot be read must be near nothing.
        let known = values.map { $0.isNaN ? 0 : $0 }
        return Tensor(known, shape: [values.count / width, width]).normalized()
      }
      let (pictures, words) = (rows(images), rows(texts))
      let isKnown = (0..<count).map { !images[$0 * width].isNaN }
      let byText = Self.places(words, pictures, own: imageOfCaption.map { [$0] }, isKnown: isKnown)
      let byImage = Self.places(pictures, words, own: captions, isKnown: nil)
      return (
        zip(byText, imageOfCaption).map { isKnown[$1] ? $0 : nil }, zip(byImage, isKnown).map { $1 ? $0 : nil }
      )
    }
  }

  /// For each query how many others are at least as near as the nearest of its own.
  private static func places(_ queries: Tensor, _ keys: Tensor, own: [[Int]], isKnown: [Bool]?) -> [Int] {
    let (width, count) = (queries.shape[1], keys.shape[0])
    let values = queries.values
    var places: [Int] = []
    for start in stride(from: 0, to: own.count, by: 256) {
      let end = min(own.count, start + 256)
      let part = Tensor(Array(values[start * width..<end * width]), shape: [end - start, width])
      part.matmul(keys, transposed: true).withUnsafeValues { scores in
        for row in 0..<end - start {
          let mine = Set(own[start + row])
          let best = mine.map { scores[row * count + $0] }.max() ?? -.infinity
          places.append(
            (0..<count).count { key in
              scores[row * count + key] >= best && !mine.contains(key) && isKnown?[key] != false
            })
        }
      }
    }
    return places
  }

  public func textRecall(_ k: Int) -> Double { Self.share(textPlaces, k) }
  public func imageRecall(_ k: Int) -> Double { Self.share(imagePlaces, k) }

  private static func share(_ places: [Int?], _ k: Int) -> Double {
    Double(places.count { $0.map { $0 < k } == true }) / Double(max(1, places.count { $0 != nil }))
  }

  /// Images and captions as queries.
  public var images: Int { textPlaces.count { $0 != nil } }
  public var captions: Int { imagePlaces.count { $0 != nil } }

  /// Whether each image finds a caption of its own first, then whether each caption finds its image first.
  var areRight: [Bool?] { (textPlaces + imagePlaces).map { $0.map { $0 == 0 } } }

  /// By queries of both kinds at rank 1.
  public func comparison(with after: RetrievalScores) -> PairedComparison {
    let both = zip(areRight, after.areRight).compactMap { one, other in one.flatMap { a in other.map { (a, $0) } } }
    return PairedComparison(before: both.map(\.0), after: both.map(\.1))
  }
}
