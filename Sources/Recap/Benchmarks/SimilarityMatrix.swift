import Engine

/// One model's similarities for a pair: of each statement with each image.
public struct SimilarityMatrix: Equatable, Sendable {
  public let pair: ImagePair
  /// Statement by statement, its images in order; NaN where an image cannot be read.
  public let values: [Double]
  /// Of the statements with each other, row by row; empty where they are not needed.
  let between: [Double]

  init(_ pair: ImagePair, _ values: [Double], between: [Double] = []) {
    (self.pair, self.values, self.between) = (pair, values, between)
  }

  /// Of features that pairs may share.
  ///
  /// - Parameters:
  ///   - images: the places of the pair's images among the rows of each draw, and `statements` those of its statements.
  ///   - draws: (n, C) each. A second one is what the second statement of a square sees, as in the reference's random rule
  ///     for OpenAI's CLIP.
  ///   - texts: (m, C).
  ///   - width: C.
  ///   - normalizesImages: false leaves the image features' lengths as they are (the reference's DFN-378).
  public init(
    _ pair: ImagePair, images: some Sequence<Int>, of draws: [[Float]], statements: some Sequence<Int>,
    of texts: [Float], width: Int, normalizesImages: Bool = true
  ) {
    let texts = statements.map { Self.row(texts, $0, width, normalized: true) }
    let values = texts.enumerated().flatMap { number, text in
      let draw = draws[pair.shape == .square ? min(number, draws.count - 1) : 0]
      return images.map { Self.dot(text, Self.row(draw, $0, width, normalized: normalizesImages)) }
    }
    let needsTexts = pair.shape == .statements(right: 2)
    self.init(pair, values, between: needsTexts ? texts.flatMap { a in texts.map { Self.dot(a, $0) } } : [])
  }

  private static func row(_ values: [Float], _ index: Int, _ width: Int, normalized: Bool) -> [Double] {
    let row = values[index * width..<(index + 1) * width].map(Double.init)
    let length = dot(row, row).squareRoot()
    return normalized && length > 0 ? row.map { $0 / length } : row
  }

  private static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }

  public var isKnown: Bool { !values.contains(where: \.isNaN) }

  /// Of one of many: the similarity of the right one (of several, the least) and of the strongest wrong one.
  public var choice: (right: Double, rival: Int, wrong: Double)? {
    let right: Int
    switch pair.shape {
    case .square: return nil
    case .statements(let count): right = count
    case .images: right = 1
    }
    guard isKnown, let rival = (right..<values.count).max(by: { values[$0] < values[$1] }) else { return nil }
    return (values[..<right].min() ?? .nan, rival, values[rival])
  }
}

/// What counts as right. All comparisons are strict: a tie is wrong.
public enum PairRule: String, Codable, CaseIterable, Sendable {
  /// Each image finds its statement. Winoground's text score.
  case text
  /// Each statement finds its image: Winoground's image score, and MMVP's rule.
  case image
  /// Both.
  case group
  /// The two right similarities together are more than the two wrong ones. Source: arXiv 2510.07632.
  case groupMatch
  /// Of one of many: the right one is the nearest.
  case accuracy
  /// Two statements that say the same are nearer to each other than either is to the wrong one. Source: arXiv 2406.11171.
  case textOnly

  /// nil where the rule does not apply.
  public func isRight(_ answer: SimilarityMatrix) -> Bool? {
    guard answer.pair.shape == .square else {
      switch self {
      case .accuracy: return answer.choice.map { $0.right > $0.wrong }
      case .textOnly: return isRightByTexts(answer)
      default: return nil
      }
    }
    guard answer.isKnown else { return nil }
    let (s00, s01, s10, s11) = (answer.values[0], answer.values[1], answer.values[2], answer.values[3])
    let (text, image) = (s00 > s10 && s11 > s01, s00 > s01 && s11 > s10)
    switch self {
    case .text: return text
    case .image: return image
    case .group: return text && image
    case .groupMatch: return s00 + s11 > s01 + s10
    case .accuracy, .textOnly: return nil
    }
  }

  private func isRightByTexts(_ answer: SimilarityMatrix) -> Bool? {
    guard answer.pair.shape == .statements(right: 2), answer.between.count == 9, answer.pair.statements.count == 3
    else {
      return nil
    }
    return answer.between[1] > answer.between[2] && answer.between[1] > answer.between[5]
  }

  /// What a random order of the similarities gets right, as a part of one.
  public func chance(_ pair: ImagePair) -> Double {
    switch self {
    case .text, .image, .accuracy: pair.chance
    case .group: 1 / 6
    case .groupMatch: 0.5
    case .textOnly: 1 / 3
    }
  }

  public var title: String {
    switch self {
    case .text: "text score"
    case .image: "image score"
    case .group: "group score"
    case .groupMatch: "GroupMatch"
    case .accuracy: "accuracy"
    case .textOnly: "accuracy by texts alone"
    }
  }
}
