import CImages
import FoundationEssentials
import Glibc

/// PNG through libpng.
enum PNG {
  static func decode(_ bytes: [UInt8], maximumArea: Int) throws -> Image {
    var width: UInt32 = 0
    var height: UInt32 = 0
    try Image.withReason("PNG") { images_png_read(bytes, bytes.count, &width, &height, nil, $0) }
    try Image.check(width: Int(width), height: Int(height), maximumArea: maximumArea)
    var pixels = [UInt8](repeating: 0, count: Int(width) * Int(height) * 3)
    try Image.withReason("PNG") { images_png_read(bytes, bytes.count, &width, &height, &pixels, $0) }
    return Image(width: Int(width), height: Int(height), pixels: pixels)
  }

  static func encode(_ image: Image) throws -> Data {
    var encoded: UnsafeMutablePointer<UInt8>?
    var count = 0
    defer { free(encoded) }
    try Image.withReason("PNG") {
      images_png_encode(image.pixels, UInt32(image.width), UInt32(image.height), &encoded, &count, $0)
    }
    return encoded.map { Data(bytes: $0, count: count) } ?? Data()
  }
}
