import Engine
import Foundation
import Testing

@Suite struct PreprocessingTests {
  @Test("Pixels are torchvision's ToTensor and Normalize, to the bit")
  func normalization() {
    let image = Image(width: 1, height: 1, pixels: [1, 128, 254])

    let pixels = Preprocessing(side: 1, colors: .openAI).pixels([image])

    let mean: [Float] = [0.48145466, 0.4578275, 0.40821073]
    let deviation: [Float] = [0.26862954, 0.26130258, 0.27577711]
    let wanted = zip(image.pixels, zip(mean, deviation)).map { (Float($0) / 255 - $1.0) / $1.1 }
    #expect(pixels.shape == [1, 1, 1, 3] && pixels.values == wanted)
  }

  @Test func croppingKeepsProportionsAndSquashingKeepsEverything() {
    let image = Image.formula(width: 50, height: 33)
    func square(_ fit: Preprocessing.Fit, _ filter: Image.Filter) -> Image {
      Preprocessing(side: 16, fit: fit, filter: filter, colors: .half).square(image)
    }

    #expect(square(.crop, .bicubic) == image.resized(shortestSide: 16, by: .bicubic).croppedAtCenter(to: 16))
    #expect(square(.squash, .bicubic) == image.resized(width: 16, height: 16, by: .bicubic))
    #expect(square(.squash, .bilinear) == image.resized(width: 16, height: 16, by: .bilinear))
  }

  private func preprocessing(_ json: [UInt8]) throws -> Preprocessing {
    try Preprocessing(ConfigurationFields(JSON(parsing: json, file: "settings"), file: "settings"))
  }

  @Test(
    "transformers' files are understood, old and new",
    arguments: [
      (#""crop_size": 224, "size": 224, "resample": 3"#, Preprocessing.Fit.crop, Image.Filter.bicubic, 224),
      (#""crop_size": {"height": 336, "width": 336}, "size": {"shortest_edge": 336}"#, .crop, .bicubic, 336),
      (#""size": {"height": 384, "width": 384}, "resample": 3"#, .squash, .bicubic, 384),
      (
        #""do_center_crop": false, "crop_size": {"height": 9, "width": 9}, "size": 64, "resample": 2"#, .squash,
        .bilinear, 64
      ),
    ])
  func files(members: String, fit: Preprocessing.Fit, filter: Image.Filter, side: Int) throws {
    let json = #"{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], \#(members)}"#

    let read = try preprocessing(Array(json.utf8))

    let wanted = Preprocessing(side: side, fit: fit, filter: filter, colors: .half)
    #expect(read == wanted)
    #expect(try preprocessing([UInt8](JSONEncoder().encode(wanted))) == wanted)
  }

  @Test(
    "What cannot be done is refused",
    arguments: [
      (#""crop_size": 224, "size": 256"#, "scales to 256 and cuts to 224"),
      (#""size": {"height": 3, "width": 4}"#, "expected a square"), (#""size": 8, "resample": 1"#, "resample is 1"),
      (#""size": 0"#, "size is 0"), (#""size": 8, "do_resize": false"#, "do_resize is false"),
      (#""size": 8, "rescale_factor": 0.5"#, "expected 1/255"),
      (#""size": {"shortest_edge": 8}, "do_center_crop": false"#, "cuts nothing off"),
    ])
  func refusals(members: String, reason: String) {
    let json = #"{"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5], \#(members)}"#

    let problem = #expect(throws: Problem.self) { try preprocessing(Array(json.utf8)) }

    #expect(problem?.message.contains(reason) == true)
  }
}
