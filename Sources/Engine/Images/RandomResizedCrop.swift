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

  /// The same of pictures as tensors, (B, H, W, C) → (B, side, side, C), scaled with antialiasing; picture i is sample
  /// `firstSample` + i. Nothing is recorded.
  public func callAsFunction(_ pixels: Tensor, random: RandomSource, step: Int, firstSample: Int = 0) -> Tensor {
    .stacked(
      (0..<pixels.shape[0]).map { row in
        var position = 0
        let box = box(width: pixels.shape[2], height: pixels.shape[1]) {
          position += 1
          return Double(random.uniform(step: step, sample: firstSample + row, position: position - 1))
        }
        return pixels.sliced(row..<row + 1).cropped(box)
          .resized(height: side, width: side, by: .bicubic, antialias: true)
      })
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

extension Tensor {
  /// A part of each picture, (B, H, W, C). Nothing is recorded.
  func cropped(_ box: RandomResizedCrop.Box) -> Tensor {
    let (batch, height, width, channels) = (shape[0], shape[1], shape[2], shape[3])
    precondition(box.x + box.width <= width && box.y + box.height <= height, "\(box) is not within \(shape)")
    let part = Tensor(uninitialized: [batch, box.height, box.width, channels])
    for row in 0..<batch * box.height {
      let (picture, y) = row.quotientAndRemainder(dividingBy: box.height)
      let from = pointer + ((picture * height + box.y + y) * width + box.x) * channels
      (part.pointer + row * box.width * channels).update(from: from, count: box.width * channels)
    }
    return part
  }
}
