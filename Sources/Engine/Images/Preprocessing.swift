import Foundation

/// From a picture to CLIP's input: made a square of CLIP's size (bicubic), then (p/255 − mean)/deviation.
///
/// Source: `clip.load`'s transform, open_clip's `image_transform`, and transformers' image processors, whose
/// `preprocessor_config.json` this reads.
public struct Preprocessing: Equatable, Sendable {
  /// How a picture that is no square becomes one.
  public enum Fit: String, Sendable {
    /// Shortest side to size, then the centre is cut out: OpenAI, MetaCLIP.
    case crop
    /// Both sides to size, whatever becomes of the picture's proportions: SigLIP.
    case squash
  }

  /// Side of the square that CLIP sees, in pixels.
  public let side: Int
  /// Of red, green and blue in 0…1.
  public let mean: [Float]
  public let deviation: [Float]
  public let fit: Fit

  public init(side: Int, mean: [Float], deviation: [Float], fit: Fit = .crop) {
    precondition(mean.count == 3 && deviation.count == 3, "three channels have three means and deviations")
    self.side = side
    self.mean = mean
    self.deviation = deviation
    self.fit = fit
  }

  /// The square that CLIP sees of a picture; pictures that already are such squares pass as they are.
  public func square(_ image: Image) -> Image {
    if image.width == side && image.height == side { return image }
    switch fit {
    case .crop: return image.centerSquare(side: side, by: .bicubic)
    case .squash: return image.resized(width: side, height: side, by: .bicubic)
    }
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

  /// Older files give `crop_size` as a number, newer ones as height and width. Where nothing is cut out, `size` is the
  /// square itself.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    let crops = try values.decodeIfPresent(Bool.self, forKey: .crops) ?? values.contains(.cropSize)
    let key = crops ? Key.cropSize : Key.size
    let side = try (try? values.decode(Square.self, forKey: key))?.width ?? values.decode(Int.self, forKey: key)
    let mean = try values.decode([Float].self, forKey: .mean)
    let deviation = try values.decode([Float].self, forKey: .deviation)
    guard side > 0, mean.count == 3, deviation.count == 3, deviation.allSatisfy({ $0 > 0 }) else {
      throw Problem("the preprocessing needs a size above 0 and three means and deviations above 0")
    }
    self.init(side: side, mean: mean, deviation: deviation, fit: crops ? .crop : .squash)
  }

  public func encode(to encoder: any Encoder) throws {
    let crops = fit == .crop
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(crops ? "CLIPImageProcessor" : "SiglipImageProcessor", forKey: .kind)
    for flag in [Key.resizes, .rescales, .normalizes, .convertsToRGB] { try values.encode(true, forKey: flag) }
    if crops {
      try values.encode(ShortestEdge(length: side), forKey: .size)
      try values.encode(true, forKey: .crops)
      try values.encode(Square(height: side, width: side), forKey: .cropSize)
    } else {
      try values.encode(Square(height: side, width: side), forKey: .size)
    }
    try values.encode(mean, forKey: .mean)
    try values.encode(deviation, forKey: .deviation)
    try values.encode(3, forKey: .resample)
    try values.encode(1.0 / 255.0, forKey: .factor)
  }
}
