import Foundation
import Testing

@testable import Engine
@testable import Recap

/// What hostile files of weights and configurations did before, each as small as it can be.
struct WeightsFindings {
  /// A pickle of protocol 2 in an archive, read as a model.
  private func refusal(ofPickle program: [UInt8]) -> String {
    do {
      _ = try PickledModel(PickleMachine.read([PickleCode.proto, 2] + program + [PickleCode.stop]).pickle)
      return ""
    } catch {
      return error.reason
    }
  }

  private func global(_ module: String, _ name: String) -> [UInt8] {
    [PickleCode.global] + Array("\(module)\n\(name)\n".utf8)
  }

  @Test("four bytes of pickle cannot copy a list of any length, again and again")
  func copiedList() {
    // A list of 200 000 values as the argument of `set`, then the call for ever: 100 bytes of memory a byte of file.
    var program: [UInt8] = [PickleCode.emptyList, PickleCode.mark]
    program += Array(repeating: PickleCode.none, count: 200_000) + [PickleCode.appends, PickleCode.tuple1]
    program += [PickleCode.binPut, 0, PickleCode.pop] + global("builtins", "set") + [PickleCode.binPut, 1]
    for _ in 0..<1000 { program += [PickleCode.binGet, 1, PickleCode.binGet, 0, PickleCode.reduce, PickleCode.pop] }

    #expect(refusal(ofPickle: program).contains("more values than any model"))
  }

  @Test("a tensor has at most 64 axes, so that its sizes cannot fill the memory")
  func manyAxes() {
    var program: [UInt8] = [PickleCode.emptyList, PickleCode.mark]
    for _ in 0..<65 { program += [PickleCode.binInt1, 1] }
    program += [PickleCode.appends, PickleCode.binPut, 0, PickleCode.pop]
    let storage: [UInt8] =
      [PickleCode.mark, PickleCode.shortBinUnicode, 7] + Array("storage".utf8) + global("torch", "FloatStorage")
      + [PickleCode.shortBinUnicode, 1, UInt8(ascii: "0"), PickleCode.none, PickleCode.binInt1, 1, PickleCode.tuple]
    program += global("torch._utils", "_rebuild_tensor_v2") + [PickleCode.mark] + storage
    program += [PickleCode.binPersistentID, PickleCode.binInt1, 0, PickleCode.binGet, 0, PickleCode.binGet, 0]
    program += [PickleCode.tuple, PickleCode.reduce]

    #expect(refusal(ofPickle: program).contains("with the wrong arguments"))
  }

  @Test(
    "a configuration cannot ask for the outline of a million layers",
    arguments: [
      #"{"_class_name": "UNet2DConditionModel", "transformer_layers_per_block": 1000000}"#,
      #"{"_class_name": "UNet2DConditionModel", "layers_per_block": [2, 2, 1000000, 2]}"#,
    ])
  func manyLayers(json: String) throws {
    let fields = ConfigurationFields(try JSON(parsing: Array(json.utf8), file: "config.json"), file: "config.json")

    #expect(throws: Problem.self) { try UNet2DConfig(fields) }
  }

  @Test("a configuration cannot ask for a million levels")
  func manyLevels() throws {
    for type in ["UNet2DConditionModel", "AutoencoderKL"] {
      let json: JSON = [
        "_class_name": .string(type), "block_out_channels": .array(Array(repeating: 64, count: 1000)),
        "down_block_types": .array(Array(repeating: "DownEncoderBlock2D", count: 1000)),
        "up_block_types": .array(Array(repeating: "UpDecoderBlock2D", count: 1000)),
      ]
      let fields = ConfigurationFields(json, file: "config.json")
      #expect(throws: Problem.self) { try UNet2DConfig(fields) }
      #expect(throws: Problem.self) { try AutoencoderConfig(fields) }
    }
  }

