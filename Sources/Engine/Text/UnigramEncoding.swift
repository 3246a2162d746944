/// Cuts a text into the pieces of a vocabulary so that the product of their probabilities is as large as can be
/// (Viterbi).
///
/// Source: Kudo 2018, "Subword Regularization"; SentencePiece `unigram_model.cc`, whose arithmetic in single precision
/// and whose order of comparison this keeps, so that ties fall alike.
struct UnigramEncoding: Sendable {
  struct Piece: Equatable, Sendable {
    /// The numbers of the model's file.
    enum Kind: Int, Sendable {
      case normal = 1, unknown, control, userDefined, unused, byte
    }

    var bytes: [UInt8]
    /// The logarithm of its probability.
    var score: Float
    var kind: Kind
  }

  /// The id for what no piece covers.
  let unknown: Int
  let count: Int
  private let table: PrefixTable
  private let scores: [Float]
  private let unknownScore: Float

  /// An unknown character is this much less likely than the rarest piece.
  private static let unknownPenalty: Float = 10

  /// Throws a `Problem` when the vocabulary has no unknown piece, a piece twice, or a score that is no number.
  init(_ pieces: [Piece]) throws {
    guard let unknown = pieces.firstIndex(where: { $0.kind == .unknown }) else {
      throw Problem("the vocabulary has no piece for what is unknown", advice: "The file is damaged; get it again.")
    }
    let normal = pieces.indices.filter { pieces[$0].kind == .normal }
    table = PrefixTable(normal.map { (pieces[$0].bytes, $0) })
    guard normal.allSatisfy({ pieces[$0].score.isFinite && !pieces[$0].bytes.isEmpty }), !table.hasDuplicates else {
      throw Problem(
        "the vocabulary has a piece twice, an empty one, or a score that is no number",
        advice: "The file is damaged; get it again.")
    }
    scores = pieces.map(\.score)
    self.unknown = unknown
    count = pieces.count
    unknownScore = (normal.map { pieces[$0].score }.min() ?? 0) - Self.unknownPenalty
  }

  /// The best way to reach a place in the text: the score so far, and the last piece.
  private struct Step {
    var score: Float = 0
    var start = -1
    var id = -1
  }

  /// The ids of the best pieces; unknown characters that follow each other become one id.
  func encode(_ text: [UInt8]) -> [Int] {
    var best = [Step](repeating: Step(), count: text.count + 1)
    func offer(_ id: Int, _ score: Float, from start: Int, to end: Int) {
      let total = score + best[start].score
      if best[end].start == -1 || total > best[end].score { best[end] = Step(score: total, start: start, id: id) }
    }
    var start = 0
    while start < text.count {
      let character = min(Self.length(ofCharacterWith: text[start]), text.count - start)
      var coversCharacter = false
      table.forEachMatch(in: text, from: start) { id, length in
        offer(id, scores[id], from: start, to: start + length)
        if length == character { coversCharacter = true }
      }
      if !coversCharacter { offer(unknown, unknownScore, from: start, to: start + character) }
      start += character
    }
    return path(best)
  }

  private func path(_ best: [Step]) -> [Int] {
    var ids: [Int] = []
    var end = best.count - 1
    while end > 0 {
      if !(best[end].id == unknown && ids.last == unknown) { ids.append(best[end].id) }
      end = best[end].start
    }
    return ids.reversed()
  }

  /// Bytes of a UTF-8 character by its first one; a byte out of place stands alone.
  private static func length(ofCharacterWith byte: UInt8) -> Int {
    [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4][Int(byte >> 4)]
  }
}

/// Finds which keys stand at a place in a text: sorted keys, narrowed byte by byte.
struct PrefixTable: Sendable {
  private let keys: [[UInt8]]
  private let ids: [Int]

  init(_ entries: [([UInt8], Int)]) {
    let sorted = entries.sorted { $0.0.lexicographicallyPrecedes($1.0) }
    keys = sorted.map(\.0)
    ids = sorted.map(\.1)
  }

  var hasDuplicates: Bool { zip(keys, keys.dropFirst()).contains { $0 == $1 } }

  /// Calls `found` with the id and length of each key that the text continues with, short ones first.
  func forEachMatch(in text: [UInt8], from start: Int, _ found: (Int, Int) -> Void) {
    var range = 0..<keys.count
    for depth in 0..<text.count - start {
      let byte = text[start + depth]
      // All keys of the range share the bytes so far; the one that ends here comes first.
      let low = firstIndex(in: range) { $0.count > depth && $0[depth] >= byte }
      let high = firstIndex(in: low..<range.upperBound) { $0.count > depth && $0[depth] > byte }
      guard low < high else { return }
      range = low..<high
      if keys[low].count == depth + 1 { found(ids[low], depth + 1) }
    }
  }

  /// The first place in a sorted range where the condition holds.
  private func firstIndex(in range: Range<Int>, where isBehind: ([UInt8]) -> Bool) -> Int {
    var (low, high) = (range.lowerBound, range.upperBound)
    while low < high {
      let middle = (low + high) / 2
      if isBehind(keys[middle]) { high = middle } else { low = middle + 1 }
    }
    return low
  }
}
