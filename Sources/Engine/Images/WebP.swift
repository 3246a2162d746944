import CImages
import FoundationEssentials

/// WebP through libwebp, whose conversion to RGB is Pillow's, too.
enum WebP {
  static func decode(_ bytes: [UInt8], maximumArea: Int) throws -> Image {
    var features = WebPBitstreamFeatures()
    guard WebPGetFeatures(bytes, bytes.count, &features) == VP8_STATUS_OK else { throw damaged }
    guard features.has_animation == 0 else {
      throw Problem("it is an animated WebP file", advice: "Save one of its pictures as PNG, JPEG or WebP.")
    }
    let (width, height) = (Int(features.width), Int(features.height))
    try Image.check(width: width, height: height, maximumArea: maximumArea)
    var pixels = [UInt8](repeating: 0, count: width * height * 3)
    guard WebPDecodeRGBInto(bytes, bytes.count, &pixels, pixels.count, Int32(width * 3)) != nil else { throw damaged }
    return Image(width: width, height: height, pixels: pixels)
  }

  /// With losses; 100 has the fewest.
  static func encode(_ image: Image, quality: Float) throws -> Data {
    var encoded: UnsafeMutablePointer<UInt8>?
    defer { WebPFree(encoded) }
    let (width, height) = (Int32(image.width), Int32(image.height))
    let count = WebPEncodeRGB(image.pixels, width, height, 3 * width, quality, &encoded)
    guard count > 0, let encoded else { throw Problem("a picture of \(width) × \(height) cannot be written as WebP") }
    return Data(bytes: encoded, count: count)
  }

  private static var damaged: Problem {
    Problem("the WebP data cannot be used", advice: "The file is cut short or damaged; get it again.")
  }
}
