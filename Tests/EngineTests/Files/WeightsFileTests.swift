import Foundation
import Testing

@testable import Engine

/// One door for all formats: told by contents, whatever the name.
struct WeightsFileTests {
  private static func fixture(_ name: String) -> String { Reference.path("pytorch/\(name)") }

  private func message(_ body: () throws -> Void) -> String {
    do {
      try body()
      return "no complaint"
    } catch {
      return (error as? Problem)?.description ?? "not a Problem: \(error)"
    }
  }

  private func copy(_ from: String, _ to: String) throws {
    try FileManager.default.copyItem(atPath: from, toPath: to)
  }

  @Test(
    "the format is told by the contents and not by the name",
    arguments: [
      ("safetensors_types.safetensors", "safetensors"), ("pytorch/types.pt", "PyTorch state dict"),
      ("pytorch/CLIP_after_GenFT.pth", "PyTorch module"), ("pytorch/traced.pt", "TorchScript module"),
      ("pytorch/legacy.bin", "PyTorch state dict, before 1.6"),
      ("pytorch/legacy-module.pth", "PyTorch module, before 1.6"),
    ])
  func formats(name: String, format: String) throws {
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/model.txt"
      try copy(Reference.path(name), path)

      let file = try WeightsFile(path)

      #expect(file.format == format)
      #expect(file.files == [path])
      let names = file.tensorNames
      #expect(!names.isEmpty && names.allSatisfy { file.description(of: $0) != nil })
    }
  }

  @Test(
    "a folder opens by whichever weights file is in it",
    arguments: [
      ("pytorch_model.bin", "types.pt"), ("pytorch_model.bin", "legacy.bin"),
      ("open_clip_pytorch_model.bin", "types.pt"), ("diffusion_pytorch_model.bin", "types.pt"),
      ("diffusion_pytorch_model.fp16.bin", "types.pt"), ("open_clip_model.safetensors", "expected.safetensors"),
      ("model.fp16.safetensors", "expected.safetensors"),
      ("diffusion_pytorch_model.fp16.safetensors", "expected.safetensors"),
    ])
  func folders(name: String, fixture: String) throws {
    try Reference.withTemporaryFolder { folder in
      try copy(Self.fixture(fixture), folder + "/" + name)

      let file = try WeightsFile(folder)

      #expect(file.path == folder && file.files == [folder + "/" + name])
      #expect(
        try WeightsFolder(folder).weights().tensorNames == (try WeightsFile(Self.fixture(fixture))).tensorNames)
    }
  }

  @Test("of several formats in one folder safetensors is taken")
  func preference() throws {
    try Reference.withTemporaryFolder { folder in
      try copy(Self.fixture("types.pt"), folder + "/pytorch_model.bin")
      try copy(Self.fixture("expected.safetensors"), folder + "/model.safetensors")

      #expect(try WeightsFile(folder).format == "safetensors")
    }
  }

  @Test("shards are read through their index as one")
  func shards() throws {
    let all = try SafetensorsFile(Self.fixture("expected.safetensors"))

    let file = try WeightsFile(Self.fixture("sharded"))

    #expect(file.format == "PyTorch state dict" && file.files.count == 2)
    #expect(file.tensorNames.count == 3)
    for name in file.tensorNames {
      let (ours, theirs) = (try file.tensor(named: name), try all.tensor(named: "sharded/\(name)"))
      #expect(try #require(ours).values == (try #require(theirs)).values)
      #expect(file.description(of: name) == all.description(of: "sharded/\(name)"))
    }
  }

  @Test("shards of safetensors and diffusers' two spellings of an index for half precision are found")
  func safetensorsShards() throws {
    for index in [
      "model.safetensors.index.json", "model.fp16.safetensors.index.json",
      "diffusion_pytorch_model.safetensors.index.fp16.json", "diffusion_pytorch_model.safetensors.index.json",
    ] {
      try Reference.withTemporaryFolder { folder in
        try SafetensorsWriter([.floats("v", Tensor([2], shape: [1]))]).write(to: folder + "/1.safetensors")
        try SafetensorsWriter([.floats("w", Tensor([3], shape: [1]))]).write(to: folder + "/2.safetensors")
        let map = Data("{\"weight_map\": {\"v\": \"1.safetensors\", \"w\": \"2.safetensors\"}}".utf8)
        try map.write(to: URL(filePath: folder + "/" + index))

        let file = try WeightsFile(folder)

        #expect(file.format == "safetensors" && file.files.count == 2)
        #expect(try file.tensor(named: "w")?.item == 3)
      }
    }
  }

  @Test("missing shards are named before anything is read")
  func missingShards() throws {
    try Reference.withTemporaryFolder { folder in
      for name in ["pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin"] {
        try copy(Self.fixture("sharded/\(name)"), folder + "/" + name)
      }

      let told = message { _ = try WeightsFile(folder) }

      #expect(told.hasPrefix("cannot open \(folder): 1 of its 2 weights files are missing: "))
      #expect(told.contains("pytorch_model-00002-of-00002.bin"))
    }
  }

  @Test(
    "files that are taken for weights are named for what they are",
    arguments: [
      ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1710540580\n", "a Git LFS pointer"),
      ("\n<!DOCTYPE html><html>", "a web page"), ("\u{89}HDF\r\n", "an HDF5 file"),
      ("\u{1F}\u{8B}\u{8}", "gzip-compressed"), ("\u{80}\u{4}\u{95}", "a bare Python pickle"),
      (String(repeating: "a", count: 257) + "ustar", "a tar archive"), ("hello, world", "a text, not weights"),
      ("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code>", "XML"), ("{\"weight_map\": {}}", "JSON, not weights"),
      ("\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}", "its header would be"),
      ("", "it has 0 bytes"),
    ])
  func otherFiles(start: String, kind: String) throws {
    try Reference.withTemporaryFolder { folder in
      let path = folder + "/model.safetensors"
      try Data(start.unicodeScalars.map { UInt8($0.value) }).write(to: URL(filePath: path))

      let told = message { _ = try WeightsFile(path) }

      #expect(told.contains("cannot read \(path)") && told.contains(kind))
    }
  }

  @Test("a folder of several models, an empty one and none are told apart")
  func noWeights() throws {
    try Reference.withTemporaryFolder { folder in
      #expect(message { _ = try WeightsFile(folder) }.contains("it holds no weights"))
      #expect(message { _ = try WeightsFile(folder + "/no") }.contains("there is no such file or folder"))
      try Data("{}".utf8).write(to: URL(filePath: folder + "/model_index.json"))
      #expect(message { _ = try WeightsFile(folder) }.contains("it is a diffusers pipeline of several models"))
    }
  }

  @Test("a folder with one file of weights of any name is that file, one with several is refused")
  func onlyFile() throws {
    try Reference.withTemporaryFolder { folder in
      try SafetensorsWriter([.floats("a", Tensor([1, 2], shape: [2]))]).write(to: folder + "/one.safetensors")
      try Data("notes".utf8).write(to: URL(filePath: folder + "/notes.txt"))
      let opened = try WeightsFile(folder)
      #expect(opened.tensorNames == ["a"] && opened.path == folder && opened.files == [folder + "/one.safetensors"])

      try SafetensorsWriter([.floats("b", Tensor([1, 2], shape: [2]))]).write(to: folder + "/two.pth")
      #expect(message { _ = try WeightsFile(folder) }.contains("it holds 2 files of weights"))
      try SafetensorsWriter([.floats("c", Tensor([1, 2], shape: [2]))]).write(to: folder + "/model.safetensors")
      #expect(try WeightsFile(folder).tensorNames == ["c"])
    }
  }

  @Test("a named pipe does not make the reader wait")
  func pipe() throws {
    try Reference.withTemporaryFolder { folder in
      #expect(mkfifo(folder + "/pipe", 0o600) == 0)

      #expect(message { _ = try WeightsFile(folder + "/pipe") }.contains("it is not a file"))
    }
  }
}
