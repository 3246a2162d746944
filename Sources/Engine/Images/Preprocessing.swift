import Foundation

/// Mean and deviation of the colours that a model's pixels are normalised with: of red, green and blue in 0…1.
public struct ColorStatistics: Equatable, Sendable, Codable {
  public let mean: [Float]
  public let deviation: [Float]

  public init(mean: [Float], deviation: [Float]) {
    precondition(mean.count == 3 && deviation.count == 3, "three channels have three means and deviations")
    self.mean = mean
    self.deviation = deviation
  }

  /// OpenAI's CLIP, and those that followed it.
  public static let openAI = ColorStatistics(
    mean: [0.48145466, 0.4578275, 0.40821073], deviation: [0.26862954, 0.26130258, 0.27577711])
  public static let imageNet = ColorStatistics(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
  /// SigLIP: −1 … 1.
  public static let half = ColorStatistics(mean: [0.5, 0.5, 0.5], deviation: [0.5, 0.5, 0.5])

  /// For each channel what the 256 values of a pixel become: (p/255 − mean)/deviation, in torchvision's order of
  /// operations, so that they are equal bit for bit.
  public var tables: [[Float]] {
    (0..<3).map { channel in (0...255).map { (Float($0) / 255 - mean[channel]) / deviation[channel] } }
  }
}

/// From a picture to CLIP's input: its square, then (p/255 − mean)/deviation.
///
/// Source: `clip.load`'s transform and open_clip's `image_transform`, on Pillow's pictures.
public struct Preprocessing: Equatable, Sendable {
  /// How a picture becomes a square.
  public enum Fit: String, Codable, Sendable {
    /// The shortest side is scaled to the square's, the rest is cut off at both ends.
    case crop
    /// Both sides are scaled to the square's, whatever becomes of the proportions.
    case squash
  }

  /// Side of CLIP's input square, in pixels.
  public let side: Int
  public let fit: Fit
  /// Where the cut begins when the middle lies at half a pixel: transformers' processors round it down, torchvision's
  /// `CenterCrop`, which clip.load and open_clip use, to the even number.
  public let roundsCropDown: Bool
  public let filter: Image.Filter
  public let colors: ColorStatistics

  public var mean: [Float] { colors.mean }
  public var deviation: [Float] { colors.deviation }

  public init(
    side: Int, fit: Fit = .crop, roundsCropDown: Bool = false, filter: Image.Filter = .bicubic, colors: ColorStatistics
  ) {
    precondition(side > 0, "a square of \(side) pixels")
    self.side = side
    self.fit = fit
    self.roundsCropDown = roundsCropDown
    self.filter = filter
    self.colors = colors
  }

  public init(side: Int, mean: [Float], deviation: [Float], fit: Fit = .crop, filter: Image.Filter = .bicubic) {
    self.init(side: side, fit: fit, filter: filter, colors: ColorStatistics(mean: mean, deviation: deviation))
  }

  /// The same, cut as transformers' processors cut, or as torchvision does.
  public func cropped(roundingDown: Bool) -> Preprocessing {
    Preprocessing(side: side, fit: fit, roundsCropDown: roundingDown && fit == .crop, filter: filter, colors: colors)
  }

  /// CLIP's input square of a picture; pictures that already are such squares pass as they are.
  public func square(_ image: Image) -> Image {
    if image.width == side && image.height == side { return image }
    switch fit {
    case .crop: return image.centerSquare(side: side, by: filter, roundingDown: roundsCropDown)
    case .squash: return image.resized(width: side, height: side, by: filter)
    }
  }

  /// (B, side, side, 3)
  public func pixels(_ images: [Image]) -> Tensor {
    var squares = images
    squares.withUnsafeMutableBufferPointer { squares in
      nonisolated(unsafe) let squares = squares
      ThreadPool.run(squares.count) { squares[$0] = square(squares[$0]) }
    }
    return .imageBatch(squares, tables: colors.tables)
  }
}
