import Engine
import Foundation

/// What a model answered for one pair.
public struct PairPrediction: Equatable, Sendable {
  /// One of the two images of a pair.
  public enum Choice: String, Codable, Sendable {
    case img1, img2
  }

  public let pair: ImagePair
  /// For each statement, the probability that it belongs to the first image.
  public let scores: [Double]
  /// nil where only the scores were recorded. Of one of many those of the right one and of the strongest wrong one, where a
  /// square's are; the others are NaN.
  public let similarities: PairSimilarities?
  /// Of one of many: the place of the strongest wrong one among the statements, or images.
  public let rival: Int?

  public init(_ pair: ImagePair, scores: [Double], similarities: PairSimilarities? = nil, rival: Int? = nil) {
    precondition(scores.count == 2, "a pair has two statements, not \(scores.count)")
    (self.pair, self.scores, self.similarities, self.rival) = (pair, scores, similarities, rival)
  }

  /// Of one of many: the scores are the probabilities of the right one and of the strongest wrong one, so that the pair is
  /// right when the first is above one half.
  init(_ answer: PairAnswer, scale: Double) {
    let choice = answer.choice ?? (.nan, 1, .nan)
    let score = 1 / (1 + exp(-scale * (choice.right - choice.wrong)))
    let (right, wrong) = (Float(choice.right), Float(choice.wrong))
    let isOfImages = if case .images = answer.pair.shape { true } else { false }
    self.init(
      answer.pair, scores: [score, 1 - score],
      similarities: PairSimilarities(isOfImages ? [right, wrong, .nan, .nan] : [right, .nan, wrong, .nan]),
      rival: choice.rival)
  }

  /// The chosen image for each statement; one half goes to the second, as in the reference.
  public var predicted: [Choice] { scores.map { $0 > 0.5 ? .img1 : .img2 } }
  /// The right image for each statement: the first for odd question ids.
  public var truth: [Choice] { pair.questionIDs.map(Self.truth) }
  /// A pair counts only when both statements found their image.
  public var isCorrect: Bool { predicted == truth }

  public func isCorrect(statement: Int) -> Bool { predicted[statement] == truth[statement] }

  /// Whether each image finds its statement; nil without similarities.
  public var textIsCorrect: Bool? { similarities.map { $0.textIsCorrect(truth.map { $0 == .img1 ? 0 : 1 }) } }

  /// By how much the worse statement is better than a coin toss: its probability of the right image, less one half.
  public var margin: Double {
    let each = zip(scores, truth).map { $1 == .img1 ? $0 - 0.5 : 0.5 - $0 }
    return each.contains(where: \.isNaN) ? .nan : min(each[0], each[1])
  }

  /// Both statements chose one image: the model cannot tell the pair's images apart.
  public var choosesOneImage: Bool { predicted[0] == predicted[1] }

  static func truth(_ questionID: Int) -> Choice { questionID % 2 == 0 ? .img2 : .img1 }
}

/// How many pairs a model gets right.
public struct PairScore: Equatable, Sendable {
  public struct Share: Equatable, Sendable {
    public let category: PairCategory
    public let correct: Int
    public let pairs: Int
    public var percent: Double { 100 * Double(correct) / Double(pairs) }
  }

  /// One share for each category that has pairs; MMVP's patterns in its order.
  public let perPattern: [Share]

  public var correct: Int { perPattern.reduce(0) { $0 + $1.correct } }
  public var pairs: Int { perPattern.reduce(0) { $0 + $1.pairs } }
  /// The plain mean of the patterns' percentages; 0 without pairs.
  public var average: Double {
    perPattern.isEmpty ? 0 : perPattern.reduce(0) { $0 + $1.percent } / Double(perPattern.count)
  }

  public init(_ predictions: [PairPrediction]) {
    let own = Dictionary(grouping: predictions, by: \.pair.category)
    perPattern = PairCategory.all(of: predictions.lazy.map(\.pair)).map { category in
      let answers = own[category] ?? []
      return Share(category: category, correct: answers.count(where: \.isCorrect), pairs: answers.count)
    }
  }
}

