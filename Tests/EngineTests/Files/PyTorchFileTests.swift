import Foundation
import Testing

@testable import Engine

/// Against PyTorch; Tests/Reference/pytorch_files.py wrote the files and what PyTorch read back from them.
struct PyTorchFileTests {
  /// Every file with what it is.
  static let files: [(name: String, kind: PyTorchFile.Kind)] = [
    ("types.pt", .stateDict), ("protocol-3.pt", .stateDict), ("protocol-4.pt", .stateDict),
    ("protocol-5.pt", .stateDict), ("views.pt", .stateDict), ("legacy.bin", .legacyStateDict),
    ("legacy-views.bin", .legacyStateDict), ("wrapped.pt", .stateDict), ("nested.pt", .stateDict),
    ("CLIP_after_GenFT.pth", .module), ("legacy-module.pth", .legacyModule), ("traced.pt", .torchScript),
    ("scripted.pt", .torchScript), ("zip64.pt", .stateDict),
  ]

  private static func path(_ name: String) -> String { Reference.path("pytorch/\(name)") }

  /// What PyTorch read from the file, by name.
  private static func expected(_ file: String, in all: SafetensorsFile) -> [String] {
    all.tensorNames.filter { $0.hasPrefix(file + "/") }.map { String($0.dropFirst(file.count + 1)) }
  }

  @Test("every number of every file is the one that PyTorch reads", arguments: files)
  func values(name: String, kind: PyTorchFile.Kind) throws {
    let all = try SafetensorsFile(Self.path("expected.safetensors"))
    let names = Self.expected(name, in: all)
    #expect(!names.isEmpty)

    let file = try PyTorchFile(Self.path(name))

    #expect(file.kind == kind)
    #expect(Set(file.tensorNames) == Set(names) && file.tensorNames.count == names.count)
    for tensor in names {
      let key = "\(name)/\(tensor)"
      #expect(file.description(of: tensor) == all.description(of: key), "\(key)")
      let (ours, theirs) = (try file.stored(named: tensor), try all.stored(named: key))
      #expect(
        try #require(ours).withUnsafeBytes(Array.init) == (try #require(theirs).withUnsafeBytes(Array.init)), "\(key)")
    }
  }

  @Test(
    "the floats of a file become the Float32 that PyTorch makes of them",
    arguments: ["types.pt", "views.pt", "legacy.bin"])
  func floats(name: String) throws {
    let all = try SafetensorsFile(Self.path("expected.safetensors"))
    let file = try PyTorchFile(Self.path(name))
    let floats = file.tensorNames.filter { file.description(of: $0)?.type.isReadableFloat == true }
    #expect(floats.count >= 4)

    for tensor in floats {
      let ours = try #require(try file.tensor(named: tensor))
      let theirs = try #require(try all.tensor(named: "\(name)/\(tensor)"))
      #expect(
        ours.shape == theirs.shape && ours.values.map(\.bitPattern) == theirs.values.map(\.bitPattern), "\(tensor)")
    }
    #expect(try file.tensor(named: "no such tensor") == nil)
  }

  @Test("whole numbers are read as such, and refused as weights")
  func integers() throws {
    let file = try PyTorchFile(Self.path("types.pt"))

    #expect(try file.integers(named: "text_model.embeddings.position_ids") == [0, 1, 2, 3, 4, 5, 6])
    #expect(try file.integers(named: "i64") == [-(1 << 62), 7])
    #expect(try file.integers(named: "bool") == [1, 0])
    let refusal = try #require(throws: Problem.self) { try file.tensor(named: "i64") }
    #expect(refusal.message.hasSuffix("it is stored as I64"))
  }

  @Test("types that only newer PyTorch has are read")
  func exotic() throws {
    let file = try PyTorchFile(Self.path("exotic.pt"))

    #expect(file.description(of: "scale") == TensorDescription(type: .f8E4M3, dims: [4]))
    #expect(file.description(of: "steps") == TensorDescription(type: .u16, dims: [2]))
    #expect(try file.integers(named: "steps") == [1, 65535])
    #expect(try file.tensor(named: "scale")?.values == [-0.5, -0.5625, -0.21875, -1.125])
  }

  @Test("the names are in PyTorch's order")
  func order() throws {
    let file = try PyTorchFile(Self.path("types.pt"))
    let module = try PyTorchFile(Self.path("CLIP_after_GenFT.pth"))

    #expect(file.tensorNames.prefix(4) == ["f32", "f16", "bf16", "f64"])
    #expect(
      module.tensorNames.prefix(2) == ["class_model.model.logit_scale", "class_model.model.input_resolution"])
    #expect(module.tensorNames.last == "tied.bias")
  }

  @Test("what stands beside the weights is told, without control characters")
  func metadata() throws {
    let wrapped = try PyTorchFile(Self.path("wrapped.pt"))
    let module = try PyTorchFile(Self.path("CLIP_after_GenFT.pth"))

    #expect(
      wrapped.metadata == [
        "wrapped in": "state_dict", "epoch": "3", "name": "l14 [2Jfull", "loss": "0.25", "done": "false",
      ])
    #expect(wrapped.tensorNames == ["module.weight", "module.bias"])
    #expect(module.metadata == ["class": "__main__.TinyDIVA"])
  }

  @Test("a dense tensor is handed out where it lies in the file, and a view as a copy in its order")
  func mapped() throws {
    let file = try PyTorchFile(Self.path("views.pt"))
    let whole = try #require(try file.stored(named: "whole"))
    let rows = try #require(try file.stored(named: "rows"))
    let transposed = try #require(try file.stored(named: "transposed"))

    whole.withUnsafeBytes { whole in
      rows.withUnsafeBytes { rows in
        #expect(rows.baseAddress == whole.baseAddress.map { $0 + 2 * 8 * 4 })
      }
      transposed.withUnsafeBytes { transposed in
        #expect(transposed.baseAddress != whole.baseAddress)
        #expect(
          transposed.loadUnaligned(fromByteOffset: 4, as: Float.self)
            == whole.loadUnaligned(fromByteOffset: 32, as: Float.self))
      }
    }
  }
}
