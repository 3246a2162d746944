import Foundation
import TestSupport
import Testing

@testable import Engine

/// CLIPs whose files differ from their library's in a known way, and models that are none of this program's.
struct CLIPVariantTests {
  private let clip: CLIP
  private let tensors: [String: Tensor]

  init() throws {
    let folder = WeightsFolder(Reference.path("models/open_clip"))
    let weights = try CLIPWeights(folder.weights(), name: "open_clip")
    clip = try weights.clip(weights.config().refined(byOpenCLIP: folder.configuration("open_clip_config.json")))
    tensors = Dictionary(
      uniqueKeysWithValues: KeyLayout.openCLIP.stored(clip.parameters.map { ($0.name, $0.value) }).map {
        ($0.key, $0.tensor)
      })
  }

  private func weights(_ tensors: [String: Tensor]) throws -> CLIPWeights {
    try CLIPWeights(DictionarySource(tensors: tensors), name: "variant")
  }

  private func renamed(_ rename: (String) -> String) -> [String: Tensor] {
    Dictionary(uniqueKeysWithValues: tensors.map { (rename($0.key), $0.value) })
  }

  @Test(
    "what torch.compile, FSDP and data parallelism put into the middle of names is left out",
    arguments: ["_orig_mod.", "_fsdp_wrapped_module.", "module.", "_fsdp_wrapped_module._orig_mod."])
  func wrappedTower(wrapper: String) throws {
    for front in ["", "module."] {
      let file = renamed { front + ($0.hasPrefix("visual.") ? "visual." + wrapper + $0.dropFirst(7) : $0) }

      let weights = try weights(file)

      #expect(weights.layout.prefix == front)
      let opened = try weights.clip(clip.config)
      #expect(zip(opened.parameters, clip.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }

  @Test("an image tower that was saved without its scope is the same tower")
  func bareTower() throws {
    let file = tensors.filter { $0.key.hasPrefix("visual.") }
      .reduce(into: [String: Tensor]()) { $0[String($1.key.dropFirst(7))] = $1.value }

    let tower = try weights(file).vision(clip.config.vision, projectionWidth: clip.config.projectionWidth)

    #expect(zip(tower.parameters, clip.vision.parameters).allSatisfy { $0.value.values == $1.value.values })
  }

  @Test("Long-CLIP keeps 20 rows of CLIP's positions and takes the others from its second table")
  func longCLIP() throws {
    let (length, width) = (24, clip.config.text.encoder.width)
    let first = RandomSource(seed: 1).normal([length, width], step: 0)
    let second = RandomSource(seed: 2).normal([length, width], step: 0)
    var file = tensors
    (file["positional_embedding"], file["positional_embedding_res"]) = (first, second)

    let weights = try weights(file)
    let opened = try weights.clip(weights.config())

    #expect(opened.config.text.contextLength == length)
    let table = try #require(opened.parameters.first { $0.name == "text_model.embeddings.position_embedding.weight" })
    // `mask1` is 1 in rows 0 to 19, `mask2` in the others.
    #expect(table.value.values == Array(first.values.prefix(20 * width)) + second.values.suffix(4 * width))
  }

  @Test("a CLIP that was trained with the sigmoid loss adds its bias to the logits, and is exported with it")
  func logitBias() throws {
    var file = tensors
    file["logit_bias"] = Tensor(scalar: -3)

    let opened = try weights(file).clip(clip.config)

    let features = RandomSource(seed: 3).normal([2, clip.config.projectionWidth], step: 0)
    let (biased, plain) = (
      opened.logits(images: features, texts: features), clip.logits(images: features, texts: features)
    )
    #expect(zip(biased.values, plain.values).allSatisfy { abs($0 - ($1 - 3)) < 1e-4 })
    #expect(try opened.config.openCLIP()["init_logit_bias"] == -10 && clip.config.openCLIP()["init_logit_bias"] == nil)
    #expect(throws: Problem.self) { try opened.config.requireOpenAI() }
  }

  @Test(
    "models that are no CLIP of this program's are refused by name",
    arguments: [
      ("visual.attnpool.positional_embedding", "a ResNet"), ("visual.cls_token", "EVA-CLIP"),
      ("visual.trunk.blocks.0.attn.q_bias", "EVA-CLIP"),
      ("visual.trunk.stages.0.blocks.0.conv_dw.weight", "ConvNeXt"), ("text_decoder.ln_final.weight", "CoCa"),
      ("text.transformer.encoder.layer.0.output.dense.weight", "RoBERTa"),
      ("base_model.model.vision_model.encoder.layers.0.mlp.fc1.lora_A.weight", "a LoRA adapter"),
      ("model.diffusion_model.input_blocks.0.0.weight", "Stable Diffusion in a single file"),
      ("visual.trunk.embeds.proj.weight", "NaFlex"), ("blocks.0.ls1.gamma", "DINOv2"),
    ])
  func foreign(tensor: String, name: String) throws {
    var file = tensors
    file[tensor] = Tensor(zeros: [2])

    let problem = #expect(throws: Problem.self) { try weights(file) }

    #expect(problem?.message.hasPrefix("cannot load variant: it is ") == true && problem?.advice != nil)
    #expect(problem?.message.contains(name) == true)
  }

  @Test("SigLIP 2 NaFlex is known by its patches, which come in rows")
  func naFlex() throws {
    let path = "vision_model.embeddings.patch_embedding.weight"
    let header = #"{"\#(path)":{"dtype":"F16","shape":[2,3],"data_offsets":[0,12]}}"#
    try Reference.withTemporaryFolder { folder in
      let bytes = withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Array($0) } + Array(header.utf8)
      let file = folder + "/model.safetensors"
      try Data(bytes + Array(repeating: 0, count: 12)).write(to: URL(filePath: file))

      let problem = #expect(throws: Problem.self) { try CLIPWeights(WeightsFile(file), name: "naflex") }

      #expect(problem?.message.contains("SigLIP 2 NaFlex") == true)
    }
  }
}
