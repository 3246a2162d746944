import Engine

/// Linear classifiers of a scene's facts on normalised embeddings: they make a tower keep what no short statement would
/// miss by itself, such as which of two things is left.
struct SceneClassifiers {
  /// Logits are this times the cosine-like products: embeddings have length 1.
  private static let scale: Float = 12
  private let heads: [(question: SceneQuestion, layer: Linear)]
  let parameters: [Parameter]

  /// - Parameter width: of the embeddings.
  init(width: Int, from weights: Weights) throws {
    heads = try SceneQuestion.all.map { question in
      (question, try Linear(width, question.answers, from: weights["classifiers"][question.name]))
    }
    parameters = heads.flatMap { $0.layer.parameters }
  }

  init(width: Int, _ folder: WeightsFolder) throws {
    self = try Weights.load(folder.weights(), name: folder.path) { try SceneClassifiers(width: width, from: $0) }
  }

  func save(to folder: WeightsFolder) throws {
    try folder.write(.object([]), parameters: parameters)
  }

  /// The mean over rows of the summed cross-entropies of all questions that have an answer.
  ///
  /// - Parameters:
  ///   - features: (B, E), not normalised.
  ///   - answer: of a row to a question, nil where there is none.
  func loss(_ features: Tensor, answer: (Int, SceneQuestion) -> Int?) -> Tensor {
    let rows = features.shape[0]
    let normal = features.normalized().scaled(by: Self.scale)
    var total = Tensor(scalar: 0)
    for (question, layer) in heads {
      let asked = (0..<rows).compactMap { row in answer(row, question).map { (row, Int32($0)) } }
      guard !asked.isEmpty else { continue }
      let loss = layer(normal.gatherImages(asked.map(\.0))).crossEntropy(labels: asked.map(\.1))
      total = total + loss.scaled(by: Float(asked.count) / Float(rows))
    }
    return total
  }
}