/// MMVP's rule: each statement chooses between the two images of its pair.
///
/// Source: DIVA, `evaluation/evaluate_mmvp_*.py`; MMVP, `scripts/evaluate_vlm.py`.
public enum PairScoring {
  /// One prediction for each pair.
  ///
  /// - Parameters:
  ///   - imageFeatures: (P, 2, C), or (P, 2, 2, C) where each statement sees its own two encodings of the images, as in
  ///     the reference's random rule for OpenAI's CLIP: statement first, then image.
  ///   - textFeatures: (P, 2, C).
  ///   - width: C.
  ///   - scale: The model's logit scale, exp already taken. It changes the scores but no answer.
  ///   - normalizesImages: False leaves the image features' lengths as they are (the reference's DFN-378).
  public static func predictions(
    for pairs: [ImagePair], imageFeatures: [Float], textFeatures: [Float], width: Int, scale: Double = 100,
    normalizesImages: Bool = true
  ) -> [PairPrediction] {
    let count = pairs.count
    let imagesPerPair = imageFeatures.count / max(count * width, 1)
    precondition(
      textFeatures.count == count * 2 * width && imageFeatures.count == count * imagesPerPair * width
        && (imagesPerPair == 2 || imagesPerPair == 4 || count == 0),
      "\(count) pairs of width \(width) need \(count * 2 * width) text values, not \(textFeatures.count), "
        + "and two or four times \(count * width) image values, not \(imageFeatures.count)")
    return pairs.enumerated().map { position, pair in
      let similarities = (0..<2).map { statement in
        let text = row(textFeatures, 2 * position + statement, width, normalized: true)
        let first = position * imagesPerPair + (imagesPerPair == 4 ? 2 * statement : 0)
        return [first, first + 1].map { dot(text, row(imageFeatures, $0, width, normalized: normalizesImages)) }
      }
      // Softmax over two images is the logistic function of the difference.
      let scores = similarities.map { 1 / (1 + exp(-scale * ($0[0] - $0[1]))) }
      return PairPrediction(
        pair, scores: scores, similarities: PairSimilarities(SIMD4(similarities.joined().map(Float.init))))
    }
  }

  /// One prediction for each pair of any shape, of its own rows of features.
  ///
  /// - Parameters: for each pair the places of its images and of its statements among the rows.
  static func predictions(
    for pairs: [ImagePair], images: [Range<Int>], imageFeatures: [Float], statements: [Range<Int>],
    textFeatures: [Float], width: Int, scale: Double, normalizesImages: Bool
  ) -> [PairPrediction] {
    zip(pairs, zip(images, statements)).map { pair, rows in
      let values = rows.1.flatMap { statement in
        let text = row(textFeatures, statement, width, normalized: true)
        return rows.0.map { dot(text, row(imageFeatures, $0, width, normalized: normalizesImages)) }
      }
      let answer = PairAnswer(pair, values)
      guard pair.shape == .square else { return PairPrediction(answer, scale: scale) }
      let scores = [0, 2].map { 1 / (1 + exp(-scale * (values[$0] - values[$0 + 1]))) }
      return PairPrediction(pair, scores: scores, similarities: PairSimilarities(SIMD4(values.map(Float.init))))
    }
  }

  /// The reference's result file: a header, then one line for each pair.
  public static func csv(_ predictions: [PairPrediction]) -> String {
    let header = ["qid1", "qid2", "pred1", "pred2", "gt1", "gt2", "q1score", "q2score"]
    let rows = predictions.map { prediction in
      prediction.pair.questionIDs.map(String.init) + prediction.predicted.map(\.rawValue)
        + prediction.truth.map(\.rawValue) + prediction.scores.map { "\($0)" }
    }
    return CSV.text([header] + rows)
  }

  static func row(_ values: [Float], _ index: Int, _ width: Int, normalized: Bool) -> [Double] {
    let row = values[index * width..<(index + 1) * width].map(Double.init)
    let length = dot(row, row).squareRoot()
    return normalized && length > 0 ? row.map { $0 / length } : row
  }

  static func dot(_ a: [Double], _ b: [Double]) -> Double {
    zip(a, b).reduce(0) { $0 + $1.0 * $1.1 }
  }
}
