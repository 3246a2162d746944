import Engine

/// A control that no diffusion model has a part in: an image's two crops find each other among a batch's, and features
/// stay near the baseline's. Images alone go in, as with DIVA.
///
/// loss = InfoNCE(u, v; τ) + λ · mean ‖z − z₀‖², with u and v the two crops' class tokens of length one, z all of them,
/// and z₀ the baseline's of the same crops. The small fixed temperature and the anchor are those of "Rethinking
/// Contrastive Loss in CLIP Post-training" (2026), which has captions in the place of the second crop.
public struct ContrastiveAnchor {
  public let vision: CLIPVisionTower
  public let baseline: CLIPVisionTower

  static let temperature: Float = 0.01
  static let anchorWeight: Float = 10
  /// A crop's part of the picture's area.
  static let area = 0.5...1.0

  public init(vision: CLIPVisionTower, baseline: CLIPVisionTower) { (self.vision, self.baseline) = (vision, baseline) }

  /// Two random crops of each picture, (B, S, S, 3) each. Never mirrored: left and right are what is to be learnt.
  static func crops(_ pixels: Tensor, seed: UInt64, step: Int) -> [Tensor] {
    let crop = RandomResizedCrop(side: pixels.shape[1], area: area)
    let random = RandomSource(seed: seed, stream: .contrastiveCrops)
    return [0, 1].map { view in crop(pixels, random: random, step: step, firstSample: view * pixels.shape[0]) }
  }

  /// - Parameter views: two of (B, S, S, 3).
  public func loss(_ views: [Tensor]) -> Tensor {
    let count = views[0].shape[0]
    let pixels = Tensor.stacked(views)
    let now = Self.features(pixels, by: vision)
    let before = withoutGradient { Self.features(pixels, by: baseline) }
    let (first, second) = (now.gatherImages(Array(0..<count)), now.gatherImages(Array(count..<2 * count)))
    let similarities = first.matmul(second, transposed: true).scaled(by: 1 / Self.temperature)
    let back = second.matmul(first, transposed: true).scaled(by: 1 / Self.temperature)
    let labels = (0..<count).map(Int32.init)
    let contrast = (similarities.crossEntropy(labels: labels) + back.crossEntropy(labels: labels)).scaled(by: 0.5)
    let distance = now.meanSquaredError(before).scaled(by: Float(now.shape.last))
    return contrast + distance.scaled(by: Self.anchorWeight)
  }

  private static func features(_ pixels: Tensor, by vision: CLIPVisionTower) -> Tensor {
    let tokens = vision.imageTokens(of: pixels, patches: Array(repeating: [], count: pixels.shape[0]))
    return tokens.reshaped([pixels.shape[0], tokens.shape.last]).normalized()
  }
}
