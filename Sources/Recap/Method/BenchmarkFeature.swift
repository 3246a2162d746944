import Engine

/// Which of CLIP's tokens the reference adds up to an image's feature in MMVP-VLM.
///
/// Source: the `test_step` functions of DIVA's `run_DIVA_with_*.py`. What they call the feature differs by backbone, and
/// the random ones differ from one call to the next.
public struct BenchmarkFeature: Equatable, Sendable {
  /// What is added to the summary token.
  public enum Locals: Equatable, Sendable {
    case none
    /// The mean of all patches.
    case all
    /// The mean of this many patches, drawn with replacement.
    case random(Int)
  }

  public let locals: Locals
  /// Every token is brought to length 1 before they are added up.
  public let normalizesTokens: Bool
  /// The feature is brought to length 1.
  public let normalizesSum: Bool
  /// Each of a pair's two statements sees its own draw of patches.
  public let drawsForEachStatement: Bool

  public init(
    locals: Locals, normalizesTokens: Bool = true, normalizesSum: Bool = true, drawsForEachStatement: Bool = false
  ) {
    self.locals = locals
    self.normalizesTokens = normalizesTokens
    self.normalizesSum = normalizesSum
    self.drawsForEachStatement = drawsForEachStatement
  }

  /// The class token alone, as everybody else scores CLIP.
  public static let classToken = BenchmarkFeature(locals: .none, normalizesTokens: false)

  /// False where a second call gives the same.
  public var isRandom: Bool { if case .random = locals { true } else { false } }

  /// The feature of each image: hidden states (B, T, V) → (B, E).
  ///
  /// - Parameters: `random` and `draw` draw the patches; `firstSample` is the number of the batch's first
  ///   image.
  public func features(
    _ hidden: Tensor, by vision: CLIPVisionTower, random: RandomSource, draw: Int = 0, firstSample: Int = 0
  ) -> Tensor {
    let (images, patches) = (hidden.shape[0], vision.config.patches)
    let density: RecapDensity =
      switch locals {
      case .none: .classOnly
      case .all: .all
      case .random(let count): .count(count)
      }
    guard
      let chosen = density.chosenPatches(
        images: images, patches: patches, random: random, step: draw, firstSample: firstSample)
    else { preconditionFailure("\(density) chooses no patches") }
    let plain = vision.imageTokens(hidden, patches: chosen)
    let tokens = normalizesTokens ? plain.normalized() : plain
    let width = tokens.shape[2]
    var feature = tokens.gatherTokens(Array(repeating: [0], count: images)).reshaped([images, width])
    if tokens.shape[1] > 1 {
      let rest = Array(1..<tokens.shape[1])
      feature = feature + tokens.gatherTokens(Array(repeating: rest, count: images)).meanOverTokens()
    }
    return normalizesSum ? feature.normalized() : feature
  }
}
