import CImages

/// JPEG through TurboJPEG, set to give the same pixels as Pillow: accurate DCT and smooth ("fancy") up-sampling.
enum JPEG {
  static func decode(_ bytes: [UInt8], maximumArea: Int) throws -> Image {
    guard let decoder = tjInitDecompress() else { throw Problem("out of memory") }
    defer { tjDestroy(decoder) }
    var width: Int32 = 0
    var height: Int32 = 0
    var subsampling: Int32 = 0
    var colorSpace: Int32 = 0
    guard
      tjDecompressHeader3(decoder, bytes, UInt(bytes.count), &width, &height, &subsampling, &colorSpace) == 0
    else { throw damaged(decoder) }
    try Image.check(width: Int(width), height: Int(height), maximumArea: maximumArea)
    try checkScans(bytes, area: Int(width) * Int(height))

    let isInk = colorSpace == TJCS_CMYK.rawValue || colorSpace == TJCS_YCCK.rawValue
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * (isInk ? 4 : 3))
    let format = isInk ? TJPF_CMYK.rawValue : TJPF_RGB.rawValue
    let status = tjDecompress2(
      decoder, bytes, UInt(bytes.count), &pixels, width, 0, height, Int32(format),
      TJFLAG_ACCURATEDCT)
    if status != 0 && !isTolerable(decoder) { throw damaged(decoder) }
    return Image(width: Int(width), height: Int(height), pixels: isInk ? rgb(fromInverted: pixels) : pixels)
  }

  /// Pixels that the scans of a progressive image may pass over in all: 24 times the largest area, where encoders make
  /// ten scans. A scan may take a dozen bytes, so that a short file could keep the decoder busy for minutes.
  static let mostScanned = 1 << 32

  private static func checkScans(_ bytes: [UInt8], area: Int) throws {
    // A scan begins with FF DA; in the data of one, FF is always followed by 00 or by a number of restart.
    let scans = bytes.withUnsafeBufferPointer { bytes in
      (0..<max(0, bytes.count - 1)).reduce(0) { $0 + (bytes[$1] == 0xFF && bytes[$1 + 1] == 0xDA ? 1 : 0) }
    }
    guard scans <= max(24, min(500, mostScanned / area)) else {
      throw Problem(
        "it has \(scans) scans, which would take minutes", advice: "Save the picture anew, or as PNG.")
    }
  }

  /// Like Pillow, takes stray bytes and wrong codes as they are, but not an image whose lower part is missing.
  ///
  /// The library's error code does not say: an error that follows a warning is reported as a warning.
  private static func isTolerable(_ decoder: tjhandle) -> Bool {
    reason(decoder).hasPrefix("Corrupt JPEG data")
  }

  private static func reason(_ decoder: tjhandle) -> String {
    tjGetErrorStr2(decoder).map { String(cString: $0) } ?? "no reason given"
  }

  private static func damaged(_ decoder: tjhandle) -> Problem {
    Problem(
      "the JPEG data cannot be used (\(reason(decoder)))",
      advice: "The file is cut short or damaged; get it again.")
  }

  /// Inks as Adobe stores them (255 = no ink) to RGB, by Pillow's integer formula.
  private static func rgb(fromInverted inks: [UInt8]) -> [UInt8] {
    var rgb: [UInt8] = []
    rgb.reserveCapacity(inks.count / 4 * 3)
    for pixel in stride(from: 0, to: inks.count, by: 4) {
      let white = Int(inks[pixel + 3])
      for channel in 0..<3 {
        let product = (255 - Int(inks[pixel + channel])) * white + 128
        rgb.append(UInt8(clamping: white - ((product + (product >> 8)) >> 8)))
      }
    }
    return rgb
  }
}
