import Engine
import Foundation
import Testing

@testable import Recap

/// Opening what people have: the small models of Tests/Fixtures in the places of real ones.
struct OpeningTests {
  static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../../Fixtures").standardizedFileURL.path
  static let siglip = fixtures + "/models/siglip"

  /// A folder in Stable Diffusion's layout around the small UNet and autoencoder, gone when `body` returns.
  func withDiffusion<R>(padding: String = "<|endoftext|>", _ body: (String) throws -> R) throws -> R {
    let files = FileManager.default
    let path = files.temporaryDirectory.appending(path: "opening-tests-\(UUID().uuidString)").path
    defer { try? files.removeItem(atPath: path) }
    try files.createDirectory(atPath: path, withIntermediateDirectories: true)
    for part in ["unet", "vae"] {
      try files.copyItem(atPath: "\(Self.fixtures)/models/\(part)", toPath: "\(path)/\(part)")
    }
    try files.copyItem(atPath: Self.fixtures + "/mini_vocabulary", toPath: path + "/tokenizer")
    try files.removeItem(atPath: path + "/tokenizer/special_tokens_map.json")
    let tokenizer: JSON = ["model_max_length": 24, "pad_token": .string(padding)]
    try WeightsFolder(path + "/tokenizer").write(tokenizer, named: "tokenizer_config.json")
    try WeightsFolder(path + "/scheduler").write(NoiseSchedule().json, named: "scheduler_config.json")
    // As wide as the small UNet's context.
    let config = CLIPTextConfig(
      encoder: CLIPEncoderConfig(width: 7, layers: 1, heads: 1, activation: .gelu), vocabulary: 737, contextLength: 24)
    let tower = try CLIPTextTower(config, projectionWidth: nil, from: .initializing(seed: 2))
    try WeightsFolder(path + "/text_encoder").write(
      [
        "model_type": "clip_text_model", "hidden_size": 7, "num_hidden_layers": 1, "num_attention_heads": 1,
        "intermediate_size": 28, "hidden_act": "gelu", "vocab_size": 737, "max_position_embeddings": 24,
      ],
      parameters: tower.parameters)
    return try body(path)
  }

  func workspace(_ diffusion: String, clip: String = siglip, as name: Backbone.Name? = nil) throws -> Workspace {
    try Workspace(mini: MiniFolder("nowhere"), clip: clip, backbone: name, diffusion: diffusion)
  }

  @Test(
    "Stable Diffusion hears the reference's prompt, padded as its tokenizer pads", arguments: ["<|endoftext|>", "!"])
  func prompt(padding: String) throws {
    try withDiffusion(padding: padding) { path in
      let prompt = try Prompt.embedding(in: WeightsFolder(path))

      let tokenizer = try CLIPTokenizer(folder: URL(filePath: path + "/tokenizer"))
      let ids = tokenizer.tokens("a photo of a .")
      let encoder = try CLIPTextTower(textEncoder: WeightsFolder(path + "/text_encoder"))
      #expect(ids.last == (padding == "!" ? 0 : tokenizer.end))
      #expect(ids.count == 24)
      #expect(prompt.values == encoder([ids]).values)
    }
  }

  @Test("words of one's own take the prompt's place; the paper's are none")
  func ownPrompt() throws {
    try withDiffusion { path in
      let tokenizer = try CLIPTokenizer(folder: URL(filePath: path + "/tokenizer"))
      let encoder = try CLIPTextTower(textEncoder: WeightsFolder(path + "/text_encoder"))

      let empty = try Workspace(mini: MiniFolder("nowhere"), clip: Self.siglip, diffusion: path, prompt: "")

      #expect(empty.prompt.values == encoder([tokenizer.tokens("")]).values)
      try #expect(empty.prompt.values != workspace(path).prompt.values)
    }
  }

