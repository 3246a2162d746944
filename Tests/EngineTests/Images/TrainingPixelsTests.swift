import Foundation
import Testing

@testable import Engine

@Suite struct TrainingPixelsTests {
  @Test(
    "Tensors are resized as torchvision does", arguments: 0..<4,
    ["bilinear", "bicubic", "bilinear/antialias", "bicubic/antialias"])
  func resizing(number: Int, mode: String) throws {
    let it = try Fixture("training_pixels")
    let expected = try it["resize/\(number)/\(mode)"]

    let resized = try it["resize/\(number)/x"].resized(
      height: expected.shape[1], width: expected.shape[2], by: mode.hasPrefix("bilinear") ? .bilinear : .bicubic,
      antialias: mode.hasSuffix("antialias"))

    expect(resized, equals: expected, within: .relative(1e-6))
  }

  @Test("Both inputs of a step are the reference's, its mismatch of colours included")
  func reference() throws {
    let it = try Fixture("training_pixels")
    let pixels = TrainingPixels(clipSide: 20, colors: .half)

    expect(pixels.clipPixels(pictures), equals: try it["training/clip"], within: .relative(1e-6))
    expect(
      everyFourth(pixels.autoencoderPixels(pictures)), equals: try it["training/autoencoder"], within: .relative(1e-6))
  }

  @Test("The exact mapping gives CLIP its own colours and the autoencoder −1 to 1")
  func exact() throws {
    let it = try Fixture("training_pixels")
    let pixels = TrainingPixels(clipSide: 20, colors: .half, mapping: .exact)

    expect(pixels.clipPixels(pictures), equals: try it["training/clip/exact"], within: .relative(1e-6))
    expect(
      everyFourth(pixels.autoencoderPixels(pictures)), equals: try it["training/autoencoder/exact"],
      within: .relative(1e-6))
  }

  @Test("A random part is chosen as torchvision chooses it", arguments: CropCase.all)
  func crops(it: CropCase) {
    var rest = it.draws[...]

    let box = RandomResizedCrop(side: 8).box(width: it.size[0], height: it.size[1]) { rest.popFirst() ?? 0 }

    #expect([box.x, box.y, box.width, box.height] == it.box)
  }

  @Test func theSameDrawsGiveTheSamePart() {
    let crop = RandomResizedCrop(side: 16)
    let image = Image.formula(width: 40, height: 31)

    let first = crop(image, random: RandomSource(seed: 3), step: 5, sample: 1)

    #expect(first.width == 16 && first.height == 16)
    #expect(first == crop(image, random: RandomSource(seed: 3), step: 5, sample: 1))
    #expect(first != crop(image, random: RandomSource(seed: 3), step: 6, sample: 1))
  }

  private var pictures: [Image] {
    let picture = Image.formula(width: 64, height: 64)
    let rows = (0..<64).reversed().flatMap { picture.pixels[$0 * 192..<($0 + 1) * 192] }
    return [picture, Image(width: 64, height: 64, pixels: Array(rows))]
  }

  private func everyFourth(_ pixels: Tensor) -> Tensor {
    let values = pixels.values
    let chosen = (0..<2).flatMap { image in
      (0..<16).flatMap { y in
        (0..<16).flatMap { x -> ArraySlice<Float> in
          let start = ((image * 64 + 4 * y) * 64 + 4 * x) * 3
          return values[start..<start + 3]
        }
      }
    }
    return Tensor(chosen, shape: [2, 16, 16, 3])
  }
}
