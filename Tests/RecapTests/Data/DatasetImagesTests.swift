import Engine
import Foundation
import Testing

@testable import Recap

/// Own images as a step gets them, with the small UNet and autoencoder of Tests/Fixtures.
@Suite("Images of a person's own")
struct DatasetImagesTests {
  private static let models = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fixtures/models").standardizedFileURL.path

  private let diffusion: StableDiffusion
  /// SigLIP's colours, so that the reference's, which are OpenAI's, show.
  private let preprocessing = Preprocessing(side: 12, colors: .half)

  init() throws {
    diffusion = StableDiffusion(
      denoiser: try UNet2DConditionModel(WeightsFolder(Self.models + "/unet")),
      autoencoder: try AutoencoderKL(WeightsFolder(Self.models + "/vae")), schedule: NoiseSchedule())
  }

  private func picture(_ number: Int, width: Int = 40, height: Int = 30) -> Image {
    Image(width: width, height: height, pixels: (0..<width * height * 3).map { UInt8(($0 * (number + 3)) % 251) })
  }

  /// Pictures 0 ..< count as PNG files.
  private func withPictures<R>(_ count: Int, _ body: (String) throws -> R) throws -> R {
    try withTemporaryFolder { folder in
      for number in 0..<count { try picture(number).writePNG(to: URL(filePath: "\(folder)/\(number).png")) }
      return try body(folder)
    }
  }

  private func images(_ plan: DataPlan, seed: UInt64 = 5) throws -> DatasetImages {
    try DatasetImages(plan, preprocessing: preprocessing, diffusion: diffusion, seed: seed)
  }

  @Test("become the reference's pixels: a random part, OpenAI's colours for CLIP, a cast for the autoencoder")
  func reference() throws {
    try withPictures(3) { folder in
      let inputs = try images(DataPlan([folder])).inputs([2, 0], batch: 7)

      let crop = RandomResizedCrop(side: diffusion.side)
      let random = RandomSource(seed: 5, stream: 13)
      let parts = [2, 0].enumerated().map { crop(picture($1), random: random, step: 7, sample: $0) }
      let pixels = TrainingPixels(clipSide: 12, colors: .openAI)
      #expect(inputs.pixels.values == pixels.clipPixels(parts).values)
      let latents = diffusion.autoencoder.scaledLatents(of: pixels.autoencoderPixels(parts))
      #expect(inputs.latents.values == latents.values)
      #expect(inputs.latents.values != diffusion.autoencoder.scaledLatents(of: .signedPixels(parts)).values)
    }
  }

  @Test("become each model's own pixels where exact colours are asked for")
  func exact() throws {
    try withPictures(2) { folder in
      let inputs = try images(DataPlan([folder], crop: .center, colors: .exact)).inputs([1], batch: 0)

      let square = diffusion.square(picture(1))
      #expect(inputs.latents.values == diffusion.autoencoder.scaledLatents(of: .signedPixels([square])).values)
      let own = Preprocessing(side: square.width, colors: .half).pixels([square])
      #expect(inputs.pixels.values == own.resized(height: 12, width: 12, by: .bilinear, antialias: false).values)
    }
  }

  @Test("are cut anew for each batch, and the same for the same batch and seed")
  func crops() throws {
    try withPictures(1) { folder in
      let random = try images(DataPlan([folder]))
      let center = try images(DataPlan([folder], crop: .center))

      try #expect(random.squares([0], batch: 3) == images(DataPlan([folder])).squares([0], batch: 3))
      try #expect(random.squares([0], batch: 3) != random.squares([0], batch: 4))
      try #expect(random.squares([0], batch: 3) != images(DataPlan([folder]), seed: 6).squares([0], batch: 3))
      let twice = try random.squares([0, 0], batch: 3)
      #expect(twice[0] != twice[1])
      try #expect(center.squares([0], batch: 3) == center.squares([0], batch: 4))
    }
  }

