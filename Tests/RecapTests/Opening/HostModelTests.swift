import Engine
import Foundation
import Testing

@testable import Recap

/// Image towers in other models' folders; Tests/Reference/exports.py opens them with transformers.
extension OpeningTests {
  private static let inClip: JSON = [
    "model_type": "clip_vision_model", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 1,
    "intermediate_size": 256, "image_size": 12, "patch_size": 4, "hidden_act": "quick_gelu",
  ]

  /// A model of two files: one with the tower in F16, BF16 and F32, one with words only.
  private func withHost<R>(
    _ prefix: String, vision: JSON = inClip, _ body: (CLIP, String) throws -> R
  ) throws -> R {
    let path = FileManager.default.temporaryDirectory.appending(path: "host-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    let clip = try smallCLIP(vocabulary: 768)
    let host = WeightsFolder(path + "/host")
    try host.write(["model_type": "llava", "vision_config": vision], named: "config.json")
    let old = KeyLayout.transformers.stored(clip.vision.parameters.map { ($0.name, $0.value.detached()) })
      .filter { $0.key.hasPrefix("vision_model.") }
      .map { (prefix + $0.key.dropFirst("vision_model.".count), $0.tensor.scaled(by: 0)) }
    let tower = old.enumerated().map { index, tensor -> SafetensorsWriter.Entry in
      switch index % 3 {
      case 0: .floats(tensor.0, tensor.1)
      case 1: .float16s(tensor.0, tensor.1)
      default: .brainFloats(tensor.0, tensor.1)
      }
    }
    let words = RandomSource(seed: 3).normal([5, 7], step: 0)
    let files: [(String, [SafetensorsWriter.Entry])] = [
      ("model-00001-of-00002.safetensors", tower + [.brainFloats("language_model.norm", words)]),
      ("model-00002-of-00002.safetensors", [.float16s("language_model.head", words)]),
    ]
    for (name, entries) in files { try SafetensorsWriter(entries).write(to: host.path + "/" + name) }
    let map = files.flatMap { name, entries in entries.map { JSON.Member($0.name, .string(name)) } }
    try host.write(["weight_map": .object(map)], named: "model.safetensors.index.json")
    try host.write(["kept": true], named: "processor_config.json")
    return try body(clip, path)
  }

  @Test(
    "the tower takes its place in another model's files, each tensor in the precision of its place",
    arguments: ["vision_tower.vision_model.", "model.vision_tower.", "clip.vision_model."])
  func host(prefix: String) throws {
    try withHost(prefix) { clip, path in
      let host = try HostModel(path + "/host")

      let files = try host.write(clip.vision, to: path + "/out")

      #expect(host.kind == "llava" && files.count == 5)
      let (before, after) = (try WeightsFile(path + "/host"), try WeightsFile(path + "/out"))
      #expect(before.tensorNames.sorted() == after.tensorNames.sorted())
      var types: Set<StoredType> = []
      for name in after.tensorNames {
        let description = try #require(after.description(of: name))
        #expect(description == before.description(of: name))
        let values = try #require(try after.tensor(named: name)).values
        guard name.hasPrefix(prefix) else {
          #expect(try before.tensor(named: name)?.values == values)
          continue
        }
        types.insert(description.type)
        let own = "vision_model." + name.dropFirst(prefix.count)
        let wanted = try #require(clip.vision.parameters.first { $0.name == own }).value.values
        let rounding: Float = description.type == .f32 ? 0 : description.type == .f16 ? 0x1p-11 : 0x1p-8
        #expect(zip(values, wanted).allSatisfy { abs($0 - $1) <= rounding * abs($1) + 1e-7 }, "\(name)")
      }
      #expect(types == [.f32, .f16, .bf16])
      #expect(
        FileManager.default.contentsEqual(
          atPath: path + "/host/model-00002-of-00002.safetensors",
          andPath: path + "/out/model-00002-of-00002.safetensors"))
    }
  }

  @Test("a tower of another kind, a folder without one, and a full folder are refused")
  func refusedHosts() throws {
    let members = (Self.inClip.members ?? []).filter { $0.name != "num_attention_heads" }
    try withHost("vision_tower.", vision: .object(members + [JSON.Member("num_attention_heads", 2)])) { clip, path in
      let other = try #require(throws: Problem.self) {
        try HostModel(path + "/host").write(clip.vision, to: path + "/out")
      }
      #expect(other.message.contains("is another one (1 layers of 64 with 2 heads"))
      #expect(!FileManager.default.fileExists(atPath: path + "/out"))
    }
    try withHost("vision_tower.") { clip, path in
      let full = try #require(throws: Problem.self) {
        try HostModel(path + "/host").write(clip.vision, to: path + "/host")
      }
      #expect(full.message.hasSuffix("it is not empty"))
      try WeightsFolder(path + "/host").write(["mm_vision_tower": "openai/clip"], named: "config.json")
      try SafetensorsWriter([.floats("lm_head", Tensor(zeros: [1]))]).write(to: path + "/host/model.safetensors")
      let apart = try #require(throws: Problem.self) { try HostModel(path + "/host") }
      #expect(apart.message.contains("it holds no image tower"))
      #expect(apart.advice?.contains("mm_vision_tower") == true)
    }
  }
}
