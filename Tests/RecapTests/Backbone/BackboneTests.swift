import Engine
import Foundation
import Testing

@testable import Recap

/// Against open_clip's models on PyTorch's meta device; Tests/Reference/outlines.py wrote the fixture.
struct BackboneTests {
  private static let published = Backbone.Name.allCases.filter { Backbone($0).config != nil }

  private static let outlines = Result { () throws -> JSON in
    let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Fixtures/outlines.json")
    return try JSON(parsing: [UInt8](Data(contentsOf: file)), file: "outlines.json")
  }

  private func layout(_ name: Backbone.Name) -> KeyLayout {
    Backbone(name).config?.family == .siglip ? .timm : .openCLIP
  }

  private func outline(_ name: Backbone.Name) throws -> OutlineSource {
    let clip = try CLIP(#require(Backbone(name).config), from: .outline())
    return OutlineSource(shapes: Dictionary(uniqueKeysWithValues: layout(name).outline(clip.parameters)))
  }

  @Test("every backbone has open_clip's names and shapes", arguments: published)
  func shapes(name: Backbone.Name) throws {
    let expected = try #require(try BackboneTests.outlines.get()[name.rawValue])
    let lines = try outline(name).shapes.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
      .map { "\($0.key) \($0.value.dims)\n" }

    // FNV-1a, 64 bits.
    let hash = lines.joined().utf8.reduce(UInt64(14_695_981_039_346_656_037)) {
      ($0 ^ UInt64($1)) &* 1_099_511_628_211
    }

    #expect(lines.count == expected["tensors"]?.integer)
    #expect(String(hash, radix: 16) == expected["hash"]?.text?.drop { $0 == "0" }.description)
  }

  @Test("the shapes of its file tell a backbone's whole configuration", arguments: published)
  func detection(name: Backbone.Name) throws {
    let checkpoint = try CLIPCheckpoint(outline(name), name: "weights")

    #expect(try checkpoint.config() == Backbone(name).config)
    #expect(checkpoint.shapes == Backbone(name).config?.shapes)
  }

  @Test(
    "weights that look alike are told apart by their path, and go to the first maker otherwise",
    arguments: [
      ("ViT-L-14.pt", Backbone.Name.openAIL14, Backbone.Name.openAIL14),
      ("l14_fullcc2.5b.pt", .metaL14, .metaL14), ("models/MetaCLIP-ViT-L-14.pth", .openAIL14, .metaL14),
      ("DFN5B-CLIP-ViT-H-14/open_clip_model.safetensors", .metaH14, .dfnH14), ("weights.bin", .dfnH14, .metaH14),
      ("weights.bin", .dfnH14At378, .dfnH14At378), ("a.safetensors", .siglip224, .siglip224),
      ("a.safetensors", .siglip384, .siglip384), ("a.safetensors", .openAIL14At336, .openAIL14At336),
    ])
  func recognition(path: String, shaped: Backbone.Name, name: Backbone.Name) throws {
    let checkpoint = try CLIPCheckpoint(outline(shaped), name: path)

    #expect(Backbone.recognized(checkpoint.shapes, path: path).name == name)
  }

  @Test("a backbone that a file is not is refused with both sizes")
  func mismatch() throws {
    let shapes = try CLIPCheckpoint(outline(.openAIB32), name: "ViT-B-32.pt").shapes

    let problem = try #require(throws: Problem.self) { try Backbone(.siglip384).require(shapes, "ViT-B-32.pt") }

    #expect(
      problem.message
        == "ViT-B-32.pt is not siglip-so400m-384: it has 12 layers of 768 over 7×7 patches of 32, 12 text layers of 512 "
        + "over 77 tokens, projected to 512, expected SigLIP, 27 layers of 1152 over 27×27 patches of 14, 27 text layers "
        + "of 1152 over 64 tokens, projected to 1152")
  }

  @Test(
    "as many tokens are told as the reference tells, and as the paper says",
    arguments: [
      (Backbone.Name.openAIL14, 77, 39), (.openAIL14At336, 77, 174), (.metaL14, 257, 257), (.metaH14, 257, 257),
      (.dfnH14, 257, 257), (.dfnH14At378, 365, 366), (.siglip224, 43, 43), (.siglip384, 73, 73),
    ])
  func told(name: Backbone.Name, reference: Int, paper: Int) throws {
    let backbone = Backbone(name)
    let patches = try #require(backbone.config).vision.patches

    #expect(DensityChoice.reference.density(for: backbone).tokenCount(patches: patches) == reference)
    #expect(try DensityChoice(parsing: "paper").density(for: backbone).tokenCount(patches: patches) == paper)
  }

  @Test("only OpenAI's CLIPs meet the prompt token by token, and only SigLIP squashes pictures")
  func families() {
    for name in BackboneTests.published {
      let backbone = Backbone(name)
      #expect((backbone.joining == .tokenByToken) == name.rawValue.hasPrefix("openai"), "\(name)")
      #expect((backbone.preprocessing?.fit == .squash) == name.rawValue.hasPrefix("siglip"), "\(name)")
      #expect(backbone.preprocessing?.side == backbone.config?.vision.imageSize, "\(name)")
    }
  }
}

/// A file of which only names and shapes are known.
struct OutlineSource: TensorSource {
  let shapes: [String: Shape]

  var tensorNames: [String] { shapes.keys.sorted() }

  func tensor(named name: String) throws -> Tensor? { throw Problem("\(name) has a shape only") }

  func shape(of name: String) -> Shape? { shapes[name] }
}
