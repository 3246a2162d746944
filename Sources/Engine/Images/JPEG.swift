import CImages

/// JPEG through libjpeg-turbo, set to give the same pixels as Pillow.
enum JPEG {
  static func decode(_ bytes: [UInt8], maximumArea: Int) throws -> Image {
    var (width, height, channels): (UInt32, UInt32, UInt32) = (0, 0, 0)
    try Image.withReason("JPEG") { images_jpeg_read(bytes, bytes.count, &width, &height, &channels, nil, $0) }
    try Image.check(width: Int(width), height: Int(height), maximumArea: maximumArea)
    try checkScans(bytes, area: Int(width) * Int(height))
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * Int(channels))
    try Image.withReason("JPEG") { images_jpeg_read(bytes, bytes.count, &width, &height, &channels, &pixels, $0) }
    return Image(width: Int(width), height: Int(height), pixels: channels == 4 ? rgb(fromInverted: pixels) : pixels)
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
