import Engine
import Foundation
import TestSupport
import Testing

@Suite struct ImageTests {
  @Test func everyFixtureIsThere() {
    #expect(ResizeCase.all.count == 9)
    #expect(DecodeCase.all.count == 39 && ResizeChecksum.all.count == 154 && CropCase.all.count == 30)
  }

  @Test("A file decodes to the pixels that Pillow reads", arguments: DecodeCase.all)
  func decoding(it: DecodeCase) throws {
    let image = try Image(decoding: it.file, named: it.name)

    expect(image, equals: it.image)
  }

  @Test("Bilinear resizing equals Pillow bit for bit", arguments: ResizeCase.all)
  func bilinear(it: ResizeCase) {
    let resized = it.image.resized(width: it.to[0], height: it.to[1], by: .bilinear)

    expect(resized, equals: Image(width: it.to[0], height: it.to[1], pixels: [UInt8](it.bilinear)))
  }

  @Test("Bicubic resizing equals Pillow bit for bit", arguments: ResizeCase.all)
  func bicubic(it: ResizeCase) {
    let resized = it.image.resized(width: it.to[0], height: it.to[1], by: .bicubic)

    expect(resized, equals: Image(width: it.to[0], height: it.to[1], pixels: [UInt8](it.bicubic)))
  }

  @Test("Any size to any other equals Pillow bit for bit", arguments: ResizeChecksum.all)
  func anySize(it: ResizeChecksum) {
    let image = Image.formula(width: it.from[0], height: it.from[1], isHard: true)

    let bilinear = image.resized(width: it.to[0], height: it.to[1], by: .bilinear)
    let bicubic = image.resized(width: it.to[0], height: it.to[1], by: .bicubic)

    #expect(ResizeChecksum.of(bilinear) == it.bilinear)
    #expect(ResizeChecksum.of(bicubic) == it.bicubic)
  }

  @Test("The shorter side gets the wanted length, the longer one is rounded down")
  func shortestSide() {
    let wide = noise(width: 50, height: 33).resized(shortestSide: 16, by: .bicubic)
    let tall = noise(width: 33, height: 50).resized(shortestSide: 16, by: .bicubic)

    #expect(wide.width == 24 && wide.height == 16)
    #expect(tall.width == 16 && tall.height == 24)
  }

  @Test("A centre crop rounds halves to even, as torchvision does", arguments: [(5, 4, 0), (7, 4, 2), (9, 4, 2)])
  func centerCrop(width: Int, side: Int, start: Int) {
    let image = noise(width: width, height: side)

    let crop = image.croppedAtCenter(to: side)

    #expect(crop == image.cropped(x: start, y: 0, width: side, height: side))
  }

  @Test(
    "What CLIP sees is the middle of the resized image", arguments: [(50, 33), (33, 50), (16, 40), (41, 16), (9, 9)])
  func centerSquare(width: Int, height: Int) {
    let image = noise(width: width, height: height)

    let square = image.centerSquare(side: 16, by: .bicubic)

    expect(square, equals: image.resized(shortestSide: 16, by: .bicubic).croppedAtCenter(to: 16))
  }

  @Test func aThinLineOfAnImageIsNoBomb() {
    let square = noise(width: 100_000, height: 1).centerSquare(side: 32, by: .bicubic)

    #expect(square.width == 32 && square.height == 32)
  }

  @Test func aPNGFileKeepsEveryPixel() throws {
    let image = noise(width: 31, height: 17)
    let url = URL.temporaryDirectory.appending(path: "\(UUID().uuidString).png")
    defer { try? FileManager.default.removeItem(at: url) }

    try image.writePNG(to: url)

    #expect(try Image(contentsOf: url) == image)
  }

  private func expect(_ image: Image, equals expected: Image, at location: SourceLocation = #_sourceLocation) {
    #expect(image.width == expected.width && image.height == expected.height, sourceLocation: location)
    let wrong = zip(image.pixels, expected.pixels).enumerated().filter { $1.0 != $1.1 }
    let first = wrong.first.map { "value \($0): \($1.0), Pillow has \($1.1)" } ?? ""
    #expect(wrong.isEmpty, "\(wrong.count) values differ; \(first)", sourceLocation: location)
  }

  private func noise(width: Int, height: Int) -> Image {
    let pixels = (0..<width * height * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761) >> 13) }
    return Image(width: width, height: height, pixels: pixels)
  }
}
