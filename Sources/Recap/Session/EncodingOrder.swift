import Engine
import Foundation

/// Which images of an evaluation the ranks are to encode: a batch each, that of rank 0 first.
struct EncodingOrder: Codable {
  /// Of all pairs, of the small evaluation's, or of the zero-shot images.
  enum Images: String, Codable { case pairs, part, zeroShot }

  var images: Images
  /// By the tuned tower, or by the baseline.
  var isTuned: Bool
  /// The first image of rank 0's batch.
  var first: Int
}

extension Evaluator {
  /// Encodes the next few images; with other ranks a batch on each.
  mutating func advance(with parallel: DataParallel?) throws {
    guard let parallel, parallel.ranks.count > 1 else { return advance() }
    try advance(
      pairs: { try parallel.encode(.pairs, of: $0, model: $1, from: $2) },
      zeroShot: { work, isTuned in
        let order = EncodingOrder(images: .zeroShot, isTuned: isTuned, first: work.done)
        return try parallel.encode(order) { [work.features(from: work.done)] }.map { $0[0] }
      })
  }

  /// The same of a small evaluation.
  mutating func advancePart(step: Int, with parallel: DataParallel?) throws -> SmallEvaluationReport? {
    guard let parallel, parallel.ranks.count > 1 else { return advancePart(step: step) }
    return try advancePart(step: step) { try parallel.encode(.part, of: $0, model: $1, from: $2) }
  }

  /// What another rank than the first does meanwhile.
  func help(_ order: EncodingOrder, _ models: DivaModels, _ ranks: Ranks) throws {
    let vision = order.isTuned ? models.tuned : models.baseline.vision
    let first = order.first + ranks.rank * pairs.preprocessing.batch
    let features: [[Float]] =
      switch order.images {
      case .pairs: pairs.features(from: first, by: vision)
      case .part: part?.features(from: first, by: vision) ?? []
      case .zeroShot: [zeroShot.features(from: first, by: vision)]
      }
    _ = try ranks.gathered(features)
  }
}

extension DataParallel {
  /// The features of a batch on each rank; this one's are those of `own`.
  fileprivate func encode(_ order: EncodingOrder, _ own: () -> [[Float]]) throws -> [[[Float]]] {
    try lead(.encode(order))
    return try ranks.gathered(own())
  }

  fileprivate func encode(
    _ images: EncodingOrder.Images, of pairs: GradualScoring, model: Int, from first: Int
  ) throws -> [[[Float]]] {
    try encode(EncodingOrder(images: images, isTuned: model == 1, first: first)) {
      pairs.features(from: first, of: model)
    }
  }
}

extension Ranks {
  /// The lists of each rank that has any number in them, as many lists and as long each.
  fileprivate func gathered(_ own: [[Float]]) throws -> [[[Float]]] {
    let all = try gather(Array(own.joined()).withUnsafeBytes { Data($0) })
    return all.filter { !$0.isEmpty }.map { data in
      var values = [Float](repeating: 0, count: data.count / 4)
      values.withUnsafeMutableBytes { _ = data.copyBytes(to: $0) }
      let count = values.count / own.count
      return own.indices.map { Array(values[$0 * count..<($0 + 1) * count]) }
    }
  }
}
