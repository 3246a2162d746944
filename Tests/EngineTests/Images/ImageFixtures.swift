import Engine
import Foundation
import Testing

/// Images that Tests/Reference/pillow_resize.py resized.
struct ResizeCase: Decodable, CustomTestStringConvertible, Sendable {
  let from: [Int]
  let to: [Int]
  let source: Data
  let bilinear: Data
  let bicubic: Data

  var image: Image { Image(width: from[0], height: from[1], pixels: [UInt8](source)) }
  var testDescription: String { "\(from) to \(to)" }

  static let all: [ResizeCase] = imageFixture("pillow_resize")
}

/// Image files that Tests/Reference/pillow_decode.py read.
struct DecodeCase: Decodable, CustomTestStringConvertible, Sendable {
  let name: String
  let file: Data
  let width: Int
  let height: Int
  let rgb: Data

  var image: Image { Image(width: width, height: height, pixels: [UInt8](rgb)) }
  var testDescription: String { name }

  static let all: [DecodeCase] = imageFixture("pillow_decode") + imageFixture("pillow_decode_png")

  static func named(_ name: String) -> DecodeCase {
    all.first { $0.name == name } ?? DecodeCase(name: name, file: Data(), width: 0, height: 0, rgb: Data())
  }
}

/// Sizes of which Tests/Reference/pillow_resize.py kept checksums only.
struct ResizeChecksum: Decodable, CustomTestStringConvertible, Sendable {
  let from: [Int]
  let to: [Int]
  let bilinear: String
  let bicubic: String

  var testDescription: String { "\(from) to \(to)" }

  static let all: [ResizeChecksum] = imageFixture("pillow_resize_many")

  /// FNV-1a, 64 bits.
  static func of(_ image: Image) -> String {
    String(image.pixels.reduce(0xCBF2_9CE4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 })
  }
}

/// Parts of pictures that Tests/Reference/training_pixels.py let torchvision choose.
struct CropCase: Decodable, CustomTestStringConvertible, Sendable {
  let size: [Int]
  let draws: [Double]
  let box: [Int]

  var testDescription: String { "\(size)" }

  static let all: [CropCase] = imageFixture("random_crops")
}

extension Image {
  /// Pixels that the scripts make by the same formula; `isHard` adds plateaus of black and white.
  static func formula(width: Int, height: Int, isHard: Bool = false) -> Image {
    let pixels = (0..<width * height * 3).map { index -> UInt8 in
      let value = UInt8(truncatingIfNeeded: (index &* 2_654_435_761 & 0xFFFF_FFFF) >> 13)
      return isHard ? (value > 230 ? 255 : value < 20 ? 0 : value) : value
    }
    return Image(width: width, height: height, pixels: pixels)
  }
}

private struct FixtureFile<Case: Decodable>: Decodable {
  let cases: [Case]
}

/// The cases of a fixture file; none when it cannot be read, which `everyFixtureIsThere` reports.
private func imageFixture<Case: Decodable>(_ name: String) -> [Case] {
  let tests = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  let url = tests.deletingLastPathComponent().appending(path: "Fixtures/\(name).json")
  let file = try? JSONDecoder().decode(FixtureFile<Case>.self, from: Data(contentsOf: url))
  return file?.cases ?? []
}
