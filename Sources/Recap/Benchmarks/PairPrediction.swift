import Foundation

/// What a model answered for one pair, by MMVP's rule: each statement chooses between the two images.
///
/// Source: DIVA, `evaluation/evaluate_mmvp_*.py`; MMVP, `scripts/evaluate_vlm.py`.
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

  /// What similarities decide. Of one of many the scores are the probabilities of the right one and of the strongest wrong
  /// one, so that the pair is right when the first is above one half.
  ///
  /// - Parameter scale: the model's logit scale, exp already taken. It changes the scores but no answer.
  public init(_ matrix: SimilarityMatrix, scale: Double = 100) {
    // Softmax over two is the logistic function of the difference.
    func score(_ first: Double, _ second: Double) -> Double { 1 / (1 + exp(-scale * (first - second))) }
    let values = matrix.values
    guard matrix.pair.shape != .square else {
      self.init(
        matrix.pair, scores: [score(values[0], values[1]), score(values[2], values[3])],
        similarities: PairSimilarities(SIMD4(values.map(Float.init))))
      return
    }
    let choice = matrix.choice ?? (.nan, 1, .nan)
    let first = score(choice.right, choice.wrong)
    let (right, wrong) = (Float(choice.right), Float(choice.wrong))
    let isOfImages = if case .images = matrix.pair.shape { true } else { false }
    self.init(
      matrix.pair, scores: [first, 1 - first],
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
  public var average: Double { perPattern.map(\.percent).mean }

  public init(_ predictions: [PairPrediction]) {
    let own = Dictionary(grouping: predictions, by: \.pair.category)
    perPattern = PairCategory.all(of: predictions.lazy.map(\.pair)).map { category in
      let answers = own[category] ?? []
      return Share(category: category, correct: answers.count(where: \.isCorrect), pairs: answers.count)
    }
  }
}
