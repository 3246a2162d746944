import Engine

/// The embedding of each part of a picture: what CLIP's patch tokens are trained towards, and what conditions the
/// denoiser beside the caption.
///
/// A picture is cut into cells, one for each patch. A cell's token is the embedding of the phrases for what covers it,
/// mixed by the share of its pixels, plus a code of its place.
final class RegionTokens {
  let cells: Int
  private let text: CLIPTextTower
  private let tokenizer: CLIPTokenizer
  private var embeddings: [String: [Float]] = [:]
  /// (cells², E), added to each picture's tokens.
  private let places: Tensor

  /// - Parameters:
  ///   - cells: along each side.
  ///   - placeScale: standard deviation of a place's code, in units of that of the embeddings.
  ///   - seed: decides the codes.
  init(cells: Int, text: CLIPTextTower, tokenizer: CLIPTokenizer, placeScale: Float, seed: UInt64) {
    (self.cells, self.text, self.tokenizer) = (cells, text, tokenizer)
    let kinds = withoutGradient { text.textFeatures(tokenizer.shortened(MiniWorld.zeroShotCaptions)) }
    let random = RandomSource(seed: seed, stream: .regionPlaces)
    // A row's code and a column's: neighbours share one of the two.
    let codes = random.normal([2 * cells, kinds.shape[1]], step: 0).scaled(
      by: placeScale * kinds.standardDeviation / Float(2).squareRoot())
    let order = (0..<cells * cells)
    places = codes.gatherImages(order.map { $0 / cells }) + codes.gatherImages(order.map { cells + $0 % cells })
  }

  /// (B, cells², E), without gradient.
  ///
  /// - Parameter phrase: for one thing of a scene, by the scene's number.
  func tokens(of scenes: [Scene], background: (Int) -> String, phrase: (Int, Thing) -> String) -> Tensor {
    let parts = scenes.enumerated().map { index, scene in
      (
        background: background(index),
        things: scene.coverage(cells: cells).map { (phrase: phrase(index, $0.thing), shares: $0.shares) }
      )
    }
    embed(parts.flatMap { [$0.background] + $0.things.map(\.phrase) })
    let (count, width) = (cells * cells, places.shape[1])
    return .filled([scenes.count, count, width]) { values in
      places.withUnsafeValues { places in
        for (index, part) in parts.enumerated() {
          for cell in 0..<count {
            let row = UnsafeMutableBufferPointer(
              rebasing: values[(index * count + cell) * width..<(index * count + cell + 1) * width])
            _ = row.update(from: places[cell * width..<(cell + 1) * width])
            let covered = part.things.reduce(0) { $0 + $1.shares[cell] }
            add(part.background, max(0, 1 - covered), to: row)
            for thing in part.things { add(thing.phrase, thing.shares[cell], to: row) }
          }
        }
      }
    }
  }

  private func add(_ phrase: String, _ share: Float, to row: UnsafeMutableBufferPointer<Float>) {
    guard share > 0, let embedding = embeddings[phrase] else { return }
    for i in row.indices { row[i] += share * embedding[i] }
  }

  private func embed(_ phrases: [String]) {
    let new = Array(Set(phrases).filter { embeddings[$0] == nil }).sorted()
    guard !new.isEmpty else { return }
    let features = withoutGradient { text.textFeatures(tokenizer.shortened(new)) }
    let (values, width) = (features.values, features.shape[1])
    for (row, phrase) in new.enumerated() { embeddings[phrase] = Array(values[row * width..<(row + 1) * width]) }
  }
}
