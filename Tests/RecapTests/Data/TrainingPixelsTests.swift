import Engine
import Foundation
import Testing

@testable import Recap

/// Against what Tests/Reference computed with torchvision.
@Suite struct TrainingPixelsTests {
  private let expected: SafetensorsFile

  init() throws {
    let fixtures = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures")
    expected = try SafetensorsFile(fixtures.standardizedFileURL.path + "/training_pixels.safetensors")
  }

  @Test("Both inputs of a step are the reference's, its mismatch of colours included")
  func reference() throws {
    let pixels = TrainingPixels(clipSide: 20, colors: .half)

    try expect(pixels.clipPixels(pictures).values, "training/clip")
    try expect(everyFourth(pixels.autoencoderPixels(pictures)), "training/autoencoder")
  }

  @Test("The exact mapping gives CLIP its own colours and the autoencoder −1 to 1")
  func exact() throws {
    let pixels = TrainingPixels(clipSide: 20, colors: .half, mapping: .exact)

    try expect(pixels.clipPixels(pictures).values, "training/clip/exact")
    try expect(everyFourth(pixels.autoencoderPixels(pictures)), "training/autoencoder/exact")
  }

  private func expect(_ found: [Float], _ name: String) throws {
    let values = try #require(try expected.tensor(named: name)).values
    #expect(found.count == values.count)
    #expect(zip(found, values).allSatisfy { abs($0 - $1) <= 1e-5 }, "\(name)")
  }

  /// Pixels that the script makes by the same formula, and the same upside down.
  private var pictures: [Image] {
    let pixels = (0..<64 * 64 * 3).map { UInt8(truncatingIfNeeded: ($0 &* 2_654_435_761 & 0xFFFF_FFFF) >> 13) }
    let flipped = (0..<64).reversed().flatMap { pixels[$0 * 192..<($0 + 1) * 192] }
    return [pixels, flipped].map { Image(width: 64, height: 64, pixels: $0) }
  }

  private func everyFourth(_ pixels: Tensor) -> [Float] {
    let values = pixels.values
    return (0..<2 * 16 * 16).flatMap { index in
      let start = ((index / 256 * 64 + index / 16 % 16 * 4) * 64 + index % 16 * 4) * 3
      return values[start..<start + 3]
    }
  }
}
