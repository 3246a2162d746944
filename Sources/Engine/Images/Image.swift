/// A picture as people see it: 8-bit RGB, row-major, three bytes a pixel.
///
/// For files, resizing and the screen; a model's normalised input is a `Tensor`.
///
///     let square = try Image(contentsOf: url).resized(shortestSide: 224, by: .bicubic).croppedAtCenter(to: 224)
public struct Image: Equatable, Sendable {
  public let width: Int
  public let height: Int
  /// height × width × 3 values, red first.
  public var pixels: [UInt8]

  public init(width: Int, height: Int, pixels: [UInt8]) {
    precondition(
      width > 0 && height > 0 && pixels.count == width * height * 3,
      "an image of \(width) × \(height) has \(width * height * 3) values, not \(pixels.count)")
    self.width = width
    self.height = height
    self.pixels = pixels
  }

  /// The part with its upper left corner at (x, y); it must lie inside the image.
  public func cropped(x: Int, y: Int, width: Int, height: Int) -> Image {
    precondition(
      x >= 0 && y >= 0 && x + width <= self.width && y + height <= self.height,
      "a crop of \(width) × \(height) at (\(x), \(y)) leaves an image of \(self.width) × \(self.height)")
    var part: [UInt8] = []
    part.reserveCapacity(width * height * 3)
    for row in y..<y + height {
      let start = (row * self.width + x) * 3
      part += pixels[start..<start + width * 3]
    }
    return Image(width: width, height: height, pixels: part)
  }

  /// The square in the middle, placed as torchvision's `CenterCrop` places it (ties round to even).
  public func croppedAtCenter(to side: Int) -> Image {
    cropped(x: Self.cropStart(width, side), y: Self.cropStart(height, side), width: side, height: side)
  }

  static func cropStart(_ length: Int, _ side: Int, roundingDown: Bool = false) -> Int {
    Int((Double(length - side) / 2).rounded(roundingDown ? .down : .toNearestOrEven))
  }
}
