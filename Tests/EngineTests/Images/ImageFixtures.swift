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

  static let all: [DecodeCase] = imageFixture("pillow_decode")

  static func named(_ name: String) -> DecodeCase {
    all.first { $0.name == name } ?? DecodeCase(name: name, file: Data(), width: 0, height: 0, rgb: Data())
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
