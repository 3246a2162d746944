import Foundation

/// A random part of a picture, nearly all of it, scaled to a square: how the reference varies its training pictures.
///
/// Source: torchvision's `RandomResizedCrop`; the reference's area is 0.9 … 1 of the picture, the ratio 3/4 … 4/3.
public struct RandomResizedCrop: Equatable, Sendable {
  public struct Box: Equatable, Sendable {
    public let x: Int, y: Int, width: Int, height: Int
  }

  public let side: Int
  public let area: ClosedRange<Double>
  public let ratio: ClosedRange<Double>

  public init(side: Int, area: ClosedRange<Double> = 0.9...1, ratio: ClosedRange<Double> = 3.0 / 4...4.0 / 3) {
    self.side = side
    self.area = area
    self.ratio = ratio
  }

  /// The part that these draws choose, scaled bicubically as Pillow does.
  public func callAsFunction(_ image: Image, random: RandomSource, step: Int, sample: Int = 0) -> Image {
    var position = 0
    let box = box(width: image.width, height: image.height) {
      position += 1
      return Double(random.uniform(step: step, sample: sample, position: position - 1))
    }
    return image.cropped(x: box.x, y: box.y, width: box.width, height: box.height)
      .resized(width: side, height: side, by: .bicubic)
  }

  /// Ten tries; then the largest part in the middle whose ratio is allowed. `uniform` gives numbers in 0 ..< 1.
  func box(width: Int, height: Int, uniform: () -> Double) -> Box {
    for _ in 0..<10 {
      let wanted = Double(width * height) * between(area.lowerBound, area.upperBound, uniform())
      let shape = Double(exp(Float(between(log(ratio.lowerBound), log(ratio.upperBound), uniform()))))
      let (w, h) = (rounded((wanted * shape).squareRoot()), rounded((wanted / shape).squareRoot()))
      guard w > 0, h > 0, w <= width, h <= height else { continue }
      let y = Int(uniform() * Double(height - h + 1))
      let x = Int(uniform() * Double(width - w + 1))
      return Box(x: x, y: y, width: w, height: h)
    }
    let own = Double(width) / Double(height)
    let w = own > ratio.upperBound ? rounded(Double(height) * ratio.upperBound) : width
    let h = own < ratio.lowerBound ? rounded(Double(width) / ratio.lowerBound) : height
    return Box(x: (width - w) / 2, y: (height - h) / 2, width: max(w, 1), height: max(h, 1))
  }

  /// In single precision, as torchvision draws.
  private func between(_ low: Double, _ high: Double, _ share: Double) -> Double {
    Double(Float(low) + Float(share) * (Float(high) - Float(low)))
  }

  /// Halves to even, as Python rounds.
  private func rounded(_ value: Double) -> Int { Int(value.rounded(.toNearestOrEven)) }
}
