import TestSupport
import Testing

@testable import Engine

@Suite struct TrainingTransformTests {
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
}
