import Engine
import Foundation
import Testing

@testable import Recap

/// DiT's folder: a transformer, an autoencoder, no text encoder; families.py compares whole models with diffusers.
extension OpeningTests {
  private func withTransformer<R>(_ body: (String) throws -> R) throws -> R {
    try withDiffusion { path in
      let files = FileManager.default
      for part in ["unet", "text_encoder", "tokenizer"] { try files.removeItem(atPath: "\(path)/\(part)") }
      try files.copyItem(atPath: Self.fixtures + "/models/dit", toPath: path + "/transformer")
      try WeightsFolder(path).write(["_class_name": "DiTPipeline"], named: "model_index.json")
      return try body(path)
    }
  }

  @Test("DiT hears the projected tokens alone, each as much as the others")
  func transformer() throws {
    try withTransformer { path in
      let workspace = try workspace(path)
      let models = try workspace.models(seed: 3)
      let size = models.tuned.config.imageSize
      let pixels = RandomSource(seed: 1, stream: .fixedImages).normal([2, size, size, 3], step: 0)

      let context = models.recap.context(pixels: pixels, vision: models.tuned, density: .classOnly, patches: [[], []])
      let projected = models.recap.projection(models.tuned.imageTokens(of: pixels, patches: [[], []]))

      #expect(workspace.prompt.shape == [1, 1, 12] && workspace.prompt.values.allSatisfy { $0 == 0 })
      #expect(context.values == projected.values)
      #expect(workspace.diffusion.denoiser is DiTTransformer2DModel && workspace.diffusion.side == 32)
      let latents = RandomSource(seed: 1, stream: .noise).normal([2, 8, 8, 3], step: 0)
      let draw = NoiseDraw.random(latents: latents.shape, draws: 2, timesteps: 0..<1000, seed: 4, step: 0)
      let answer = models.feedback.answer(latents: latents, context: context, draw: draw)
      #expect(answer.prediction.shape == [4, 8, 8, 3] && answer.loss.item.isFinite)
    }
  }

  @Test("DiT takes no prompt but the empty one, and gives no verdict on statements")
  func withoutText() throws {
    try withTransformer { path in
      func open(_ prompt: String?) throws -> Workspace {
        try Workspace(mini: MiniFolder("nowhere"), clip: Self.siglip, diffusion: path, prompt: prompt)
      }

      let problem = #expect(throws: Problem.self) { try open("a cat") }

      #expect(problem?.message.hasPrefix("DiT takes no text, and the prompt is “a cat”") == true)
      let verdict = #expect(throws: Problem.self) { try open("").textConditions() }
      #expect(verdict?.message.hasPrefix("DiT's denoiser has no verdict") == true)
    }
  }

  @Test("a folder with DiT inside is written and read again")
  func savedTransformer() throws {
    try withTransformer { path in
      let before = try StableDiffusion(WeightsFolder(path))

      try before.save(to: WeightsFolder(path + "/again"))
      let after = try StableDiffusion(WeightsFolder(path + "/again"))

      #expect(after.schedule == before.schedule)
      #expect(after.denoiser is DiTTransformer2DModel && after.denoiser.json == before.denoiser.json)
    }
  }

  @Test(
    "a pipeline with another transformer is refused by its name",
    arguments: [
      ("StableDiffusion3Pipeline", ["_class_name": "SD3Transformer2DModel"]),
      ("PixArtAlphaPipeline", ["_class_name": "Transformer2DModel", "norm_type": "ada_norm_single"]),
    ] as [(String, JSON)])
  func otherTransformers(pipeline: String, transformer: JSON) throws {
    try withTransformer { path in
      try WeightsFolder(path + "/transformer").write(transformer, named: "config.json")
      try WeightsFolder(path).write(["_class_name": .string(pipeline)], named: "model_index.json")

      let problem = try #require(throws: Problem.self) { try workspace(path) }

      #expect(problem.message.hasSuffix("its denoiser is a transformer, and not DiT's (\(pipeline))"))
    }
  }
}
