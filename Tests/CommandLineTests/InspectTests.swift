import Engine
import Foundation
import Testing
import TestSupport

@testable import diva_tui

/// `diva-tui inspect` on every format of weights, and on files that only look like them.
@Suite("Inspect")
struct InspectTests {
  private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent()
    .appending(path: "../Fixtures").standardizedFileURL

  private static func path(_ name: String) -> String { fixtures.appending(path: name).path }

  private func facts(_ name: String) throws -> [String: Any] {
    try #require(try diva(["inspect", Self.path(name), "--json"]).objects().first)
  }

  @Test(
    "Each format is told with its tensors and their size",
    arguments: [
      ("safetensors_types.safetensors", "safetensors", 13, 45), ("pytorch/types.pt", "PyTorch state dict", 15, 63),
      ("pytorch/legacy.bin", "PyTorch state dict, before 1.6", 15, 63),
      ("pytorch/CLIP_after_GenFT.pth", "PyTorch module", 26, 1424),
      ("pytorch/traced.pt", "TorchScript module", 22, 1347), ("pytorch/zip64.pt", "PyTorch state dict", 2, 9),
      ("pytorch/sharded", "PyTorch state dict folder", 3, 20),
    ])
  func formats(name: String, format: String, tensors: Int, numbers: Int) throws {
    let facts = try facts(name)

    #expect(facts["format"] as? String == format)
    #expect((facts["tensors"] as? [Any])?.count == tensors)
    #expect(facts["parameters"] as? Int == numbers)
    #expect(facts["missing"] == nil)
  }

  @Test("Types, shapes, bytes, files and remarks are in the JSON")
  func json() throws {
    let views = try facts("pytorch/views.pt")
    let wrapped = try facts("pytorch/wrapped.pt")
    let sharded = try facts("pytorch/sharded")

    let tensors = try #require(views["tensors"] as? [[String: Any]])
    let half = try #require(tensors.first { $0["name"] as? String == "transposed half" })
    #expect(half["dtype"] as? String == "F16" && half["shape"] as? [Int] == [6, 4])
    #expect(wrapped["bytes"] as? Int == 32)
    #expect((wrapped["metadata"] as? [String: String])?["epoch"] == "3")
    #expect((sharded["files"] as? [String])?.count == 2)
  }

  @Test("People get the same in words, without the control characters of a file")
  func words() throws {
    let wrapped = try diva(["inspect", Self.path("pytorch/wrapped.pt")]).output
    let script = try diva(["inspect", Self.path("pytorch/scripted.pt")]).output

    #expect(wrapped.contains("2 tensors, 8 numbers, 32 bytes: 2 F32\n"))
    #expect(wrapped.contains("name: l14 [2Jfull\n") && !wrapped.contains("\u{1B}"))
    #expect(script.contains("TorchScript module, CLIP, OpenAI's or open_clip's names\n"))
    #expect(script.contains("visual.transformer.resblocks.1.attn.in_proj_weight"))
  }

  @Test("Training data is read and counted: a folder, a list, several files")
  func trainingData() throws {
    try withFolder { folder in
      for number in 0..<3 {
        let image = Image(width: 6, height: 4, pixels: Array(repeating: UInt8(number % 2), count: 72))
        try image.writePNG(to: URL(filePath: "\(folder)/\(number).png"))
      }
      for words in [[folder], ["\(folder)/{0..2}.png"], (0..<3).map { "\(folder)/\($0).png" }] {
        let facts = try #require(try diva(["inspect"] + words + ["--json"]).objects().first)
        #expect(facts["images"] as? Int == 3 && facts["distinct"] as? Int == 2 && facts["samples"] as? Int == 3)
      }
      let text = try diva(["inspect", folder]).output
      #expect(text.contains("3 samples, 3 images: 2 distinct, 1 duplicate\n3 PNG; "))
      try Data("<html>".utf8).write(to: URL(filePath: folder + "/bad.tar"))
      #expect(
        try diva(["inspect", folder]).output.contains(
          "1 shard: 0 good, 1 bad\n  cannot read \(folder)/bad.tar: it is a web page"))
      #expect(status(["inspect", folder + "/bad.tar"]) == 1)
      #expect(complaint(["inspect", "pipe:cat x.tar"])?.contains("it is a command, and nothing is executed") == true)
    }
  }

  @Test("Hostile and damaged files end in one clear line and status 1")
  func hostile() throws {
    let data = try Data(contentsOf: URL(filePath: Self.path("pytorch_cases.json")))
    let cases = try #require((JSONSerialization.jsonObject(with: data) as? [String: Any])?["cases"] as? [[String: Any]])
    let complaints = [
      "calls os.system": "its pickle uses os.system", "names without end": "it repeats itself",
      "a cut zip": "no table of contents", "control characters in a name": "reaches beyond its storage",
      "a bare pickle": "a bare Python pickle",
    ]
    try withFolder { folder in
      for (name, reason) in complaints {
        let content = try #require(cases.first { $0["name"] as? String == name }?["file"] as? String)
        let path = folder + "/model.pt"
        try #require(Data(base64Encoded: content)).write(to: URL(filePath: path))

        let line = try #require(complaint(["inspect", path]))

        #expect(line.contains(path) && line.contains(reason) && !line.contains("\n") && !line.contains("\u{1B}"))
        #expect(status(["inspect", path]) == 1)
      }
    }
  }
}
