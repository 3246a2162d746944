import Engine
import Foundation

/// Which images of an evaluation the ranks are to encode: a batch each, that of rank 0 first.
struct EncodingOrder: Codable {
  enum Images: String, Codable { case pairs, zeroShot }

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
    func encode(_ order: EncodingOrder, _ own: (Int) -> [[Float]]) throws -> [[[Float]]] {
      try parallel.lead(.encode(order))
      return try parallel.ranks.gathered(own(order.first))
    }
    let zeroShot = { EncodingOrder(images: .zeroShot, isTuned: $0, first: $1) }
    try advance(
      pairs: { pairs, model, first in
        try encode(EncodingOrder(images: .pairs, isTuned: model == 1, first: first)) {
          pairs.features(from: $0, of: model)
        }
      },
      zeroShot: { work, isTuned in try encode(zeroShot(isTuned, work.done)) { [work.features(from: $0)] }.map { $0[0] }
      })
  }

  /// What another rank than the first does meanwhile.
  func help(_ order: EncodingOrder, _ models: DivaModels, _ ranks: Ranks) throws {
    let vision = order.isTuned ? models.tuned : models.baseline.vision
    let first = order.first + ranks.rank * pairs.preprocessing.batch
    _ = try ranks.gathered(
      order.images == .pairs ? pairs.features(from: first, by: vision) : [zeroShot.features(from: first, by: vision)])
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
