import Foundation

/// The four similarities of a pair, as one model has them: of each statement with each image.
public struct PairSimilarities: Equatable, Sendable {
  /// Statement 1 with image 1 and with image 2, then statement 2 with both.
  public let values: SIMD4<Float>

  public init(_ values: SIMD4<Float>) { self.values = values }

  /// False for one of many.
  var isWhole: Bool { (0..<4).allSatisfy { !values[$0].isNaN } }

  /// Both are counted from 0.
  public subscript(statement statement: Int, image image: Int) -> Float { values[2 * statement + image] }

  /// Whether each image finds its statement; a tie is wrong.
  ///
  /// - Parameter truth: the right image of each statement, from 0.
  public func textIsCorrect(_ truth: [Int]) -> Bool {
    (0..<2).allSatisfy { findsStatement(image: $0, truth) }
  }

  /// Whether an image finds its statement, the right one of both.
  public func findsStatement(image: Int, _ truth: [Int]) -> Bool {
    guard truth[0] != truth[1], let own = truth.firstIndex(of: image) else { return false }
    return self[statement: own, image: image] > self[statement: 1 - own, image: image]
  }
}

/// The similarities of many pairs; in JSON the base64 of little-endian 32-bit floats, four a pair.
///
/// Half precision would not do: its steps near 0.25 are 0.0002, and a hundred times that decides between two images.
public struct SimilarityList: Equatable, Sendable {
  public var pairs: [PairSimilarities]

  public init(_ pairs: [PairSimilarities]) { self.pairs = pairs }

  /// nil unless every answer has them.
  init?(_ answers: [PairPrediction]) {
    let known = answers.compactMap(\.similarities)
    guard known.count == answers.count else { return nil }
    pairs = known
  }
}

extension SimilarityList: Codable {
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    guard let bytes = Data(base64Encoded: try container.decode(String.self)), bytes.count % 16 == 0 else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no base64 of four floats a pair")
    }
    pairs = bytes.withUnsafeBytes { bytes in
      stride(from: 0, to: bytes.count, by: 16).map { start in
        func value(_ place: Int) -> Float {
          Float(
            bitPattern: UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: start + 4 * place, as: UInt32.self)))
        }
        return PairSimilarities([value(0), value(1), value(2), value(3)])
      }
    }
  }

  public func encode(to encoder: any Encoder) throws {
    var bytes = Data(capacity: 16 * pairs.count)
    for pair in pairs {
      for place in 0..<4 {
        withUnsafeBytes(of: pair.values[place].bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
      }
    }
    var container = encoder.singleValueContainer()
    try container.encode(bytes.base64EncodedString())
  }
}

/// Winoground's three scores: of the pairs, how many a model gets right by statement, by image, and both ways.
///
/// Source: Thrush et al. 2022 (arXiv 2204.03162). MMVP's rule is the image score.
public struct MatrixScore: Codable, Equatable, Sendable {
  public let pairs: Int
  /// Each statement finds its image.
  public let image: Int
  /// Each image finds its statement.
  public let text: Int
  /// Both.
  public let group: Int

  /// What guessing gets, as parts of one.
  public static let chance = (image: 0.25, text: 0.25, group: 1.0 / 6)

  /// nil unless every answer is about two images and two statements, and has its similarities.
  public init?(_ answers: [PairPrediction]) {
    guard !answers.isEmpty, answers.allSatisfy({ $0.similarities?.isWhole == true && $0.pair.shape == .square }) else {
      return nil
    }
    pairs = answers.count
    image = answers.count(where: \.isCorrect)
    text = answers.count { $0.textIsCorrect == true }
    group = answers.count { $0.isCorrect && $0.textIsCorrect == true }
  }
}