  @Test("a CLIP that nobody knows is told, joined and scored as its family is, named or not")
  func customFamily() throws {
    try withDiffusion { path in
      for name in [nil, Backbone.Name.custom] {
        let backbone = try workspace(path, as: name).backbone

        #expect(backbone.name == .custom && backbone.joining == .mean)
        #expect(DensityChoice.reference.density(for: backbone) == .pooled(window: 6))
        #expect(backbone.benchmark == BenchmarkFeature(locals: .none))
      }
    }
  }

  @Test("un²CLIP takes a generator that knows this CLIP's embeddings, and says what to give where there is none")
  func generators() throws {
    var plan = TrainConfiguration()
    (plan.feedback, plan.density) = (.unclip, .classOnly)
    func generator(_ path: String, clip: String) throws -> UnclipGenerator {
      let workspace = try workspace(path, clip: Self.fixtures + "/models/" + clip)
      try workspace.requirePossible(plan)
      let models = try workspace.models()
      try models.prepare(for: .unclip)
      return try #require(models.generator)
    }
    try withDiffusion { path in
      let refusal = problem { _ = try generator(path, clip: "clip") }
      #expect(
        refusal.contains("\(path) draws them from texts alone") && refusal.contains("Stable unCLIP 2.1"), "\(refusal)")
      try FileManager.default.removeItem(atPath: path + "/unet")
      try FileManager.default.copyItem(atPath: Self.fixtures + "/models/unet-unclip", toPath: path + "/unet")

      #expect(try generator(path, clip: "clip").width == 10)
      #expect(
        problem { _ = try generator(path, clip: "siglip") }.contains(
          "takes 20 numbers of an image, this CLIP's make 24"))
      // DIVA's feedback from the same model gives the class vector nothing.
      #expect(try DivaStep(models: workspace(path).models()).run(inputs(workspace(path))).loss.isFinite)
    }
  }

  @Test("GenHancer's feedback from a diffusion model that has no denoiser of its kind is refused with the reason")
  func noGenhancer() throws {
    var plan = TrainConfiguration()
    (plan.feedback, plan.density) = (.genhancer, .classOnly)
    try withDiffusion { path in
      let workspace = try workspace(path, clip: Self.fixtures + "/models/clip")

      let refusal = problem { try workspace.requirePossible(plan) }

      #expect(refusal.contains("needs a denoiser that was trained from scratch"), "\(refusal)")
      #expect(refusal.contains("latents of \(path)") && refusal.contains("diva-tui pretrain"), "\(refusal)")
      #expect(problem { try workspace.models().prepare(for: .genhancer) } == refusal)
    }
  }

  @Test("between models that share no space the projection begins at random, from the seed")
  func randomProjection() throws {
    try withDiffusion { path in
      let workspace = try workspace(path)

      let (one, again, other) = try (workspace.models(seed: 1), workspace.models(seed: 1), workspace.models(seed: 2))

      func weights(_ models: DivaModels) -> [Float] { models.recap.projection.weight.value.values }
      #expect(weights(one) == weights(again))
      #expect(weights(one) != weights(other))
      // PyTorch's nn.Linear: within ±1/√12.
      #expect(weights(one).allSatisfy { abs($0) <= 0.288_676 } && weights(one).contains { abs($0) > 0.25 })
      #expect(one.recap.projection.weight.shape == [7, 12])
    }
  }

  private func inputs(_ workspace: Workspace) -> DivaObjective.Inputs {
    let picture = Image(width: 40, height: 30, pixels: (0..<3600).map { UInt8($0 % 251) })
    let sampling = DivaObjective.Sampling(seed: 1, density: .pooled(window: 2), draws: 2, timesteps: 0..<1000)
    return DivaObjective.Inputs(
      clipPixels: workspace.preprocessing.pixels([picture]), latents: workspace.latents([picture]), sampling,
      patches: 9,
      step: 0)
  }

  @Test("a step of a SigLIP on Stable Diffusion gives a gradient to every weight of its image tower")
  func step() throws {
    try withDiffusion { path in
      let workspace = try workspace(path)
      let inputs = inputs(workspace)

      let outputs = DivaStep(models: try workspace.models()).run(inputs)

      #expect(inputs.latents.shape == [1, 8, 8, 3])
      #expect(outputs.context.shape == [1, 5, 7])
      #expect(outputs.towerGradients.count == workspace.clip.vision.parameters.count)
      #expect(outputs.loss.isFinite)
    }
  }

  @Test("open_clip's folder says its own preprocessing and heads; sizes that nobody published are a custom CLIP")
  func openCLIPFolder() throws {
    let opened = try OpenedCLIP(Self.fixtures + "/models/open_clip")

    #expect(opened.backbone.name == .custom)
    #expect(opened.preprocessing.side == 12 && opened.preprocessing.fit == .squash)
    #expect(opened.preprocessing.deviation == [0.2, 0.25, 0.5])
    #expect(opened.clip.config.vision.encoder.heads == 2 && opened.clip.config.text.encoder.heads == 3)
    #expect(opened.layout.place(of: "visual_projection.weight").key == "visual.proj")
  }

  @Test("weights that are not the backbone named, or whose preprocessing makes other pixels, are refused")
  func refusals() throws {
    let other = try #require(throws: Problem.self) { try OpenedCLIP(Self.siglip, as: .siglip224) }
    #expect(other.message.hasPrefix("\(Self.siglip) is not siglip-so400m-224: it has SigLIP, 2 layers of 12 over"))

    try withDiffusion { path in
      let copy = path + "/clip"
      try FileManager.default.copyItem(atPath: Self.siglip, toPath: copy)
      let pixels: JSON = [
        "size": ["height": 16, "width": 16], "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5],
      ]
      try WeightsFolder(copy).write(pixels, named: "preprocessor_config.json")
      let problem = try #require(throws: Problem.self) { try OpenedCLIP(copy) }
      #expect(problem.message.contains("preprocessing makes 16 pixels a side, its image tower looks at 14"))
    }
  }

  @Test("a tuned tower comes from any layout, with the projection that a whole module of DIVA's holds")
  func tuned() throws {
    try withDiffusion { path in
      let workspace = try workspace(path, clip: Self.fixtures + "/models/clip")
      let prefixed = KeyLayout.openCLIP.prefixed("class_model.model.")
      let tower = try CLIPVisionTower(workspace.clip.vision.config, projectionWidth: 10, from: .initializing(seed: 8))
      let rest = workspace.clip.text.parameters + [workspace.clip.logitScale]
      var entries = prefixed.stored((tower.parameters + rest).map { ($0.name, $0.value) })
        .map { SafetensorsWriter.Entry.floats($0.key, $0.tensor) }
      entries.append(.floats("visual_proj.weight", Tensor(repeating: 0.5, shape: [7, 10])))
      entries.append(.floats("visual_proj.bias", Tensor(repeating: 0.25, shape: [7])))
      entries.append(.floats("unet.conv_in.bias", Tensor(zeros: [6])))
      let file = path + "/tuned.safetensors"
      try SafetensorsWriter(entries).write(to: file)

      let models = try workspace.models(tuned: file)

      #expect(zip(models.tuned.parameters, tower.parameters).allSatisfy { $0.value.values == $1.value.values })
      #expect(models.recap.projection.weight.value.values.allSatisfy { $0 == 0.5 })
      #expect(models.recap.projection.bias?.value.values.allSatisfy { $0 == 0.25 } ?? false)
      #expect(models.baselineRecap.projection.weight.value.values.allSatisfy { $0 == 0.5 })
    }
  }

  @Test("a tuned tower of other sizes than the CLIP beside it is refused with both")
  func tunedMismatch() throws {
    try withDiffusion { path in
      let workspace = try workspace(path)

      let problem = try #require(throws: Problem.self) {
        try workspace.tower(at: Self.fixtures + "/models/clip")
      }

      #expect(problem.message.contains("2 layers of 16 over 3×3 patches of 4"))
      #expect(problem.message.contains("SigLIP, 2 layers of 12 over 3×3 patches of 4"))
    }
  }
}