  /// A CLIP of one layer whose tensors repeat one number, so that the file may be small and its shapes large.
  private struct Claims: TensorSource {
    var shapes: [String: [Int]] = [
      "visual.class_embedding": [64], "visual.conv1.weight": [64, 3, 8, 8], "visual.positional_embedding": [17, 64],
      "visual.transformer.resblocks.0.ln_1.weight": [64], "visual.transformer.resblocks.0.mlp.c_fc.weight": [256, 64],
      "visual.proj": [64, 32], "token_embedding.weight": [100, 64], "positional_embedding": [77, 64],
      "transformer.resblocks.0.ln_1.weight": [64], "transformer.resblocks.0.mlp.c_fc.weight": [256, 64],
    ]
    var tensorNames: [String] { shapes.keys.sorted() }
    func tensor(named name: String) throws -> Tensor? { shapes[name].map { Tensor(zeros: Shape($0)) } }
    func description(of name: String) -> TensorDescription? {
      shapes[name].map { TensorDescription(type: .f32, dims: $0) }
    }
  }

  @Test(
    "weights cannot claim to look at pictures of a billion pixels a side, or to read texts of one token",
    arguments: [
      ("visual.conv1.weight", [64, 3, 100_000, 100_000], "400000 pixels a side"),
      ("positional_embedding", [1, 64], "takes 1 token"),
    ])
  func claimedSizes(key: String, shape: [Int], reason: String) throws {
    var claims = Claims()
    #expect(try CLIPWeights(claims, name: "sound").shapes.grid == 4)

    claims.shapes[key] = shape
    let problem = #expect(throws: Problem.self) { try CLIPWeights(claims, name: "claims") }
    #expect(problem?.message.contains(reason) == true)
  }

  @Test("a header cannot describe millions of tensors, or one of a million axes")
  func endlessHeader() throws {
    let empty: JSON = ["dtype": "F32", "shape": [0], "data_offsets": [0, 0]]
    let many = JSON.object((0...SafetensorsHeader.mostTensors).map { JSON.Member("\($0)", empty) })
    let long: JSON = ["x": ["dtype": "F32", "shape": .array(Array(repeating: 0, count: 65)), "data_offsets": [0, 0]]]
    for (json, reason) in [(many, "it would hold 200001 tensors"), (long, "x has no shape")] {
      let header = Array(json.compact.utf8)
      let file = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header
      let problem = #expect(throws: Problem.self) {
        try file.withUnsafeBytes { try SafetensorsHeader($0, name: "endless.safetensors") }
      }
      #expect(problem?.message.contains(reason) == true)
    }
  }

  @Test("names, types and shapes from a header are shown on one line, cut short and without control characters")
  func longNames() throws {
    let name = "\u{1B}[31mred\nline \u{202E}" + String(repeating: "x", count: 5000)
    let sizes = Array(repeating: JSON.integer(1 << 40), count: 64)
    let entry: JSON = ["dtype": "F32", "shape": .array(sizes), "data_offsets": [0, 3]]
    let header = Array(JSON.object([JSON.Member(name, entry)]).compact.utf8)
    let file = withUnsafeBytes(of: UInt64(header.count).littleEndian, Array.init) + header + [0, 0, 0]

    let problem = #expect(throws: Problem.self) {
      try file.withUnsafeBytes { try SafetensorsHeader($0, name: "lying.safetensors") }
    }
    let text = try #require(problem).description
    #expect(text.count < 600 && text.split(separator: "\n").count == 2 && !text.contains("\u{1B}"))
  }

  @Test("a character's replacement has an end, whatever SentencePiece's table says")
  func endlessReplacement() throws {
    // One leaf for "a" that points to the first of a million letters without an end.
    var units = [UInt32](repeating: 0, count: 256)
    units[0] = 0
    units[Int(UInt8(ascii: "a"))] = UInt32(UInt8(ascii: "a")) | 1 << 8 | UInt32(200) << 10
    units[Int(UInt8(ascii: "a")) ^ 200] = 0x8000_0000
    let trie = units.flatMap { unit in withUnsafeBytes(of: unit.littleEndian, Array.init) }
    let size = withUnsafeBytes(of: UInt32(trie.count).littleEndian, Array.init)
    let map = try CharacterMap((size + trie + Array(repeating: UInt8(ascii: "b"), count: 1_000_000))[...])

    #expect(map.longestMatch(Array("a".utf8)[...])?.replacement.count == 256)
  }
}
