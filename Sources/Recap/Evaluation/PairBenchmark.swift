import Engine

/// Pairs ready to be scored again and again: pictures in memory, statements encoded once.
///
/// The statements' features do not change while an image tower learns, for both CLIPs share one text tower.
public struct PairBenchmark {
  public let questions: [PairScoring.Question]
  public let statements: [[String]]
  /// Two pictures a pair, in the order of the questions.
  public let images: [Image]
  private let textFeatures: [Float]
  private let scale: Double

  /// - Parameter prefix: stands before each statement; the reference says "a photo of ", the mini world nothing.
  public init(
    questions: [PairScoring.Question], statements: [[String]], images: [Image], clip: CLIP, tokenizer: CLIPTokenizer,
    prefix: String = ""
  ) {
    precondition(
      statements.count == questions.count && images.count == 2 * questions.count,
      "\(questions.count) pairs with \(statements.count) statements and \(images.count) images")
    self.questions = questions
    self.statements = statements
    self.images = images
    let ids = statements.joined().map { tokenizer.tokens(prefix + $0) }
    textFeatures = withoutGradient {
      stride(from: 0, to: ids.count, by: 256).flatMap { start in
        clip.text.textFeatures(Array(ids[start..<min(ids.count, start + 256)])).values
      }
    }
    scale = Double(clip.logitScale.value.exponential().item)
  }

  /// Pairs of the mini world; `first` is the number of the first one, for sets that stand beside each other.
  init(_ pairs: [ScenePair], clip: CLIP, tokenizer: CLIPTokenizer) {
    self.init(
      questions: pairs.enumerated().map { index, pair in
        PairScoring.Question(index: index, pattern: pair.pattern, questionIDs: [2 * index + 1, 2 * index + 2])
      },
      statements: pairs.map(\.statements), images: Scene.render(pairs.flatMap(\.scenes)), clip: clip,
      tokenizer: tokenizer)
  }

  /// Pairs of a folder in MMVP's layout.
  public init(_ folder: MMVPFolder, clip: CLIP, tokenizer: CLIPTokenizer, prefix: String = "") throws {
    self.init(
      questions: folder.pairs.map(PairScoring.Question.init), statements: folder.pairs.map(\.statements),
      images: try folder.pairs.flatMap { try $0.imageURLs.map { try Image(contentsOf: $0) } }, clip: clip,
      tokenizer: tokenizer, prefix: prefix)
  }

  /// One prediction a pair, in order.
  public func predictions(
    by vision: CLIPVisionTower, preprocessing: Preprocessing, rule: FeatureRule = .reference
  ) -> [PairPrediction] {
    let features = rule.features(of: images, by: vision, preprocessing: preprocessing)
    return PairScoring.predictions(
      for: questions, imageFeatures: features.values, textFeatures: textFeatures, width: features.shape[1],
      scale: scale)
  }
}
