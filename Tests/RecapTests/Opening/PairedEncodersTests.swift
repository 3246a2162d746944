import Engine
import Foundation
import Testing

@testable import Recap

/// SD-XL's folder; families.py compares whole models with diffusers.
extension OpeningTests {
  /// The small UNet of SD-XL's kind hears 3 + 4 numbers a token, and a pooled text of 5.
  private func withPaired<R>(_ body: (String) throws -> R) throws -> R {
    try withDiffusion { path in
      let files = FileManager.default
      for part in ["unet", "text_encoder"] { try files.removeItem(atPath: "\(path)/\(part)") }
      try files.copyItem(atPath: Self.fixtures + "/models/unet-sdxl", toPath: path + "/unet")
      try files.copyItem(atPath: path + "/tokenizer", toPath: path + "/tokenizer_2")
      try WeightsFolder(path + "/tokenizer_2").write(
        ["model_max_length": 24, "pad_token": "!"], named: "tokenizer_config.json")
      for (folder, width, projection) in [("text_encoder", 3, nil), ("text_encoder_2", 4, 5)] as [(String, Int, Int?)] {
        let encoder = CLIPEncoderConfig(width: width, layers: 2, heads: 1, activation: .gelu)
        let tower = try CLIPTextTower(
          CLIPTextConfig(encoder: encoder, vocabulary: 737, contextLength: 24, endID: 2), projectionWidth: projection,
          from: .initializing(seed: 2))
        let more = projection.map { [JSON.Member("projection_dim", .integer($0))] } ?? []
        try WeightsFolder(path + "/" + folder).write(
          .object(
            [
              JSON.Member("hidden_size", .integer(width)), JSON.Member("num_hidden_layers", 2),
              JSON.Member("num_attention_heads", 1), JSON.Member("intermediate_size", .integer(4 * width)),
              JSON.Member("hidden_act", "gelu"), JSON.Member("vocab_size", 737),
              JSON.Member("max_position_embeddings", 24), JSON.Member("eos_token_id", 2),
            ] + more), parameters: tower.parameters)
      }
      return try body(path)
    }
  }

  @Test("SD-XL hears both text encoders before their last layers, and the pooled empty text")
  func pairedEncoders() throws {
    try withPaired { path in
      let workspace = try workspace(path)

      let first = try CLIPTextTower(textEncoder: WeightsFolder(path + "/text_encoder"))
      let second = try CLIPTextTower(projectedTextEncoder: WeightsFolder(path + "/text_encoder_2"))
      func ids(_ folder: String, _ text: String) throws -> [Int] {
        try CLIPTokenizer(folder: URL(filePath: path + "/" + folder)).tokens(text)
      }
      let words = (try ids("tokenizer", "a photo of a ."), try ids("tokenizer_2", "a photo of a ."))
      #expect(words.0.last != 0 && words.1.last == 0)
      let context = first.penultimate([words.0]).concatenatedChannels(second.penultimate([words.1]))
      #expect(workspace.prompt.shape == [1, 24, 7] && workspace.prompt.values == context.values)
      let pooled = second.textFeatures([try ids("tokenizer_2", "")])
      let unet = try #require(workspace.diffusion.denoiser as? UNet2DConditionModel)
      #expect(workspace.diffusion.side == 32)
      let (added, wanted) = (
        try #require(unet.added), try #require(unet.addition(pooledText: pooled, side: 32))
      )
      #expect(added.values == wanted.values)
      // The last layer is not heard.
      #expect(first.penultimate([words.0]).values != first([words.0]).values)
    }
  }

  @Test("SD-XL without its second text encoder is refused")
  func noSecondEncoder() throws {
    try withPaired { path in
      try FileManager.default.removeItem(atPath: path + "/text_encoder_2")

      let problem = try #require(throws: Problem.self) { try workspace(path) }

      #expect(problem.message.contains("and there is no text_encoder_2"))
    }
  }
}
