import Foundation

/// `preprocessor_config.json` of transformers' CLIPImageProcessor and SiglipImageProcessor.
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

  /// Pillow's numbers for the filters.
  private static let filters: [Int: Image.Filter] = [2: .bilinear, 3: .bicubic]

  /// A file without a crop squashes. Sizes are numbers in older files, height and width in newer ones.
  public init(from decoder: any Decoder) throws {
    let values = try decoder.container(keyedBy: Key.self)
    func side(_ key: Key) throws -> Int? {
      if let number = try? values.decode(Int.self, forKey: key) { return number }
      if let edge = try? values.decode(ShortestEdge.self, forKey: key) { return edge.length }
      guard let square = try values.decodeIfPresent(Square.self, forKey: key) else { return nil }
      guard square.width == square.height else {
        throw Problem("\(key.rawValue) is \(square.width) × \(square.height)", advice: "Expected a square.")
      }
      return square.width
    }
    let crop = try values.decodeIfPresent(Bool.self, forKey: .crops) == false ? nil : side(.cropSize)
    let size = try side(.size)
    let mean = try values.decode([Float].self, forKey: .mean)
    let deviation = try values.decode([Float].self, forKey: .deviation)
    guard let side = crop ?? size, side > 0, mean.count == 3, deviation.count == 3, deviation.allSatisfy({ $0 > 0 })
    else {
      throw Problem("the preprocessing needs a size above 0 and three means and deviations above 0")
    }
    guard crop == nil || size == nil || crop == size else {
      throw Problem("the preprocessing scales to \(size ?? 0) and cuts to \(side)", advice: "Both must be the same.")
    }
    let code = try values.decodeIfPresent(Int.self, forKey: .resample) ?? 3
    guard let filter = Self.filters[code] else {
      throw Problem("the preprocessing scales with filter \(code)", advice: "Expected 2 (bilinear) or 3 (bicubic).")
    }
    self.init(
      side: side, fit: crop == nil ? .squash : .crop, filter: filter,
      colors: ColorStatistics(mean: mean, deviation: deviation))
  }

  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(fit == .crop ? "CLIPImageProcessor" : "SiglipImageProcessor", forKey: .kind)
    for flag in [Key.resizes, .rescales, .normalizes, .convertsToRGB] { try values.encode(true, forKey: flag) }
    try values.encode(fit == .crop, forKey: .crops)
    if fit == .crop {
      try values.encode(ShortestEdge(length: side), forKey: .size)
      try values.encode(Square(height: side, width: side), forKey: .cropSize)
    } else {
      try values.encode(Square(height: side, width: side), forKey: .size)
    }
    try values.encode(mean, forKey: .mean)
    try values.encode(deviation, forKey: .deviation)
    try values.encode(filter == .bicubic ? 3 : 2, forKey: .resample)
    try values.encode(1.0 / 255.0, forKey: .factor)
  }
}
