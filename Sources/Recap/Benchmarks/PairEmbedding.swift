/// The images of all pairs in one CLIP's embedding; tells which pairs look alike to it.
public struct PairEmbedding: Sendable {
  /// For each pair the rows of its images.
  private let places: [Range<Int>]
  private let width: Int
  /// Rows of length 1.
  private let values: [Float]

  /// - Parameters:
  ///   - features: (images, width).
  ///   - places: for each pair those of its images.
  init(_ features: [Float], width: Int, places: [Range<Int>]) {
    (self.places, self.width) = (places, width)
    var values = features
    for start in stride(from: 0, to: values.count, by: width) {
      let length = values[start..<start + width].reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard length > 0 else { continue }
      for at in start..<start + width { values[at] /= length }
    }
    self.values = values
  }

  /// A pair, and the largest cosine between one of its images and one of the other pair's.
  public struct Neighbour: Equatable, Sendable {
    public let place: Int
    public let cosine: Float
  }

  /// The pairs that are nearest to the one at a place, the nearest first.
  public func nearest(to place: Int, count: Int = 3) -> [Neighbour] {
    guard places.indices.contains(place) else { return [] }
    let others = places.indices.lazy.filter { $0 != place }.map { other in
      Neighbour(place: other, cosine: cosine(places[place], places[other]))
    }
    return Array(others.sorted { ($1.cosine, $0.place) < ($0.cosine, $1.place) }.prefix(count))
  }

  private func cosine(_ own: Range<Int>, _ others: Range<Int>) -> Float {
    values.withUnsafeBufferPointer { values in
      var largest = -Float.infinity
      for one in own {
        for other in others {
          var product: Float = 0
          for at in 0..<width { product += values[one * width + at] * values[other * width + at] }
          largest = max(largest, product)
        }
      }
      return largest
    }
  }
}
