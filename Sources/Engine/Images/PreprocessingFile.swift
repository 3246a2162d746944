/// `preprocessor_config.json` of transformers' CLIPImageProcessor and SiglipImageProcessor, or the member
/// `image_processor` of its newer `processor_config.json`.
extension Preprocessing {
  /// Pillow's numbers for the filters.
  private static let filters: [Int: Image.Filter] = [2: .bilinear, 3: .bicubic]

  /// What a file leaves out is as in the processor that it names. A size by height and width squashes, a shortest side
  /// keeps the proportions; a number is a shortest side where there is a crop, a square where there is none.
  ///
  /// Throws a `Problem` for steps that this program does not do, such as pixels that are not scaled to 0…1.
  public init(_ fields: ConfigurationFields) throws {
    let kind = try fields.text("image_processor_type", default: fields.text("feature_extractor_type", default: ""))
    for (name, expected) in [("do_resize", true), ("do_rescale", true)] as [(String, JSON)] {
      try fields.require(name, expected)
    }
    guard abs(try fields.number("rescale_factor", default: 1 / 255.0) - 1 / 255.0) < 1e-9 else {
      throw fields.problem("rescale_factor", "1/255")
    }
    let usualCrop = kind.hasPrefix("CLIP") || (kind.isEmpty && fields.json["crop_size"] != nil)
    let crops = try fields.flag("do_center_crop", default: usualCrop)
    let crop = crops ? try fields.square("crop_size") ?? ImageSize(side: 224, isShortest: false) : nil
    let size = try fields.square("size") ?? ImageSize(side: crop?.side ?? 224, isShortest: nil)
    guard crop == nil || crop?.side == size.side else {
      throw Problem(
        "cannot use \(fields.file): the preprocessing scales to \(size.side) and cuts to \(crop?.side ?? 0)",
        advice: "both must be the same")
    }
    let keepsProportions = size.isShortest ?? crops
    guard crops || !keepsProportions else {
      throw Problem(
        "cannot use \(fields.file): it scales the shortest side and cuts nothing off", advice: "expected a square")
    }
    guard let filter = Self.filters[try fields.integer("resample", default: 3, in: 0...5)] else {
      throw fields.problem("resample", "2 (bilinear) or 3 (bicubic)")
    }
    let usual: ColorStatistics = kind.hasPrefix("Siglip") ? .half : .openAI
    let normalizes = try fields.flag("do_normalize", default: true)
    self.init(
      side: size.side, fit: keepsProportions ? .crop : .squash, filter: filter,
      colors: ColorStatistics(
        mean: normalizes ? try fields.channels("image_mean", usual.mean, isAboveZero: false) : [0, 0, 0],
        deviation: normalizes ? try fields.channels("image_std", usual.deviation) : [1, 1, 1]))
  }
}

extension Preprocessing: Encodable {
  private enum Key: String, CodingKey {
    case size, cropSize = "crop_size", mean = "image_mean", deviation = "image_std"
    case kind = "image_processor_type", resizes = "do_resize", crops = "do_center_crop", rescales = "do_rescale"
    case normalizes = "do_normalize", resample, factor = "rescale_factor", convertsToRGB = "do_convert_rgb"
  }

  /// As `preprocessor_config.json` has it.
  public func encode(to encoder: any Encoder) throws {
    var values = encoder.container(keyedBy: Key.self)
    try values.encode(fit == .crop ? "CLIPImageProcessor" : "SiglipImageProcessor", forKey: .kind)
    for flag in [Key.resizes, .rescales, .normalizes, .convertsToRGB] { try values.encode(true, forKey: flag) }
    try values.encode(fit == .crop, forKey: .crops)
    let square = ["height": side, "width": side]
    try values.encode(fit == .crop ? ["shortest_edge": side] : square, forKey: .size)
    if fit == .crop { try values.encode(square, forKey: .cropSize) }
    try values.encode(mean, forKey: .mean)
    try values.encode(deviation, forKey: .deviation)
    try values.encode(filter == .bicubic ? 3 : 2, forKey: .resample)
    try values.encode(1.0 / 255.0, forKey: .factor)
  }
}

/// How large a picture becomes.
private struct ImageSize {
  let side: Int
  /// Whether it is the length of the shortest side; nil where a bare number leaves it open.
  let isShortest: Bool?
}

extension ConfigurationFields {
  /// A size in any of transformers' spellings; nil when it is missing.
  fileprivate func square(_ name: String) throws -> ImageSize? {
    guard let value = json[name], value != .null else { return nil }
    if value.members == nil { return ImageSize(side: try integer(name, in: 1...8192), isShortest: nil) }
    let part = try part(name)
    if part.json["shortest_edge"] != nil {
      return ImageSize(side: try part.integer("shortest_edge", in: 1...8192), isShortest: true)
    }
    let (height, width) = (try part.integer("height", in: 1...8192), try part.integer("width", in: 1...8192))
    guard width == height else { throw problem(name, "a square") }
    return ImageSize(side: width, isShortest: false)
  }

  /// Three numbers, for red, green and blue; `fallback` when they are missing.
  public func channels(_ name: String, _ fallback: [Float], isAboveZero: Bool = true) throws -> [Float] {
    guard let value = json[name], value != .null else { return fallback }
    let numbers = (value.elements ?? []).compactMap(\.double).filter { $0.isFinite && (!isAboveZero || $0 > 0) }
    guard numbers.count == 3, numbers.count == value.elements?.count else {
      throw problem(name, "three numbers" + (isAboveZero ? " above 0" : ""))
    }
    return numbers.map(Float.init)
  }
}
