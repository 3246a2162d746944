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
    let weights = try CLIPWeights(outline(name), name: "weights")

    #expect(try weights.config() == Backbone(name).config)
    #expect(weights.shapes == Backbone(name).config?.shapes)
  }

  @Test(
    "weights that look alike are told apart by the first name that names a maker, and go to the first maker otherwise",
    arguments: [
      (["ViT-L-14.pt", "models"], Backbone.Name.openAIL14, Backbone.Name.openAIL14, nil),
      (["l14_fullcc2.5b.pt"], .metaL14, .metaL14, 0), (["MetaCLIP-ViT-L-14.pth", "openai"], .openAIL14, .metaL14, 0),
      (["open_clip_model.safetensors", "DFN5B-CLIP-ViT-H-14"], .metaH14, .dfnH14, 1),
      (["weights.bin"], .dfnH14, .metaH14, nil),
      (["weights.bin", "metaclip"], .dfnH14At378, .dfnH14At378, nil), (["a.safetensors"], .siglip224, .siglip224, nil),
      (["a.safetensors"], .siglip384, .siglip384, nil), (["a.safetensors"], .openAIL14At336, .openAIL14At336, nil),
    ] as [([String], Backbone.Name, Backbone.Name, Int?)])
  func recognition(names: [String], shaped: Backbone.Name, name: Backbone.Name, place: Int?) throws {
    let weights = try CLIPWeights(outline(shaped), name: "weights")

    let recognized = Backbone.recognized(weights.shapes, names: names)

    #expect(recognized.backbone.name == name && recognized.by == place)
  }

  @Test("a backbone that a file is not is refused with both sizes")
  func mismatch() throws {
    let shapes = try CLIPWeights(outline(.openAIB32), name: "ViT-B-32.pt").shapes

    let problem = try #require(throws: Problem.self) { try Backbone(.siglip384).require(shapes, "ViT-B-32.pt") }

    #expect(
      problem.message
        == "ViT-B-32.pt is not siglip-so400m-384: it has 12 layers of 768 over 7×7 patches of 32, 12 text layers of 512 "
        + "over 77 tokens, projected to 512, expected SigLIP, 27 layers of 1152 over 27×27 patches of 14, 27 text layers "
        + "of 1152 over 64 tokens, projected to 1152")
  }

  /// What the reference's code tells of an image, and what the paper says: names of densities and numbers of tokens.
  struct Condition: Sendable {
    let name: Backbone.Name
    let patches: Int
    let reference: String, tokens: Int
    let paper: String, paperTokens: Int
    var joining = PromptJoining.mean

    static let all = [
      Condition(
        name: .openAIL14, patches: 256, reference: "count:76", tokens: 77, paper: "0.15", paperTokens: 39,
        joining: .tokenByToken),
      Condition(
        name: .openAIL14At336, patches: 576, reference: "count:76", tokens: 77, paper: "0.3", paperTokens: 174,
        joining: .tokenByToken),
      Condition(name: .metaL14, patches: 256, reference: "all", tokens: 257, paper: "all", paperTokens: 257),
      Condition(name: .metaH14, patches: 256, reference: "all", tokens: 257, paper: "all", paperTokens: 257),
      Condition(name: .dfnH14, patches: 256, reference: "all", tokens: 257, paper: "all", paperTokens: 257),
      Condition(
        name: .dfnH14At378, patches: 729, reference: "count:364", tokens: 365, paper: "count:364", paperTokens: 365),
      Condition(name: .siglip224, patches: 256, reference: "pool:6", tokens: 43, paper: "pool:6", paperTokens: 43),
      Condition(name: .siglip384, patches: 729, reference: "pool:10", tokens: 73, paper: "pool:10", paperTokens: 73),
    ]
  }

  @Test("is told as the reference tells it, as the paper says, and joined with the prompt", arguments: Condition.all)
  func told(it: Condition) throws {
    let backbone = Backbone(it.name)
    let reference = try DensityChoice(parsing: "reference").density(for: backbone)
    let paper = try DensityChoice(parsing: "paper").density(for: backbone)

    #expect(backbone.config?.vision.patches == it.patches)
    try #expect(reference == RecapDensity(parsing: it.reference))
    try #expect(paper == RecapDensity(parsing: it.paper))
    #expect(reference.tokenCount(patches: it.patches) == it.tokens)
    #expect(paper.tokenCount(patches: it.patches) == it.paperTokens)
    #expect(backbone.joining == it.joining)
    // Token by token needs as many told tokens as the prompt has.
    #expect(it.joining == .mean || it.tokens == 77)
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