  @Test("have their latents kept where their parts do not change: equal bits, and no encoder for the second run")
  func latents() throws {
    try withPictures(2) { folder in
      let vae = folder + "/vae"
      try FileManager.default.createDirectory(atPath: vae, withIntermediateDirectories: false)
      try Data("weights".utf8).write(to: URL(filePath: vae + "/weights"))
      func latents(_ crop: DataPlan.Crop, maximumBytes: Int = 1 << 20) throws -> [Float] {
        let cache = LatentCache(
          autoencoder: vae, environment: ["DIVA_TUI_CACHE": folder + "/cache"], maximumBytes: maximumBytes)
        let images = try DatasetImages(
          DataPlan([folder], crop: crop), preprocessing: preprocessing,
          diffusion: diffusion, seed: 5, latents: cache)
        return try images.inputs([1, 0, 1], batch: 0).latents.values
      }
      func kept() -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder + "/cache/latents")) ?? []).sorted()
      }

      let plain = try images(DataPlan([folder], crop: .center)).inputs([1, 0, 1], batch: 0).latents.values
      _ = try latents(.random)
      #expect(kept().isEmpty)
      try #expect(latents(.center, maximumBytes: 900) == plain)
      #expect(kept().isEmpty)
      try #expect(latents(.center) == plain)
      let files = kept()
      #expect(files.count == 2)
      // What is read again is what was kept: one number more shows.
      let file = folder + "/cache/latents/" + files[0]
      let latent = try #require(try SafetensorsFile(file).tensor(named: "tensor"))
      let cache = TensorCache(folder: URL(filePath: folder + "/cache/latents"), maximumBytes: 1 << 20)
      cache.keep(latent + Tensor(repeating: 1, shape: latent.shape), as: String(files[0].dropLast(12)))
      try #expect(latents(.center) != plain)
      // Another autoencoder's are others.
      try Data("other".utf8).write(to: URL(filePath: vae + "/weights"))
      try #expect(latents(.center) == plain)
      #expect(kept().count == 4)
    }
  }

  @Test("that cannot be read are named once, and the next of the set stands in for them")
  func broken() throws {
    try withPictures(4) { folder in
      try Data("no image".utf8).write(to: URL(filePath: folder + "/1.png"))
      // A header that promises 60,000 × 60,000 pixels.
      var bomb = try Data(contentsOf: URL(filePath: folder + "/2.png"))
      bomb.replaceSubrange(16..<24, with: [0, 0, 0xEA, 0x60, 0, 0, 0xEA, 0x60])
      var checksum = CRC32()
      bomb[12..<29].withUnsafeBytes { checksum.update($0) }
      bomb.replaceSubrange(29..<33, with: withUnsafeBytes(of: checksum.value.bigEndian) { Data($0) })
      try bomb.write(to: URL(filePath: folder + "/2.png"))
      let images = try images(DataPlan([folder], crop: .center))

      let squares = try images.squares([1, 2, 3, 1], batch: 0)

      #expect(squares.map(\.image) == Array(repeating: diffusion.square(picture(3)), count: 4))
      #expect(squares.map(\.index) == [3, 3, 3, 3])
      #expect(images.skipped.count == 2 && images.count == 4)
      let words = images.skipped.problems.map(\.message).sorted()
      #expect(words[0].hasSuffix("1.png: it is not an image"))
      #expect(words[1].contains("2.png: its header says 60000 × 60000 pixels"))
    }
  }

  @Test("are refused at once when none can be read, or a path leads nowhere")
  func refused() throws {
    try withTemporaryFolder { folder in
      try Data("no image".utf8).write(to: URL(filePath: folder + "/1.jpg"))

      #expect(problem { _ = try images(DataPlan([folder])) }.contains("1.jpg: it is not an image"))
      #expect(problem { _ = try images(DataPlan([folder + "/2.jpg"])) }.contains("there is no such folder or file"))
      #expect(problem { _ = try images(DataPlan([folder + "/*.tar"])) }.contains("no file or folder fits"))
      #expect(problem { _ = try images(DataPlan([folder + "/1.jpg"])) }.contains("1.jpg: it is not an image"))
      #expect(problem { _ = try images(DataPlan([#filePath])) }.contains("as a tar archive"))
    }
  }

  @Test("are the same from a folder, from tars and from a pattern of tars, captions passed over")
  func shards() throws {
    try withPictures(3) { folder in
      let files = try (0..<3).map { [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\($0).png"))) }
      let shards = folder + "/shards"
      try FileManager.default.createDirectory(atPath: shards, withIntermediateDirectories: false)
      let first = TarBytes.file("a/0.png", files[0]) + TarBytes.file("a/0.txt", Array("words".utf8))
      try Data(first + TarBytes.file("a/1.png", files[1]) + TarBytes.end).write(to: URL(filePath: shards + "/0.tar"))
      try Data(TarBytes.file("2.png", files[2]) + TarBytes.end).write(to: URL(filePath: shards + "/1.tar"))
      func squares(_ paths: [String]) throws -> [Image] {
        try images(DataPlan(paths)).squares([0, 1, 2], batch: 1).map(\.image)
      }

      let expected = try squares(
        [folder + "/0.png", folder + "/1.png", folder + "/2.png"].map { path in
          let alone = folder + "/alone-" + (path as NSString).lastPathComponent.prefix(1)
          try FileManager.default.createDirectory(atPath: alone, withIntermediateDirectories: false)
          try FileManager.default.copyItem(atPath: path, toPath: alone + "/x.png")
          return alone
        })
      try #expect(squares([shards]) == expected)
      try #expect(squares([shards + "/0.tar", shards + "/1.tar"]) == expected)
      try #expect(squares([shards + "/?.tar"]) == expected)
    }
  }

  @Test("that were decoded ahead are the same as those that were not, and so is who stands in for broken ones")
  func ahead() throws {
    try withPictures(6) { folder in
      try Data("no image".utf8).write(to: URL(filePath: folder + "/3.png"))
      let plain = try images(DataPlan([folder]))
      let ahead = try images(DataPlan([folder]))
      ahead.prepare([9, 9], batch: 0, from: 0)
      for batch in 0..<3 { ahead.prepare([batch, 3], batch: batch, from: 0) }
      #expect(ahead.skipped.count == 0)

      for batch in 0..<3 {
        #expect(try ahead.squares([batch, 3], batch: batch) == plain.squares([batch, 3], batch: batch))
        #expect(ahead.skipped == plain.skipped && ahead.skipped.count == 1)
      }
      // A part of a micro-batch sees what the whole has at its places, as other parts of the image show.
      let part = try images(DataPlan([folder])).squares([4, 2], batch: 2, from: 1)
      #expect(try part == Array(images(DataPlan([folder])).squares([2, 4, 2], batch: 2)[1...]))
      // A run that goes on in the middle sees what the uninterrupted one would have seen.
      #expect(try images(DataPlan([folder])).squares([2, 3], batch: 2) == plain.squares([2, 3], batch: 2))
    }
  }

  @Test("can be a single one")
  func single() throws {
    try withPictures(2) { folder in
      let images = try images(DataPlan([folder + "/1.png"], crop: .center))
      #expect(try images.count == 1 && images.squares([0], batch: 0).map(\.image) == [diffusion.square(picture(1))])
      #expect(images.summary == "1 image in 1 file")
    }
  }

  @Test("that a tar has but cannot give are counted beside those that it gives")
  func obstacles() throws {
    try withPictures(1) { folder in
      let file = [UInt8](try Data(contentsOf: URL(filePath: folder + "/0.png")))
      let tar = folder + "/x.tar"
      let members =
        TarBytes.file("good.png", file) + TarBytes.file("../out.png", file) + TarBytes.header("link.jpg", 0, kind: "2")
        + TarBytes.file("cut.png", Array(file.prefix(60)))
      try Data(members + TarBytes.header("rest.png", 9999)).write(to: URL(filePath: tar))

      let images = try images(DataPlan([tar]))
      _ = try images.squares([0, 1], batch: 0)

      let words = images.skipped.problems.map(\.message)
      #expect(images.count == 2 && words.count == 4)
      #expect(words[0].contains("out.png") && words[0].hasSuffix("its path leads out of the archive"))
      #expect(words[1].contains("link.jpg") && words[1].hasSuffix("it is a link"))
      #expect(words.count == 4)
      #expect(words[2].contains("a member of 9999 bytes reaches beyond the file's"))
      #expect(words[3].contains("x.tar: cut.png"))
    }
  }
}

/// Tar archives in ustar's plainest form.
enum TarBytes {
  static let end = [UInt8](repeating: 0, count: 1024)

  static func file(_ name: String, _ bytes: [UInt8]) -> [UInt8] {
    header(name, bytes.count) + bytes + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }

  static func header(_ name: String, _ size: Int, kind: Character = "0") -> [UInt8] {
    var header = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at place: Int) { header.replaceSubrange(place..<place + text.utf8.count, with: text.utf8) }
    put(name, at: 0)
    let digits = String(size, radix: 8)
    put(String(repeating: "0", count: 11 - digits.count) + digits, at: 124)
    put(String(kind), at: 156)
    put("ustar\u{0}00", at: 257)
    put("        ", at: 148)
    let sum = String(header.reduce(0) { $0 + Int($1) }, radix: 8)
    put(String(repeating: "0", count: 6 - sum.count) + sum + "\u{0} ", at: 148)
    return header
  }
}
