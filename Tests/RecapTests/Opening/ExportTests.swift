import Engine
import Foundation
import Testing

@testable import Recap

/// What is exported opens again; Tests/Reference/exports.py opens it with the libraries that it is for.
extension OpeningTests {
  /// A CLIP with OpenAI's proportions, as small as they allow, in transformers' layout.
  private func writeClip(to path: String, heads: Int = 1) throws {
    func tower(_ layers: Int) -> CLIPEncoderConfig { CLIPEncoderConfig(width: 64, layers: layers, heads: heads) }
    let config = CLIPConfig(
      vision: CLIPVisionConfig(encoder: tower(2), imageSize: 12, patchSize: 4),
      text: CLIPTextConfig(encoder: tower(1), vocabulary: 737, contextLength: 24, startID: 735, endID: 736),
      projectionWidth: 10)
    try CLIP(config, from: .initializing(seed: 6)).save(to: WeightsFolder(path))
  }

  private func withClip<R>(heads: Int = 1, _ body: (Workspace, String) throws -> R) throws -> R {
    try withDiffusion { path in
      try writeClip(to: path + "/clip", heads: heads)
      return try body(workspace(path, clip: path + "/clip"), path + "/out")
    }
  }

  /// The file of a state dict, or the folder itself.
  private func exported(_ files: [String], in folder: String) -> String {
    files.first { $0.hasSuffix(".pt") || $0.hasSuffix(".pth") } ?? folder
  }

  @Test(
    "an exported CLIP opens again with equal weights and features, in every format", arguments: ExportFormat.allCases)
  func export(format: ExportFormat) throws {
    try withClip { workspace, folder in
      let tower = try CLIPVisionTower(workspace.clip.vision.config, projectionWidth: 10, from: .initializing(seed: 8))

      let files = try workspace.export(tower, as: format, to: folder)

      let opened = try OpenedCLIP(exported(files, in: folder))
      let expected = try workspace.clip.replacingVision(with: tower)
      #expect(opened.clip.parameters.map(\.name) == expected.parameters.map(\.name))
      #expect(zip(opened.clip.parameters, expected.parameters).allSatisfy { $0.value.values == $1.value.values })
      let pixels = RandomSource(seed: 2).normal([2, 12, 12, 3], step: 0)
      let images = [opened.clip, expected].map { $0.vision.imageFeatures($0.vision(pixels)).values }
      #expect(images[0] == images[1])
      let texts = [opened.clip, expected].map { $0.text.textFeatures([[735, 40, 7, 736, 736]]).values }
      #expect(texts[0] == texts[1])
      // Each library cuts in its own way.
      #expect(
        opened.preprocessing == workspace.preprocessing.cropped(roundingDown: format == .huggingFace))
      // The folder says as much as the file in it.
      let folderToo = try OpenedCLIP(folder)
      #expect(zip(folderToo.clip.parameters, expected.parameters).allSatisfy { $0.value.values == $1.value.values })
      #expect(try workspace.tower(at: folder).parameters.map(\.value.values) == tower.parameters.map(\.value.values))
    }
  }

  @Test(
    "a SigLIP is exported under the names that DIVA and transformers use", arguments: [ExportFormat.diva, .huggingFace])
  func exportSigLIP(format: ExportFormat) throws {
    try withDiffusion { path in
      let workspace = try workspace(path)

      let files = try workspace.export(workspace.clip.vision, as: format, to: path + "/out")

      let weights = try CLIPWeights(
        WeightsFile(exported(files, in: path + "/out")), name: "exported")
      #expect(weights.layoutName == (format == .diva ? "timm in open_clip" : "transformers SigLIP"))
      let opened = try weights.clip(workspace.clip.config)
      #expect(zip(opened.parameters, workspace.clip.parameters).allSatisfy { $0.value.values == $1.value.values })
    }
  }

  @Test("a SigLIP of other depth than timm's trunk has no open_clip folder")
  func otherDepth() throws {
    var config = CLIPConfig.so400m(imageSize: 224, contextLength: 16)
    _ = try config.openCLIP()
    config.vision.encoder.layers = 26

    let problem = #expect(throws: Problem.self) { try config.openCLIP() }

    #expect(problem?.message.contains("timm's trunk of 1152 has 27 layers") == true)
    #expect(problem?.message.contains("this one 26,") == true)
  }

  @Test("what a format's library would take for another model is refused, and nothing is written")
  func exportRefusals() throws {
    try withClip(heads: 2) { workspace, folder in
      let heads = try #require(throws: Problem.self) {
        try workspace.export(workspace.clip.vision, as: .openAI, to: folder)
      }
      #expect(heads.message.hasSuffix("its image tower has heads of 32, the loader makes them 64 wide"))
      #expect(!FileManager.default.fileExists(atPath: folder))
      _ = try workspace.export(workspace.clip.vision, as: .openCLIP, to: folder)
      let full = try #require(throws: Problem.self) {
        try workspace.export(workspace.clip.vision, as: .diva, to: folder)
      }
      #expect(full.message.hasSuffix("it is not empty"))
    }
    try withDiffusion { path in
      let workspace = try workspace(path)
      let trunk = try #require(throws: Problem.self) {
        try workspace.export(workspace.clip.vision, as: .openCLIP, to: path + "/out")
      }
      #expect(trunk.message.contains("timm has no trunk of 12 over 14 pixels"))
    }
  }
}
