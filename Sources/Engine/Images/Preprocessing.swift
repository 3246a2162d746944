import Foundation

/// From a picture to CLIP's input: shortest side to size (bicubic), centre crop, then (p/255 − mean)/deviation.
///
/// Source: `clip.load`'s transform and transformers' CLIPImageProcessor, whose `preprocessor_config.json` this reads.
public struct Preprocessing: Equatable, Sendable {
  /// Side of the square that CLIP sees, in pixels.
  public let side: Int
  /// Of red, green and blue in 0…1.
  public let mean: [Float]
  public let deviation: [Float]

  public init(side: Int, mean: [Float], deviation: [Float]) {
    precondition(mean.count == 3 && deviation.count == 3, "three channels have three means and deviations")
    self.side = side
    self.mean = mean
    self.deviation = deviation
  }

  /// The square that CLIP sees of a picture; pictures that already are such squares pass as they are.
  public func square(_ image: Image) -> Image {
    if image.width == side && image.height == side { return image }
    return image.resized(shortestSide: side, by: .bicubic).croppedAtCenter(to: side)
  }

  /// (B, side, side, 3)
  public func pixels(_ images: [Image]) -> Tensor {
    Tensor.imageBatch(
      images.map(square), scale: (0..<3).map { 1 / (255 * deviation[$0]) },
      offset: (0..<3).map { -mean[$0] / deviation[$0] })
  }
}

extension Tensor {
  /// Pictures of one size as scale·p + offset for each channel, p in 0…255: (B, H, W, 3).
  static func imageBatch(_ images: [Image], scale: [Float], offset: [Float]) -> Tensor {
    let (height, width) = (images.first?.height ?? 0, images.first?.width ?? 0)
    return .filled([images.count, height, width, 3]) { buffer in
      nonisolated(unsafe) let buffer = buffer
      ThreadPool.run(images.count) { row in
        let image = images[row]
        precondition(image.width == width && image.height == height, "a batch holds images of one size")
        let to = row * height * width * 3
        image.pixels.withUnsafeBufferPointer { pixels in
          for i in pixels.indices { buffer[to + i] = scale[i % 3] * Float(pixels[i]) + offset[i % 3] }
        }
      }
    }
  }

  /// The autoencoder's input: p/255 to −1…1, (B, H, W, 3).
  public static func signedPixels(_ images: [Image]) -> Tensor {
    imageBatch(images, scale: [2 / 255, 2 / 255, 2 / 255], offset: [-1, -1, -1])
  }

  /// Pictures from values −1…1, (B, H, W, 3); what lies outside is cut off.
  public func imagesFromSignedPixels() -> [Image] {
    precondition(shape.rank == 4 && shape[3] == 3, "pictures have the shape (B, H, W, 3), not \(shape)")
    return (0..<shape[0]).map { row in
      let pixels = (0..<shape.stride).map { i -> UInt8 in
        let value = (pointer[row * shape.stride + i] + 1) * 127.5
        // NaN, from a model gone wrong, shows as black rather than stopping the program.
        return value.isNaN ? 0 : UInt8(min(255, max(0, value.rounded())))
      }
      return Image(width: shape[2], height: shape[1], pixels: pixels)
    }
  }
}

extension Preprocessing: Codable {
  private enum Key: String, CodingKey {
    case size, cropSize = "crop_size", mean = "image_mean", deviation = "image_std"
    case kind = "image_processor_type", resizes = "do_resize", crops = "do_center_crop", rescales = "do_rescale"
    case normalizes = "do_normalize", resample, factor = "rescale_factor", convertsToRGB = "do_convert_rgb"
  }

  private struct Square: Codable { let height: Int, width: Int }
  private struct ShortestEdge: Codable {
    let length: Int
    private enum CodingKeys: String, CodingKey { case length = "shortest_edge" }
  }

  /// Older files give `crop_size` as a number, newer ones as height and width.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    let side =
      try (try? values.decode(Square.self, forKey: .cropSize))?.width ?? values.decode(Int.self, forKey: .cropSize)
    let mean = try values.decode([Float].self, forKey: .mean)
    let deviation = try values.decode([Float].self, forKey: .deviation)
    guard side > 0, mean.count == 3, deviation.count == 3, deviation.allSatisfy({ $0 > 0 }) else {
      throw Problem("the preprocessing needs a crop size above 0 and three means and deviations above 0")
    }
    self.init(side: side, mean: mean, deviation: deviation)
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode("CLIPImageProcessor", forKey: .kind)
    for flag in [Key.resizes, .crops, .rescales, .normalizes, .convertsToRGB] { try values.encode(true, forKey: flag) }
    try values.encode(ShortestEdge(length: side), forKey: .size)
    try values.encode(Square(height: side, width: side), forKey: .cropSize)
    try values.encode(mean, forKey: .mean)
    try values.encode(deviation, forKey: .deviation)
    try values.encode(3, forKey: .resample)
    try values.encode(1.0 / 255.0, forKey: .factor)
  }
}
