import Foundation
import Testing

@testable import Engine

/// Model folders: configuration, weights in one file or in shards.
struct SafetensorsFolderTests {
  private func write(_ text: String, _ path: String) throws { try Data(text.utf8).write(to: URL(filePath: path)) }

  /// What `body` complains of.
  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no complaint"
    } catch {
      return (error as? Problem)?.message ?? "not a Problem: \(error)"
    }
  }

  @Test("a missing folder, configuration or weights file is named")
  func missingParts() throws {
    try Reference.withTemporaryFolder { path in
      let folder = WeightsFolder(path)

      #expect(message { _ = try WeightsFolder(path + "/no").configuration() }.contains("no such folder"))
      let missing = "cannot read \(path)/config.json: No such file or directory"
      #expect(message { _ = try folder.configuration() } == missing)
      #expect(message { _ = try folder.weights() } == "cannot open \(path): it holds no weights")
    }
  }

  @Test("a configuration that is no JSON says where")
  func damagedConfiguration() throws {
    try Reference.withTemporaryFolder { path in
      try write("{\n \"a\": 1,\n \"b\" 2\n}", path + "/config.json")

      #expect(
        message { _ = try WeightsFolder(path).configuration() }
          == "cannot read \(path)/config.json: not valid JSON at line 3, column 6: expected ':'")
    }
  }

  @Test(
    "an index may only name files of its own folder",
    arguments: ["../x.safetensors", "a/b.safetensors", "a\\\\b", "..", "", "/etc/passwd"])
  func escapingIndex(name: String) throws {
    try Reference.withTemporaryFolder { path in
      try write("{\"weight_map\": {\"w\": \"\(name)\"}}", path + "/model.safetensors.index.json")

      #expect(message { _ = try WeightsFolder(path).weights() }.contains("w is said to be in"))
    }
  }

  @Test("an index that promises a tensor which its file lacks is refused")
  func lyingIndex() throws {
    try Reference.withTemporaryFolder { path in
      try SafetensorsWriter([.floats("v", Tensor(zeros: [1]))]).write(to: path + "/part.safetensors")
      try write("{\"weight_map\": {\"w\": \"part.safetensors\"}}", path + "/model.safetensors.index.json")

      #expect(message { _ = try WeightsFolder(path).weights() }.contains("part.safetensors holds no tensor w"))
    }
  }

  @Test("weights that do not fit the configuration are refused with both shapes")
  func configurationAndWeightsDisagree() throws {
    try Reference.withTemporaryFolder { path in
      let clip = try CLIP(WeightsFolder(Reference.path("models/clip")))
      let folder = WeightsFolder(path)
      try clip.save(to: folder)

      var wider = clip.config
      wider.projectionWidth = 11
      try folder.write(wider.json, named: "config.json")
      #expect(message { _ = try CLIP(folder) }.contains("text_projection.weight is (10, 12)"))

      var deeper = clip.config
      deeper.vision.encoder.layers = 3
      try folder.write(deeper.json, named: "config.json")
      #expect(message { _ = try CLIP(folder) }.contains("it has no tensor vision_model.encoder.layers.2."))

      var shallower = clip.config
      shallower.vision.encoder.layers = 1
      try folder.write(shallower.json, named: "config.json")
      #expect(message { _ = try CLIP(folder) }.contains("16 of its tensors have no place in this model"))
    }
  }

  @Test("the position counters of old files are not missed and not in the way")
  func positionCounters() throws {
    try Reference.withTemporaryFolder { path in
      let clip = try CLIP(WeightsFolder(Reference.path("models/clip")))
      let weights = clip.parameters.map { SafetensorsWriter.Entry.floats($0.name, $0.value) }
      let counter = SafetensorsWriter.Entry.integers(
        "text_model.embeddings.position_ids", Array(0..<9), dims: [1, 9])
      try SafetensorsWriter(weights + [counter]).write(to: path + "/model.safetensors")
      try WeightsFolder(path).write(clip.config.json, named: "config.json")

      #expect(try CLIP(WeightsFolder(path)).parameters.count == clip.parameters.count)
    }
  }

  @Test("Stable Diffusion's text encoder opens with and without the prefix of its names")
  func textEncoder() throws {
    let clip = try CLIP(WeightsFolder(Reference.path("models/clip")))
    let ids = [[38, 5, 17, 39]]
    for prefix in ["text_model.", ""] {
      try Reference.withTemporaryFolder { path in
        let tower = clip.text.parameters.filter { $0.name.hasPrefix("text_model.") }
        let entries = tower.map { parameter in
          SafetensorsWriter.Entry.floats(prefix + parameter.name.dropFirst("text_model.".count), parameter.value)
        }
        try SafetensorsWriter(entries).write(to: path + "/model.safetensors")
        try WeightsFolder(path).write(clip.config.text.json, named: "config.json")

        let encoder = try CLIPTextTower(textEncoder: WeightsFolder(path))

        #expect(encoder(ids).values == clip.text(ids).values)
      }
    }
  }

  @Test("a diffusion folder opens again as it was saved, and parts that do not fit are refused")
  func diffusionFolder() throws {
    let unet = try UNet2DConditionModel(WeightsFolder(Reference.path("models/unet")))
    let autoencoder = try AutoencoderKL(WeightsFolder(Reference.path("models/vae")))
    let schedule = NoiseSchedule(timesteps: 100, prediction: .velocity)
    try Reference.withTemporaryFolder { path in
      let folder = WeightsFolder(path)
      try StableDiffusion(denoiser: unet, autoencoder: autoencoder, schedule: schedule).save(to: folder)

      let opened = try StableDiffusion(folder)

      #expect(opened.schedule == schedule)
      #expect((opened.denoiser as? UNet2DConditionModel)?.config == unet.config)
      #expect(opened.autoencoder.config == autoencoder.config)
      let other = UNet2DConfig(
        sampleSize: 8, channels: 4, blockChannels: [4], attention: [true], heads: [1], contextWidth: 2, groups: 2)
      try UNet2DConditionModel(other, from: .initializing(seed: 1)).save(to: WeightsFolder(path + "/unet"))
      #expect(
        message { _ = try StableDiffusion(folder) }.hasSuffix("its denoiser takes 4 channels, its autoencoder gives 3"))
    }
  }
}
