import Engine
import Testing

@testable import Recap

@Suite("Pairs that look alike to a CLIP")
struct PairEmbeddingTests {
  @Test("The nearest pair is the one with the largest cosine between two images, whatever their lengths")
  func nearest() {
    // Images (1, 0), (0, 1) · (3, 0.1), (−1, 0) · (−2, 0), (1, −5) · (0.1, 4)
    let features: [Float] = [1, 0, 0, 1, 3, 0.1, -1, 0, -2, 0, 1, -5, 0.1, 4]
    let embedding = PairEmbedding(features, width: 2, places: [0..<2, 2..<4, 4..<6, 6..<7])

    let near = embedding.nearest(to: 0)
    #expect(near.map(\.place) == [3, 1, 2])
    #expect(abs(near[0].cosine - 4 / (16.01 as Float).squareRoot()) < 1e-6)
    #expect(abs(near[1].cosine - 3 / (9.01 as Float).squareRoot()) < 1e-6)
    #expect(embedding.nearest(to: 1, count: 1).map(\.place) == [2] && embedding.nearest(to: 9).isEmpty)
    // An image of zeros is near to nothing.
    let blank = PairEmbedding([0, 0, 1, 0, 1, 1], width: 2, places: [0..<1, 1..<2, 2..<3])
    #expect(blank.nearest(to: 1).map(\.place) == [2, 0])
  }

  @Test("Images are encoded without their statements, and as for the answers")
  func encoding() throws {
    let it = try Small()
    let other = try CLIPVisionTower(it.clip.vision.config, projectionWidth: 12, from: .initializing(seed: 9))
    func scoring() throws -> GradualScoring {
      GradualScoring(
        try it.benchmark(), by: [(it.clip.vision, nil), (other, nil)], preprocessing: it.preprocessing,
        feature: .classToken, seeds: [1])
    }
    var (ahead, whole) = (try scoring(), try scoring())
    #expect(ahead.embedding(of: 0) == nil && ahead.embedding(of: 2) == nil)
    while !ahead.areImagesKnown { ahead.encodeImages() }
    while !whole.isFinished { whole.advance() }

    #expect(ahead.answers(of: 0).isEmpty && ahead.encodedImages == whole.encodedImages)
    for model in 0..<2 {
      let found = try #require(ahead.embedding(of: model))
      #expect(try found.nearest(to: 4) == #require(whole.embedding(of: model)).nearest(to: 4))
    }
    // What is known is not encoded again.
    while !ahead.isFinished { ahead.advance() }
    #expect(ahead.encodedImages == whole.encodedImages && ahead.answers(of: 1) == whole.answers(of: 1))
  }
}
