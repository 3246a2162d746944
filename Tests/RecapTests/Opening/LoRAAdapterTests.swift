import Engine
import Foundation
import TestSupport
import Testing

@testable import Recap

/// Adapters as PEFT saves them, merged into the CLIP beside them.
extension OpeningTests {
  private func withAdapter<R>(
    _ settings: [JSON.Member] = [], _ body: (OpenedCLIP, String) throws -> R
  ) throws -> R {
    try withDiffusion { path in
      let clip = try smallCLIP(vocabulary: 768)
      try clip.save(to: WeightsFolder(path + "/clip"))
      let module = "base_model.model.vision_model.encoder.layers.0.self_attn.q_proj."
      let adapter = WeightsFolder(path + "/adapter")
      try adapter.write(
        .object(
          [
            JSON.Member("peft_type", "LORA"), JSON.Member("r", 2), JSON.Member("lora_alpha", 6),
            JSON.Member("bias", "lora_only"), JSON.Member("target_modules", ["q_proj"]),
          ].filter { own in !settings.contains { $0.name == own.name } } + settings), named: "adapter_config.json")
      try SafetensorsWriter([
        .floats(module + "lora_A.weight", RandomSource(seed: 1).normal([2, 64], step: 0)),
        .floats(module + "lora_B.weight", RandomSource(seed: 2).normal([64, 2], step: 0)),
        .floats(module + "bias", Tensor(repeating: 0.5, shape: [64])),
      ]).write(to: adapter.path + "/adapter_model.safetensors")
      return try body(OpenedCLIP(path + "/clip"), adapter.path)
    }
  }

  @Test(
    "a LoRA adapter is merged: W + alpha/r · B·A, by folder and by file",
    arguments: [([JSON.Member](), Float(3)), ([JSON.Member("use_rslora", true)], 6 / Float(2).squareRoot())])
  func mergedAdapter(settings: [JSON.Member], scale: Float) throws {
    try withAdapter(settings) { opened, adapter in
      let a = RandomSource(seed: 1).normal([2, 64], step: 0).values
      let b = RandomSource(seed: 2).normal([64, 2], step: 0).values
      for path in [adapter, adapter + "/adapter_model.safetensors"] {
        let tower = try opened.tuned(at: path).tower

        for (merged, base) in zip(tower.parameters, opened.clip.vision.parameters) {
          switch base.name {
          case "vision_model.encoder.layers.0.self_attn.q_proj.weight":
            let wanted = (0..<64 * 64).map { index -> Float in
              let (row, column) = (index / 64, index % 64)
              let change = b[row * 2] * a[column] + b[row * 2 + 1] * a[64 + column]
              return base.value.values[index] + scale * change
            }
            expect(merged.value, equals: Tensor(wanted, shape: [64, 64]), within: .relative(1e-6))
          case "vision_model.encoder.layers.0.self_attn.q_proj.bias":
            #expect(merged.value.values.allSatisfy { $0 == 0.5 })
          default: #expect(merged.value.values == base.value.values, "\(base.name)")
          }
        }
      }
    }
  }

  @Test(
    "what PEFT saved is merged as PEFT merges it: of a tower with its projection, and of a tower alone",
    arguments: ["lora_projected", "lora_alone"])
  func adapterOfPEFT(name: String) throws {
    let opened = try OpenedCLIP(Self.fixtures + "/models/clip")
    let folder = Self.fixtures + "/models/" + name

    let tower = try opened.tuned(at: folder).tower

    let reference = try WeightsFile(folder + "/reference.safetensors")
    let pixels = try #require(try reference.tensor(named: "pixels"))
    let wanted = try #require(try reference.tensor(named: "image_features"))
    expect(tower.imageFeatures(tower(pixels)), equals: wanted, within: .relative(1e-5))
    let plain = opened.clip.vision
    #expect(zip(plain.imageFeatures(plain(pixels)).values, wanted.values).contains { abs($0 - $1) > 0.1 })
  }

  @Test("adapters of other kinds, or for other models, are refused")
  func refusedAdapters() throws {
    for (setting, reason) in [
      (JSON.Member("use_dora", true), "use_dora"), (JSON.Member("alpha_pattern", ["q.*": 3]), "alpha_pattern"),
      (JSON.Member("peft_type", "LOHA"), "peft_type"), (JSON.Member("use_qalora", true), "use_qalora"),
      (JSON.Member("init_lora_weights", "pissa"), "init_lora_weights is pissa"),
      (JSON.Member("layer_replication", [[0, 1]]), "layer_replication"),
    ] {
      try withAdapter([setting]) { opened, adapter in
        let problem = #expect(throws: Problem.self) { try opened.tuned(at: adapter) }
        #expect(problem?.message.contains(reason) == true)
      }
    }
    try withAdapter { opened, adapter in
      let text = "base_model.model.text_model.encoder.layers.0.self_attn.q_proj.lora_A.weight"
      try SafetensorsWriter([.floats(text, Tensor(zeros: [2, 64]))]).write(to: adapter + "/adapter_model.safetensors")
      let problem = #expect(throws: Problem.self) { try opened.tuned(at: adapter) }
      #expect(problem?.message.contains("it changes the text tower, too") == true)
    }
    try withAdapter { opened, adapter in
      let other = "base_model.model.vision_model.encoder.layers.9.self_attn.q_proj.lora_A.weight"
      try SafetensorsWriter([.floats(other, Tensor(zeros: [2, 64]))]).write(to: adapter + "/adapter_model.safetensors")
      let problem = #expect(throws: Problem.self) { try opened.tuned(at: adapter) }
      #expect(problem?.message.contains("has no place in the image tower") == true)
    }
    try withAdapter { _, adapter in
      let problem = #expect(throws: Problem.self) { try OpenedCLIP(adapter) }
      #expect(problem?.message.contains("a LoRA adapter") == true)
    }
  }
}
